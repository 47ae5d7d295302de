"""Inputs and outputs that are far too large from the first step on: exploding_gradient and loss_plateau."""

from __future__ import annotations

import numpy as np
import pytest

from tb_stability.detectors.signal_scale import SignalScale
from tb_stability.monitor import Monitor, replay
from tb_stability.series import Activation, Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic

LAYOUT = synthetic.layout(4)
KERNELS, BIASES = slice(0, 8, 2), slice(1, 8, 2)


def signals(
    sizes: list[float],
    *,
    loss: np.ndarray | None = None,
    steps: int = 200,
    until: int | None = None,
    bias_gradient: float = 0.1,
) -> list[StepValues]:
    """A run whose layers compute values of these sizes until a step, and of 1 from there on; biases are 0."""
    losses = np.linspace(60.0, 40.0, steps) if loss is None else loss
    run = synthetic.network(losses, LAYOUT, update_ratio=1e-4)
    synthetic.change(run, "grad_norm", 0.1)
    for step, values in enumerate(run):
        now = np.array(sizes if until is None or step < until else [1.0] * 4)
        values.variables["weight_norm"][KERNELS] = 64.0 * now  # 64 x 64 entries, so a gradient as of the bias
        values.variables["weight_norm"][BIASES] = 0.0
        values.variables["grad_norm"][BIASES] = bias_gradient
    return run


def windows_of(run: list[StepValues], kind: str = "exploding_gradient") -> list[Window]:
    return [w for w in replay(enumerate(run), LAYOUT).windows if w.kind == kind]


def test_outputs_that_begin_far_too_large_are_a_warning_that_names_the_first_large_layer() -> None:
    (window,) = windows_of(signals([2.0, 40.0, 300.0, 2000.0], loss=np.linspace(30.0, 20.0, 200)))
    assert (window.start_step, window.severity, window.end_step) == (0, "warning", None)
    assert window.layer == "dense_1"
    assert window.alarm_step <= 5


def test_they_are_information_as_long_as_they_may_heal() -> None:
    """Kills: `lasting_steps` of 0."""
    (window,) = windows_of(signals([1.0, 1.0, 1.0, 2000.0], until=15))
    assert window.severity == "info"
    assert window.end_step is not None


def test_large_inputs_of_the_last_layer_blame_the_one_before() -> None:
    run = signals([1.0, 1.0, 1.0, 800.0])
    for values in run:  # small weights, so it is the inputs that are large
        values.variables["weight_norm"][6] = 64.0
        values.variables["grad_norm"][6] = 80.0
    (window,) = windows_of(run)
    assert window.layer == "dense_2"


def test_a_network_that_was_trained_before_may_put_out_anything() -> None:
    """Kills: the bias of the last layer is not looked at."""
    run = signals([1.0, 1.0, 1.0, 2000.0])
    for values in run:
        values.variables["weight_norm"][7] = 3.0
    assert windows_of(run) == []


def test_gradients_of_a_bias_that_cancel_are_no_large_outputs() -> None:
    """Kills: `_LEAST_SHARE` of 0."""
    assert windows_of(signals([1.0] * 4, bias_gradient=1e-4)) == []


def test_outputs_that_grow_large_are_learned() -> None:
    run = signals([1.0] * 4, steps=20) + signals([1.0, 1.0, 1.0, 2000.0])
    assert windows_of(run) == []


def test_other_variables_are_no_new_beginning() -> None:
    monitor = replay(enumerate(signals([1.0] * 4, steps=20)), LAYOUT)
    other = Layout(LAYOUT.variables[2:])
    monitor.change_layout(other)
    for step, values in enumerate(signals([1.0, 1.0, 1.0, 2000.0]), 20):
        cut = {measure: x[2:] for measure, x in values.variables.items()}
        monitor.update(step, StepValues(values.scalars, cut))
    assert [w for w in monitor.windows if w.kind == "exploding_gradient"] == []


def test_a_batch_without_error_or_with_nan_is_passed_over() -> None:
    signal = SignalScale(LAYOUT)
    for values, loss in zip(signals([1.0, 1.0, 1.0, 2000.0]), [0.0, np.nan, np.inf], strict=False):
        signal.update(values, loss)
    assert not signal.outputs_too_large
    assert not signal.is_over
    signal.update(signals([1.0, 1.0, 1.0, 2000.0])[0], 50.0)
    assert signal.outputs_too_large


@pytest.mark.parametrize(("size", "found"), [(100.0, 1), (1.0, 0), (1e6, 0)])
def test_a_loss_that_stands_still_behind_large_inputs_is_a_plateau(size: float, found: int) -> None:
    """Kills: no `_LARGEST_INPUT`, above which it is a bias in front of a normalization."""
    loss = np.concatenate([np.linspace(2.4, 1.5, 60), synthetic.steady(level=1.45, noise=0.25)])
    run = signals([size, 1.0, 1.0, 1.0], loss=loss)
    for values in run:
        values.variables["update_norm"][:] = 1.0
    assert len(windows_of(run, "loss_plateau")) == found


@pytest.mark.parametrize(("share", "found"), [(0.45, 1), (0.1, 0)])
def test_a_loss_that_stands_still_with_outputs_at_their_bounds_is_a_plateau(share: float, found: int) -> None:
    """Kills: `_AT_BOUNDS_SHARE` of 0."""
    of = Layout(LAYOUT.variables, (), (Activation("dense_3", "sigmoid", 1),))
    loss = np.concatenate([np.linspace(1.1, 0.7, 60), synthetic.steady(level=0.68, noise=0.15)])
    run = [
        StepValues(v.scalars, v.variables, {}, {"saturated_share": np.array([share], np.float32)})
        for v in synthetic.network(loss, of)
    ]
    monitor = Monitor(of)
    for step, values in enumerate(run):
        monitor.update(step, values)
    assert len([w for w in monitor.windows if w.kind == "loss_plateau"]) == found
