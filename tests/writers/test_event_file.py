"""Event files: TensorBoard's own reader takes them, and they hold what `summary/README.md` says."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_SCALAR, DATA_CLASS_TENSOR
from tensorboard.util.tensor_util import make_ndarray

from tb_stability.series import Layout, StepValues, Variable
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import Row
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.record_file import OpenRecords, open_local_records
from tests.event_logs import LAYOUT, SCALARS, step_values, write_run


def tensorflow_records() -> OpenRecords:
    from tb_stability.writers.tensorflow import open_record_file

    return open_record_file


@pytest.fixture(params=["local", "tensorflow"])
def open_records(request: pytest.FixtureRequest) -> OpenRecords:
    return open_local_records if request.param == "local" else tensorflow_records()


def events_of(path: str) -> list[Event]:
    return list(LegacyEventFileLoader(path).Load())


def test_tensorboard_reads_what_was_written(tmp_path: Path, open_records: OpenRecords) -> None:
    writer = EventFileWriter(str(tmp_path), open_records=open_records)
    writer.write_layout(3, LAYOUT, SCALARS)
    writer.write_steps([3, 4], [step_values(3), step_values(4)], LAYOUT, SCALARS)
    writer.write_scalars(4, {"loss": math.nan, "grad_norm": np.float32(2), "update_ratio_max": 1e39})
    writer.close()
    version, layout, steps, scalars = events_of(writer.path)
    assert version.file_version == "brain.Event:2"
    assert [e.step for e in (layout, steps, scalars)] == [3, 3, 4]
    (block,) = steps.summary.value
    assert make_ndarray(block.tensor).shape == (2, 2 + 2 + 8 * 3 + 21)
    assert block.metadata.plugin_data.plugin_name == "stability"
    assert block.metadata.data_class == DATA_CLASS_TENSOR
    loss, grad_norm, ratio = scalars.summary.value
    assert (loss.tag, loss.metadata.data_class) == ("stability/loss", DATA_CLASS_SCALAR)
    assert math.isnan(make_ndarray(loss.tensor))
    assert make_ndarray(grad_norm.tensor) == 2
    assert make_ndarray(ratio.tensor) == math.inf  # as float32


def test_a_run_is_in_its_own_directory_and_every_writer_adds_a_file(tmp_path: Path) -> None:
    write_run(tmp_path, range(3))
    write_run(tmp_path, range(3))
    assert [p.name for p in tmp_path.iterdir()] == ["stability"]
    names = sorted(p.name for p in (tmp_path / "stability").iterdir())
    assert len(names) == 2
    assert all(".tfevents." in name for name in names)


def test_the_names_of_files_sort_by_time(tmp_path: Path) -> None:
    # Readers go by the name; a restart within a second must come last, whatever its process is called.
    code = (
        "import sys; from tb_stability.writers.event_file import *; print(EventFileWriter(sys.argv[1]).path)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    paths = [subprocess.check_output(command, text=True).strip() for _ in range(2)]
    paths += [EventFileWriter(str(tmp_path)).path for _ in range(12)]
    assert paths == sorted(paths)


def test_only_the_first_event_of_a_tag_describes_it(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path))
    for step in range(3):
        writer.write_scalars(step, {"loss": 1.0})
    writer.close()
    described = [v.HasField("metadata") for e in events_of(writer.path) for v in e.summary.value]
    assert described == [True, False, False]


def test_events_stay_below_their_limit_and_lose_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_stability.writers.event_file.MAX_BLOCK_BYTES", 50_000)
    writer = EventFileWriter(str(tmp_path))
    steps = list(range(500))
    writer.write_steps(steps, [step_values(s) for s in steps], LAYOUT, SCALARS)
    writer.close()
    blocks = events_of(writer.path)[1:]
    assert len(blocks) > 1
    assert 49_000 < max(e.ByteSize() for e in blocks) < 51_000
    got = [e.step + int(row[0]) for e in blocks for row in make_ndarray(e.summary.value[0].tensor)]
    assert got == steps


def test_a_row_that_is_larger_than_a_block_is_written_alone(tmp_path: Path) -> None:
    layout = Layout(tuple(Variable(f"v{i}", "layer", "kernel", (1,)) for i in range(20_000)))
    writer = EventFileWriter(str(tmp_path))
    writer.write_steps(
        [0, 1], [step_values(0, layout=layout), step_values(1, layout=layout)], layout, SCALARS
    )
    writer.close()
    assert [make_ndarray(e.summary.value[0].tensor).shape[0] for e in events_of(writer.path)[1:]] == [1, 1]


def test_steps_that_lie_far_apart_go_into_blocks_of_their_own(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path))
    steps = [0, 5, 2**24 + 1, 2**24 + 2]
    writer.write_steps(steps, [StepValues({"loss": 1.0})] * 4, Layout(), ("loss",))
    writer.close()
    assert [e.step for e in events_of(writer.path)[1:]] == [0, 2**24 + 1]


def test_rows_of_both_kinds_go_into_blocks_of_their_own(tmp_path: Path) -> None:
    layout = RowLayout(Layout(), ("loss",))

    def exact(step: int) -> Row:
        return Row(step, step, 1, 1, np.float32([step]))

    def span(first: int, last: int) -> Row:
        return Row(first, last, last - first + 1, 1, np.float32([0]), (np.float32([-1]), np.float32([1])))

    writer = EventFileWriter(str(tmp_path))
    writer.write_rows([span(0, 3), span(4, 7), exact(8), exact(9), span(10, 13), exact(12)], layout)
    writer.close()
    blocks = [(e.step, make_ndarray(e.summary.value[0].tensor).shape) for e in events_of(writer.path)[1:]]
    assert blocks == [(0, (2, 7)), (8, (2, 3)), (10, (1, 7)), (12, (1, 3))]


def test_samples_are_arrays_of_their_own_tags(tmp_path: Path, open_records: OpenRecords) -> None:
    writer = EventFileWriter(str(tmp_path), open_records=open_records)
    counts = np.arange(6, dtype=np.uint16).reshape(2, 3) * 13_000
    writer.write_histograms(7, counts)
    writer.write_activations(8, np.float32([[0.5, math.nan]]))
    writer.close()
    _, histograms, activations = events_of(writer.path)
    (value,) = histograms.summary.value
    assert (histograms.step, value.tag) == (7, "stability/histograms")
    got = make_ndarray(value.tensor)
    assert (got.dtype, got.tolist()) == (np.uint16, counts.tolist())
    (value,) = activations.summary.value
    assert (activations.step, value.tag) == (8, "stability/activations")
    np.testing.assert_array_equal(make_ndarray(value.tensor), np.float32([[0.5, math.nan]]))


def test_what_was_flushed_is_on_disk_without_close(tmp_path: Path, open_records: OpenRecords) -> None:
    writer = EventFileWriter(str(tmp_path), open_records=open_records)
    writer.write_scalars(0, {"loss": 1.0})
    writer.flush()
    assert len(events_of(writer.path)) == 2
    writer.close()


def test_a_directory_that_cannot_be_made_is_the_systems_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        EventFileWriter(str(tmp_path / "file"))
