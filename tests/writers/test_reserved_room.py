"""A disk that fills up: the last report gets out, into the room that was held for it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_stability.recorder import Recorder
from tb_stability.report import RunReport, Steps, Verdict
from tb_stability.runs import load
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.reserved_room import ReservedRoom
from tests.event_logs import LAYOUT, step_values

DISK_BYTES = 96 << 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs a small disk: this user may not mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # a test that failed may still use it


def record(recorder: Recorder, steps: range, *, loss: float | None = None) -> None:
    recorder.record([step_values(step, loss=loss) for step in steps], LAYOUT, first_step=steps.start)


def fill(folder: Path) -> None:
    """As a checkpoint does that is too large."""
    with (folder / "checkpoint").open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 1024)
            except OSError:
                return


def test_alarms_on_a_full_disk_can_be_read(small_disk: Path) -> None:
    recorder = Recorder(lambda: EventFileWriter(str(small_disk / "run")))
    record(recorder, range(60))
    recorder.flush()
    fill(small_disk)
    with pytest.warns(RuntimeWarning, match="could not write the log"):
        record(recorder, range(60, 70), loss=float("nan"))
    for first in range(70, 100, 10):  # later reports replace that one
        record(recorder, range(first, first + 10), loss=float("nan"))
        recorder.flush()
        (run,) = load(str(small_disk))
        assert recorder.windows
        assert run.windows == recorder.windows
        assert run.report.steps.last == first + 9
    assert len(list((small_disk / "run" / "stability").iterdir())) == 2
    recorder.close()
    (run,) = load(str(small_disk))
    assert run.report.verdict == recorder.verdict
    assert run.source.kept >= 60
    assert shutil.disk_usage(small_disk).free > DISK_BYTES // 3  # nothing is held any more


def test_a_later_report_replaces_the_one_before(tmp_path: Path) -> None:
    first = EventFileWriter(str(tmp_path / "run"))
    room = ReservedRoom(lambda: EventFileWriter(str(tmp_path / "run")))
    reports = [RunReport(Steps(0, n, n, n), (), Verdict("healthy", "a", "b", "c"), ()) for n in (1, 2)]
    room.write_report(0, reports[0], state="running")
    folder = Path(first.path).parent
    assert len(list(folder.iterdir())) == 1  # none is held yet
    room.hold(first.path)
    for report in reports:
        room.write_report(0, report, state="running")
        assert len(list(folder.iterdir())) == 2
    first.close()
    room.release()
    (run,) = load(str(tmp_path))
    assert run.report == reports[1]
