"""The log of one run: what reaches the writer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tb_stability.report import RunReport, Steps, Verdict
from tb_stability.runs import load
from tb_stability.series import ACTIVATION_MEASURES, HISTOGRAM_BINS, Activation, Layout, StepValues, Variable
from tb_stability.storage.run_store import RunStore
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.record_file import RecordFile, open_local_records


class Samples(EventFileWriter):
    """Remembers at which steps a sample was written."""

    histograms: list[int]
    activations: list[int]

    def write_histograms(self, step: int, counts: npt.NDArray[np.uint16]) -> None:
        self.histograms.append(step)

    def write_activations(self, step: int, measures: npt.NDArray[np.float32]) -> None:
        self.activations.append(step)


@pytest.mark.parametrize(
    ("variables", "stored"),
    [
        pytest.param(1, [*range(16), *range(17, 40, 2)], id="small"),
        pytest.param(1000, [0, 1, 2, 3, 5, 7, 9, 11, 15, 19, 23, 27, 35], id="large"),
    ],
)
def test_fewer_histograms_are_stored_of_a_large_model(
    tmp_path: Path, variables: int, stored: list[int]
) -> None:
    layout = Layout(
        tuple(Variable(f"v{i}", f"v{i}", "kernel", (1,)) for i in range(variables)),
        activations=(Activation("a", "relu", 1),),
    )
    writer = Samples(str(tmp_path))
    writer.histograms, writer.activations = [], []
    store = RunStore(lambda: writer)
    store.change_columns(layout, ("loss",))
    counts = np.zeros((variables, HISTOGRAM_BINS), np.uint16)
    shares = {measure: np.float32([0.5]) for measure in ACTIVATION_MEASURES}
    for step in range(40):
        store.add(step, StepValues({"loss": 1.0}, activations=shares, histograms=counts), ())
    store.write()
    assert writer.histograms == stored
    assert writer.activations == list(range(40))
    store.close()


def test_steps_that_could_not_be_written_are_not_counted(tmp_path: Path) -> None:
    class Full(EventFileWriter):
        is_full = True

        def write_scalars(self, step: int, values: object) -> None:
            """Not needed here."""

        def write_layout(self, *arguments: object) -> None:
            if Full.is_full:
                raise OSError(28, "No space left on device")
            super().write_layout(*arguments)  # type: ignore[arg-type]

    store = RunStore(lambda: Full(str(tmp_path)))
    store.change_columns(Layout(), ("loss",))
    for step in range(5):
        store.add(step, StepValues({"loss": 1.0}), ())
    with pytest.raises(OSError, match="No space"):
        store.write()
    Full.is_full = False
    for step in range(5, 8):
        store.add(step, StepValues({"loss": 1.0}), ())
    store.write()
    assert store.recorded == 3
    store.close()


class Disk:
    """Event files on a disk that is full at times; a record is cut in the middle then."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.is_full, self.opened = folder, False, 0

    def open(self) -> EventFileWriter:
        def records(path: str) -> RecordFile:
            inner, disk = open_local_records(path), self

            class Records:
                def write(self, record: bytes, /) -> None:
                    inner.write(record)

                def flush(self) -> None:
                    inner.flush()
                    if disk.is_full:
                        Path(path).write_bytes(Path(path).read_bytes()[:-5])
                        raise OSError(28, "No space left on device")

                close = inner.close

            self.opened += 1
            return Records()

        return EventFileWriter(str(self.folder), open_records=records)


def test_a_disk_that_was_full_takes_a_new_file_which_can_be_read(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "run")
    store = RunStore(disk.open)
    report = RunReport(Steps(0, 29, 30, 30), (), Verdict("healthy", "a", "b", "c"), ())

    def record(first: int) -> None:
        for step in range(first, first + 10):
            store.add(step, StepValues({"loss": 1.0}), ())
        store.write()
        store.write_report(first + 9, report, state="running")

    record(0)
    disk.is_full = True
    with pytest.raises(OSError, match="No space left"):
        record(10)
    with pytest.raises(OSError, match="No space left"):
        record(20)
    assert store.recorded == 10
    disk.is_full = False
    record(30)
    assert store.recorded == 20
    store.close()
    (run,) = load(tmp_path)
    assert (run.report, run.problems) == (report, ())
    assert run.source.kept == 30  # the steps before the report that was cut got through
    files = list((tmp_path / "run" / "stability").iterdir())
    assert (disk.opened, len(files)) == (4, 2)  # two were empty
