"""The recorder: what is written when, and what survives a fault."""

from __future__ import annotations

import dataclasses
import itertools
import math
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

import tb_stability
from tb_stability.monitor import Monitor
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.reader import RunReader
from tb_stability.recorder import Recorder
from tb_stability.report import Cost, TensorRange
from tb_stability.series import (
    HISTOGRAM_BINS,
    VARIABLE_MEASURES,
    Activation,
    Layout,
    StepValues,
    Variable,
)
from tb_stability.writers.event_file import EventFileWriter

_ONE = Layout((Variable("a/kernel", "a", "kernel", (2, 2)),))
_TWO = Layout((*_ONE.variables, Variable("b/kernel", "b", "kernel", (2, 2))))


def _steps(layout: Layout, losses: list[float]) -> list[StepValues]:
    measures = {name: np.ones(len(layout.variables), np.float32) for name in VARIABLE_MEASURES}
    measures["update_norm"] *= np.float32(1e-3)
    for count in ("grad_nan", "grad_inf"):
        measures[count] = np.zeros(len(layout.variables), np.float32)
    return [StepValues({"loss": loss, "grad_norm": 1.0}, measures) for loss in losses]


def _recorder(folder: Path) -> Recorder:
    return Recorder(lambda: EventFileWriter(str(folder / "run")))


def _load(folder: Path) -> Any:
    (run,) = tb_stability.load(str(folder))
    return run


def _read(folder: Path, read: Callable[[RunReader, Experiment, str], Any]) -> Any:
    """What `RunReader.read_rows`, or another of its methods, says of the run."""
    multiplexer = EventMultiplexer(tensor_size_guidance={"stability": 0, "stability_windows": 0})
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    return read(RunReader(), Experiment(MultiplexerDataProvider(multiplexer, str(folder))), "run")


def test_a_window_is_on_disk_as_soon_as_it_is_found(tmp_path: Path) -> None:
    """Kills: flushing by the clock only."""
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0] * 5), _ONE, first_step=0)
    recorder.record(_steps(_ONE, [math.nan]), _ONE, first_step=5)
    run = _load(tmp_path)  # not closed: as after kill -9
    assert [(w.kind, w.start_step) for w in run.windows] == [("non_finite", 5)]
    assert (run.state, run.report.steps.recorded) == ("running", 6)


def test_steps_are_on_disk_after_some_seconds_without_any_window(tmp_path: Path) -> None:
    now = 100.0
    recorder = Recorder(lambda: EventFileWriter(str(tmp_path / "run")), clock=lambda: now)
    recorder.record(_steps(_ONE, [2.0]), _ONE, first_step=0)
    assert _load(tmp_path).report.steps.last == 0  # a run that dies at once leaves a log
    recorder.record(_steps(_ONE, [2.0] * 2), _ONE, first_step=1)
    assert _load(tmp_path).report.steps.last == 0
    now += 3.1
    recorder.record(_steps(_ONE, [2.0]), _ONE, first_step=3)
    assert _load(tmp_path).report.steps.last == 3


def test_the_end_of_a_window_is_on_disk_at_once(tmp_path: Path) -> None:
    recorder = Recorder(lambda: EventFileWriter(str(tmp_path / "run")), clock=lambda: 0.0)
    recorder.record(_steps(_ONE, [2.0] * 5 + [math.nan]), _ONE, first_step=0)
    recorder.record(_steps(_ONE, [2.0] * 40), _ONE, first_step=6)
    run = _load(tmp_path)
    assert [w.end_step for w in run.windows if w.kind == "non_finite"] == [5]
    assert run.source.kept == run.report.steps.recorded == 6  # the rows since then wait for the next flush


def test_other_variables_begin_a_new_layout_and_keep_the_run(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0] * 4), _ONE, first_step=0)
    recorder.record(_steps(_TWO, [2.0] * 4), _TWO, first_step=4)
    recorder.close()
    run = _load(tmp_path)
    assert (run.state, run.report.steps.observed, run.report.steps.recorded) == ("ended", 8, 8)


def test_a_detector_that_raises_is_one_warning_and_the_log_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Monitor, "update", broken)
    recorder = _recorder(tmp_path)
    with pytest.warns(RuntimeWarning, match="judge a step.*planted"):
        recorder.record(_steps(_ONE, [2.0]), _ONE, first_step=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.record(_steps(_ONE, [2.0] * 3), _ONE, first_step=1)
        recorder.close()
    monkeypatch.undo()
    assert _load(tmp_path).source.kept == 4


@pytest.mark.parametrize(
    "step", ["__init__", "write_layout", "write_rows", "write_scalars", "write_report", "flush"]
)
def test_a_writer_that_fails_is_one_warning_and_the_windows_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFileWriter, step, full)
    recorder = _recorder(tmp_path)
    with pytest.warns(RuntimeWarning, match=r"write the log.*No space left"):
        recorder.record(_steps(_ONE, [2.0] * 12), _ONE, first_step=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.record(_steps(_ONE, [math.nan] * 2), _ONE, first_step=12)
        recorder.close()
    assert [w.kind for w in recorder.windows] == ["non_finite"]
    assert recorder.verdict.status == "diverged"


def test_nothing_is_written_for_a_run_without_steps(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.record([], _ONE, first_step=0)
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_the_log_of_a_long_run_has_every_step_and_single_ones_around_a_window(tmp_path: Path) -> None:
    losses = (1.0 + 3.0 * np.exp(-np.arange(4000) / 100)) * np.random.default_rng(0).uniform(0.95, 1.05, 4000)
    losses[3000:3010] = 60.0
    recorder = _recorder(tmp_path)
    for first in range(0, 4000, 32):
        recorder.record(_steps(_ONE, losses[first : first + 32].tolist()), _ONE, first_step=first)
    recorder.close()
    (opened, *_) = [w for w in recorder.windows if w.start_step >= 2900]
    run = _load(tmp_path)
    assert (run.source.kept, run.source.of, run.source.sampled) == (4000, 4000, False)
    block = _read(tmp_path, RunReader.read_rows).block
    assert len(block) < 2000
    around = block.between(opened.start_step - 32, opened.alarm_step + 32)
    assert around.steps.tolist() == list(range(opened.start_step - 32, opened.alarm_step + 33))
    np.testing.assert_array_equal(around.scalars["loss"], np.float32(losses[around.steps]))
    assert around.variables_observed.all()


def test_cost_and_first_batch_are_in_the_report(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0]), _ONE, first_step=0)
    recorder.cost = Cost(0.03, 0.01, 1, 1, "text")
    recorder.first_batch = (TensorRange("input", "", (2, 2), "float32", 0.0, 1.0, 0.5, 0, 0),)
    recorder.close()
    report = _load(tmp_path).report
    assert (report.cost, report.first_batch) == (recorder.cost, recorder.first_batch)


def test_samples_come_back(tmp_path: Path) -> None:
    layout = Layout(_ONE.variables, activations=(Activation("a", "relu", 4), Activation("b", "tanh", 2)))
    recorder = _recorder(tmp_path)
    values = _steps(layout, [2.0] * 3)
    counts = np.arange(HISTOGRAM_BINS, dtype=np.uint16)[None] + 60_000
    dead = {"dead_share": np.float32([0.25, math.nan]), "saturated_share": np.float32([math.nan, 0.5])}
    values[1] = dataclasses.replace(values[1], histograms=counts, activations=dead)
    recorder.record(values, layout, first_step=7)
    recorder.close()
    histograms = _read(tmp_path, RunReader.read_histograms)
    assert (histograms.steps.tolist(), histograms.layout) == ([8], layout)
    assert histograms.counts.dtype == np.uint16
    np.testing.assert_array_equal(histograms.counts, counts[None])
    activations = _read(tmp_path, RunReader.read_activations)
    assert activations.steps.tolist() == [8]
    for measure, values_of in dead.items():
        np.testing.assert_array_equal(activations.measures[measure], values_of[None])


def test_samples_of_other_variables_are_left_out(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for first, layout in ((0, _ONE), (4, _TWO)):
        counts = np.zeros((len(layout.variables), HISTOGRAM_BINS), np.uint16)
        values = [dataclasses.replace(v, histograms=counts) for v in _steps(layout, [2.0] * 4)]
        recorder.record(values, layout, first_step=first)
    recorder.close()
    histograms = _read(tmp_path, RunReader.read_histograms)
    assert histograms.steps.tolist() == [4, 5, 6, 7]
    assert histograms.counts.shape == (4, 2, HISTOGRAM_BINS)
    assert len(_read(tmp_path, RunReader.read_activations).steps) == 0


def test_a_step_that_was_thinned_has_scalars_alone(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    values = _steps(_ONE, [2.0] * 6)
    values = [v if i % 3 == 0 else StepValues(v.scalars) for i, v in enumerate(values)]
    recorder.record(values, _ONE, first_step=0)
    recorder.close()
    block = _read(tmp_path, RunReader.read_rows).block
    assert block.variables_observed.tolist() == [True, False, False] * 2
    assert block.observed["loss"].all()


def test_a_scalar_beyond_the_last_column_is_one_warning_and_all_else_is_stored(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    many = {f"value_{i}": float(i) for i in range(20)}
    with pytest.warns(RuntimeWarning, match="at most 22 scalars: value_15, .* left out") as warned:
        recorder.record([StepValues({"loss": 2.0, **many})] * 3, Layout(), first_step=0)
    assert len(warned) == 1
    recorder.close()
    block = _read(tmp_path, RunReader.read_rows).block
    assert block.scalars["value_14"].tolist() == [14] * 3
    assert "value_15" not in block.scalars


def test_a_run_that_goes_on_after_close_is_one_run(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for first in (0, 5):
        recorder.record(_steps(_ONE, [2.0] * 5), _ONE, first_step=first)
        recorder.close()
    assert len(list((tmp_path / "run" / "stability").iterdir())) == 2
    assert _load(tmp_path).source.kept == 10


def test_memory_is_bounded(tmp_path: Path) -> None:
    class Nowhere:
        def write(self, record: bytes, /) -> None:
            assert record

        def flush(self) -> None:
            """Nothing to flush."""

        close = flush

    layout = Layout(tuple(Variable(f"v{i}", f"v{i}", "kernel", (2,)) for i in range(100)))
    recorder = Recorder(
        lambda: EventFileWriter(str(tmp_path), open_records=lambda path: Nowhere()),
        clock=itertools.count(0.0, 0.05).__next__,
    )
    peaks = []
    tracemalloc.start()
    for first in range(0, 3200, 32):
        recorder.record(_steps(layout, [2.0] * 32), layout, first_step=first)
        if first in (800, 3168):
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()
    tracemalloc.stop()
    recorder.close()
    assert peaks[1] < 1.3 * peaks[0] < 16e6
