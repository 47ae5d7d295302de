"""What became of a window: it recovered, the run ended inside of it, or the numbers did not stay finite."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import tb_stability
from tb_stability.monitor import Monitor, replay
from tb_stability.recorder import Recorder
from tb_stability.series import Layout
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter
from tests import synthetic

HEALTHY = synthetic.learning(steps=120).tolist()
BROKEN = [*HEALTHY, *[40.0] * 40]


def outcomes(monitor: Monitor) -> dict[str, str | None]:
    return {w.kind: w.outcome for w in monitor.windows}


def test_a_loss_that_comes_back_has_recovered() -> None:
    monitor = replay(enumerate(synthetic.of_losses([*BROKEN, *HEALTHY[60:]])))
    assert outcomes(monitor)["loss_divergence"] == "recovered"


def test_a_window_that_is_open_when_the_run_ends_says_so_and_only_then() -> None:
    monitor = replay(enumerate(synthetic.of_losses(BROKEN)))
    assert outcomes(monitor)["loss_divergence"] is None
    monitor.end()
    (window,) = (w for w in monitor.windows if w.kind == "loss_divergence")
    assert (window.end_step, window.outcome) == (None, "run_ended")
    monitor.update(len(BROKEN), synthetic.of_losses([40.0])[0])  # as of a second call of `fit`
    assert outcomes(monitor)["loss_divergence"] is None


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_loss_that_ends_as_nan_says_so_whether_or_not_the_run_ended(has_ended: bool) -> None:
    monitor = replay(enumerate(synthetic.of_losses([*BROKEN, *[math.nan] * 5])))
    if has_ended:
        monitor.end()
    assert outcomes(monitor)["loss_divergence"] == "non_finite"
    assert outcomes(monitor)["non_finite"] == ("run_ended" if has_ended else None)


def test_a_batch_that_was_nan_and_left_no_trace_is_no_end() -> None:
    monitor = replay(enumerate(synthetic.of_losses([*BROKEN, math.nan, *[40.0] * 20])))
    monitor.end()
    assert outcomes(monitor) == {
        "loss_spike": "recovered",
        "loss_divergence": "run_ended",
        "non_finite": "recovered",
    }


def test_a_window_on_layers_ends_with_them() -> None:
    of = synthetic.layout(normalized=True)
    run = synthetic.network(HEALTHY[:40], of)
    for values in run:
        values.normalizations["moving_mean_change"][:] = 0.0
        values.normalizations["moving_variance_change"][:] = 0.0
    monitor = replay(enumerate(run), of)
    assert outcomes(monitor) == {"bn_statistics_frozen": None}
    monitor.change_layout(synthetic.layout())
    assert outcomes(monitor) == {"bn_statistics_frozen": "run_ended"}


@pytest.mark.parametrize(("state", "outcome"), [("ended", "run_ended"), ("running", None)])
def test_the_log_of_a_run_that_was_closed_in_order_has_it(
    tmp_path: Path, state: State, outcome: str | None
) -> None:
    recorder = Recorder(lambda: EventFileWriter(str(tmp_path / "run")))
    recorder.record(synthetic.of_losses(BROKEN), Layout(), first_step=0)
    recorder.close(state=state)
    (run,) = tb_stability.load(str(tmp_path))
    assert run.windows == recorder.windows
    assert {w.kind: w.outcome for w in run.windows}["loss_divergence"] == outcome
