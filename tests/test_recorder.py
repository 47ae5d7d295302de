"""The recorder: what is written when, and what survives a fault."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_stability
from tb_stability import recorder as module
from tb_stability.monitor import Monitor
from tb_stability.recorder import Recorder
from tb_stability.series import VARIABLE_MEASURES, Layout, StepValues, Variable
from tb_stability.writers.event_file import EventFileWriter

_ONE = Layout((Variable("a/kernel", "a", "kernel", (2, 2)),))
_TWO = Layout((*_ONE.variables, Variable("b/kernel", "b", "kernel", (2, 2))))


def _steps(layout: Layout, losses: list[float]) -> list[StepValues]:
    measures = {name: np.ones(len(layout.variables), np.float32) for name in VARIABLE_MEASURES}
    measures["update_norm"] *= np.float32(1e-3)
    measures["grad_nonfinite"] = np.zeros(len(layout.variables), np.float32)
    return [StepValues({"loss": loss, "grad_norm": 1.0}, measures) for loss in losses]


def _recorder(folder: Path) -> Recorder:
    return Recorder(lambda: EventFileWriter(str(folder / "run")))


def _load(folder: Path) -> Any:
    (run,) = tb_stability.load(str(folder))
    return run


def test_a_window_is_on_disk_as_soon_as_it_is_found(tmp_path: Path) -> None:
    """Kills: flushing by the clock only."""
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0] * 5), _ONE, first_step=0)
    recorder.record(_steps(_ONE, [math.nan]), _ONE, first_step=5)
    run = _load(tmp_path)  # not closed: as after kill -9
    assert [(w.kind, w.start_step) for w in run.windows] == [("non_finite", 5)]
    assert (run.state, run.report.steps.recorded) == ("running", 6)


def test_steps_are_on_disk_after_some_seconds_without_any_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.0)
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0] * 3), _ONE, first_step=0)
    assert _load(tmp_path).report.steps.last == 2


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
    "step", ["__init__", "write_layout", "write_steps", "write_scalars", "write_report", "flush"]
)
def test_a_writer_that_fails_is_one_warning_and_the_windows_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFileWriter, step, full)
    recorder = _recorder(tmp_path)
    recorder.record(_steps(_ONE, [2.0] * 12), _ONE, first_step=0)
    with pytest.warns(RuntimeWarning, match=r"write the log.*No space left"):
        recorder.record(_steps(_ONE, [math.nan] * 2), _ONE, first_step=12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.close()
    assert [w.kind for w in recorder.windows] == ["non_finite"]
    assert recorder.verdict.status == "diverged"


def test_nothing_is_written_for_a_run_without_steps(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    recorder.record([], _ONE, first_step=0)
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_headline_scalars_get_rarer_as_a_run_gets_longer(tmp_path: Path) -> None:
    """At most 500 more points each time the run doubles."""
    written = [step for step in range(20_000) if step % module._headline_interval(step) == 0]
    assert written[:3] == [0, 1, 2]
    assert len(written) < 1000 + 5 * 501
    assert max(np.diff(written)) == 32


def test_the_headline_is_finite_where_weights_are_zero() -> None:
    values = StepValues(
        {"loss": 1.0, "batch_size": 32.0},
        {"weight_norm": np.array([0.0, 2.0], np.float32), "update_norm": np.array([1.0, 0.5], np.float32)},
    )
    assert module._headline(values) == {"loss": 1.0, "update_ratio_max": 0.25}
