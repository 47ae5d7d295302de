"""`tb_stability.load`: runs in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import tb_stability
from tb_stability.runs import LogdirError
from tests.event_logs import DIVERGED, losses, write_run, write_scalars


def test_runs_have_windows_and_a_verdict(tmp_path: Path) -> None:
    report = write_run(tmp_path / "bad", losses=DIVERGED)
    write_run(tmp_path / "good")
    bad, good = tb_stability.load(tmp_path)
    assert (bad.name, bad.verdict, bad.windows) == ("bad", report.verdict, report.windows)
    assert (good.name, good.verdict.status, good.state) == ("good", "healthy", "ended")


def test_a_run_in_a_terminal_is_its_name_and_its_verdict(tmp_path: Path) -> None:
    report = write_run(tmp_path / "bad\x1b[31m", losses=DIVERGED)
    assert str(tb_stability.load(tmp_path)) == rf"[<run 'bad\x1b[31m', diverged: {report.verdict.text}>]"


def test_nothing_to_read_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogdirError, match="there is no event file"):
        tb_stability.load(tmp_path)


def test_nothing_of_a_long_log_is_dropped(tmp_path: Path) -> None:
    write_run(tmp_path / "ours", range(1500), block_steps=50)
    write_scalars(tmp_path / "theirs", "loss", losses(1500))
    sources = [
        (run.name, run.source.kept, run.source.of, run.source.sampled) for run in tb_stability.load(tmp_path)
    ]
    assert sources == [("ours", 1500, 1500, False), ("theirs", 1500, 1500, False)]
