"""The monitor: one path for online and replay, whole steps, and faults that stay inside."""

from __future__ import annotations

import dataclasses
import math
import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.monitor import Monitor, replay
from tb_stability.series import Activation, Layout, StepValues
from tests import synthetic


@st.composite
def losses(draw: st.DrawFn) -> list[float]:
    """A loss that learns, with up to four bumps: some too low to matter, some not finite."""
    loss = synthetic.learning(steps=200, seed=draw(st.integers(0, 99)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 190))
        stop = start + draw(st.integers(1, 30))
        loss[start:stop] += draw(st.floats(0.05, 0.5) | st.sampled_from([5.0, 500.0, math.nan, math.inf]))
    return [float(x) for x in loss]


@given(losses())
@settings(max_examples=40, deadline=None)
def test_replay_of_what_a_log_keeps_finds_the_windows_found_online(loss: list[float]) -> None:
    layout = synthetic.layout(3)
    run = synthetic.network(loss, layout)
    online = Monitor(layout)
    for step, values in enumerate(run):
        online.update(step, values)
    stored = [
        dataclasses.replace(v, scalars={k: float(np.float32(x)) for k, x in v.scalars.items()}) for v in run
    ]
    assert replay(enumerate(stored), layout).report() == online.report()


@given(losses(), st.sampled_from([0.25, 1024.0]))
@settings(max_examples=40, deadline=None)
def test_windows_do_not_depend_on_the_unit_of_the_loss(loss: list[float], factor: float) -> None:
    plain = replay(enumerate(synthetic.of_losses(loss))).windows
    assert replay(enumerate(synthetic.of_losses([factor * x for x in loss]))).windows == plain


@given(losses(), st.integers(1, 199))
@settings(max_examples=20, deadline=None)
def test_windows_that_closed_do_not_depend_on_what_comes_later(loss: list[float], cut: int) -> None:
    def alarms(values: list[float]) -> set[tuple[str, int]]:
        return {(w.kind, w.alarm_step) for w in replay(enumerate(synthetic.of_losses(values))).windows}

    assert {a for a in alarms(loss) if a[1] < cut} == alarms(loss[:cut])


def test_a_monitor_pickles_in_the_middle_of_a_run() -> None:
    run = synthetic.of_losses(synthetic.diverging(at=50))
    monitor = replay(enumerate(run[:60]))
    thawed = pickle.loads(pickle.dumps(monitor))
    for step, values in enumerate(run[60:], start=60):
        assert thawed.update(step, values) == monitor.update(step, values)
    assert thawed.report() == monitor.report()


def test_steps_that_do_not_increase_are_refused_and_forgotten() -> None:
    monitor = Monitor()
    monitor.update(3, StepValues({"loss": 1.0}))
    with pytest.raises(
        ValueError, match=r"steps must increase: got step 3 after step 3.*start a new Monitor"
    ):
        monitor.update(3, StepValues({"loss": math.nan}))
    assert monitor.windows == ()
    assert monitor.report().steps.observed == 1


def test_values_that_do_not_fit_the_layout_are_refused() -> None:
    monitor = Monitor(synthetic.layout(1))
    with pytest.raises(ValueError, match=r"layout's 2 variables: got shape \(3,\).*change_layout"):
        monitor.update(0, StepValues({}, {"grad_norm": np.zeros(3, np.float32)}))
    assert monitor.report().steps.observed == 0


def test_activations_reach_the_detectors() -> None:
    layout = dataclasses.replace(synthetic.layout(2), activations=(Activation("dense_0", "relu", 8),))
    monitor = Monitor(layout)
    for step, values in enumerate(synthetic.network(synthetic.learning(steps=20), layout)):
        dead = {"dead_share": np.ones(1, np.float32)}
        monitor.update(step, dataclasses.replace(values, activations=dead))
    assert [(w.kind, w.layer) for w in monitor.windows] == [("dead_units", "dense_0")]
    with pytest.raises(ValueError, match="each of the layout's 1 activations"):
        monitor.update(20, StepValues({}, activations={"dead_share": np.ones(2, np.float32)}))


def test_values_are_rounded_to_float32_as_a_log_keeps_them() -> None:
    monitor = Monitor()
    monitor.update(0, StepValues({"loss": 1e39}))
    assert [w.kind for w in monitor.windows] == ["non_finite"]


def test_update_returns_the_windows_that_alarmed_or_closed() -> None:
    monitor = Monitor()
    run = synthetic.of_losses([*synthetic.learning(steps=50), math.nan, *[0.1] * 30])
    changed = {step: windows for step, values in enumerate(run) if (windows := monitor.update(step, values))}
    assert [(step, [w.kind for w in windows]) for step, windows in changed.items()] == [
        (50, ["non_finite"]),
        (60, ["non_finite"]),
    ]


def test_a_broken_detector_is_reported_and_does_not_blind_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Monitor()

    def broken(values: StepValues) -> float:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(monitor._detectors[1], "update", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        monitor.update(0, StepValues({"loss": math.nan}))
    monkeypatch.undo()
    monitor.update(1, StepValues({"loss": 1.0}))
    assert [w.kind for w in monitor.windows] == ["non_finite"]
    assert monitor.report().steps.observed == 2


def test_other_variables_keep_the_windows_and_the_history_of_the_loss() -> None:
    before, after = synthetic.layout(2), synthetic.layout(3)
    monitor = Monitor(before)
    run = synthetic.network([*synthetic.learning(steps=200), math.nan], before)
    run[200].variables["grad_nan"][:] = 1.0
    for step, values in enumerate(run):
        monitor.update(step, values)
    monitor.change_layout(after)
    (window,) = monitor.windows
    assert (window.kind, window.end_step) == ("non_finite", 200)
    for step, values in enumerate(synthetic.network(synthetic.steady(level=2.3), after), start=201):
        monitor.update(step, values)
    assert "loss_divergence" in {w.kind for w in monitor.windows}


def test_the_same_layout_again_changes_nothing() -> None:
    layout = synthetic.layout(2)
    run = synthetic.network([math.nan], layout)
    monitor = replay(enumerate(run), layout)
    monitor.change_layout(synthetic.layout(2))
    assert monitor.windows[0].end_step is None


def test_the_report_says_what_was_not_checked_and_why() -> None:
    checks = {c.name: c for c in replay(enumerate(synthetic.of_losses([1.0] * 20))).report().checks}
    assert checks["loss_spike"].status == "ran"
    assert checks["bn_statistics_frozen"].reason == "the model has no BatchNormalization layer"
    assert checks["exploding_gradient"].reason == "no gradients were recorded"
    assert checks["vanishing_gradient"].status == "skipped"
    few = {c.name: c for c in replay(enumerate(synthetic.of_losses([1.0] * 3))).report().checks}
    assert few["loss_spike"].reason == "fewer than 10 steps were seen"


def test_a_run_without_steps_was_not_checked() -> None:
    report = Monitor().report()
    assert (report.steps.first, report.steps.last, report.steps.observed) == (None, None, 0)
    assert {c.status for c in report.checks} == {"skipped"}
    assert report.verdict.status == "unknown"


def test_a_step_costs_little_even_with_200_variables() -> None:
    layout = synthetic.layout(50, normalized=True)
    assert len(layout.variables) == 200
    run = synthetic.network(synthetic.learning(steps=300), layout)
    monitor = Monitor(layout)
    start = time.process_time()
    for step, values in enumerate(run):
        monitor.update(step, values)
    assert (time.process_time() - start) / len(run) < 1e-3  # measured: 0.13 ms


def test_numbers_without_a_logarithm_are_data_whatever_numpy_is_told() -> None:
    layout = synthetic.layout(4, normalized=True)
    run = synthetic.network(synthetic.learning(steps=40), layout)
    for bad, values in zip([0.0, math.inf, math.nan, 1e38], run[30:], strict=False):
        for group in (values.variables, values.normalizations):
            for value in group.values():
                value[...] = bad
    with np.errstate(all="raise"):
        monitor = replay(enumerate(run), layout)
    assert [(w.kind, w.start_step) for w in monitor.windows][:1] == [("non_finite", 31)]


def test_an_empty_layout_and_an_empty_step_are_fine() -> None:
    monitor = Monitor(Layout())
    assert monitor.update(0, StepValues({})) == []


def test_the_verdict_knows_the_learning_rate_at_the_onset_and_the_first_update_that_was_too_large() -> None:
    layout = synthetic.layout(2)
    loss = [*synthetic.learning(steps=300), *synthetic.steady(steps=60, level=9.0)]
    run = synthetic.network(loss, layout, learning_rate=0.001)
    run[299:] = synthetic.network(loss[299:], layout, learning_rate=0.1, update_ratio=0.8)
    monitor = replay(enumerate(run), layout)
    assert monitor._facts().replaced_step == 299
    advice = monitor.report().verdict.next
    assert advice.startswith("The learning rate rose from 0.001 to 0.1 at step 299")
    for step, values in enumerate(synthetic.network([9.0] * 40, layout, learning_rate=1e-5), start=len(run)):
        monitor.update(step, values)
    assert monitor.report().verdict.next == advice
