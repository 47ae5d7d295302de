"""dead_units and saturated_units: layers with a known truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.series import Activation, Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic

RELU = dataclasses.replace(
    synthetic.layout(4), activations=tuple(Activation(f"dense_{i}", "relu", 64) for i in range(3))
)
TANH = dataclasses.replace(
    synthetic.layout(3), activations=tuple(Activation(f"dense_{i}", "tanh", 64) for i in range(3))
)
BIASES = [1, 3, 5]  # of dense_0, dense_1 and dense_2


def windows_of(kind: str, run: list[StepValues], layout: Layout) -> list[Window]:
    return [w for w in replay(enumerate(run), layout).windows if w.kind == kind]


def relu_run(*, steps: int = 400, usual: float = 0.3, seed: int = 0) -> list[StepValues]:
    """A healthy network: in each small batch `usual` of the units of every layer are dead."""
    run = synthetic.network(synthetic.learning(steps=steps), RELU)
    noise = np.random.default_rng(seed)
    for values in run:
        values.variables["grad_zero_share"][BIASES] = np.clip(noise.normal(usual, 0.1, 3), 0.0, 0.9)
    return run


def sampled(run: list[StepValues], measure: str, shares: np.ndarray, *, every: int = 32) -> list[StepValues]:
    """The same run with `shares`, `[steps, layers]`, measured on every n-th step."""
    return [
        dataclasses.replace(values, activations={measure: shares[step].astype(np.float32)})
        if step % every == 0
        else values
        for step, values in enumerate(run)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_units_that_are_dead_in_single_batches_are_healthy(seed: int) -> None:
    assert windows_of("dead_units", relu_run(usual=0.5, seed=seed), RELU) == []


def test_units_that_come_back_after_a_few_batches_were_not_dead() -> None:
    run = relu_run()
    for values in run[200:204]:
        values.variables["grad_zero_share"][3] = 0.97
    assert windows_of("dead_units", run, RELU) == []


def test_a_layer_that_dies_is_critical_and_named_with_its_onset() -> None:
    run = relu_run()
    for values in run[200:]:
        values.variables["grad_zero_share"][3] = 1.0
    (window,) = windows_of("dead_units", run, RELU)
    assert (window.start_step, window.layer, window.series) == (200, "dense_1", "dead_share/dense_1")
    assert window.alarm_step <= 206
    assert (window.end_step, window.severity) == (None, "critical")


def test_layers_in_front_of_a_dead_one_are_not_blamed_for_their_zero_gradients() -> None:
    run = relu_run()
    for values in run[200:]:
        values.variables["grad_zero_share"][BIASES] = 1.0  # dense_2 is dead, so nothing reaches the others
    (window,) = windows_of("dead_units", run, RELU)
    assert window.layers == ("dense_2",)


def test_two_thirds_of_a_layer_that_die_at_once_are_a_warning() -> None:
    run = relu_run(usual=0.1)
    for values in run[200:]:
        values.variables["grad_zero_share"][3] = 0.75
    (window,) = windows_of("dead_units", run, RELU)
    assert (window.start_step, window.layers, window.severity) == (200, ("dense_1",), "warning")
    assert window.end_step is None  # the dead are no new level


def test_a_layer_that_becomes_sparse_slowly_is_healthy() -> None:
    run = relu_run()
    for step, values in enumerate(run):
        values.variables["grad_zero_share"][3] = 0.1 + 0.7 * step / len(run)
    assert windows_of("dead_units", run, RELU) == []


def test_a_batch_without_any_gradient_says_nothing_of_units() -> None:
    run = relu_run()
    for values in run[200:]:
        values.variables["grad_zero_share"][:] = 1.0
        values.variables["grad_norm"][:] = 0.0
    assert windows_of("dead_units", run, RELU) == []


def test_dead_units_are_found_where_activations_alone_tell() -> None:
    layout = dataclasses.replace(RELU, activations=(Activation("re_lu", "relu", 64),))
    shares = np.full((400, 1), 0.2)
    shares[200:] = 0.97
    run = sampled(synthetic.network(synthetic.learning(), layout), "dead_share", shares, every=8)
    (window,) = windows_of("dead_units", run, layout)
    assert (window.layer, window.severity) == ("re_lu", "critical")
    assert window.alarm_step <= 248


def test_functions_that_cannot_die_are_not_looked_at() -> None:
    checks = {
        c.name: c for c in replay(enumerate(synthetic.network(np.full(20, 2.0), TANH)), TANH).report().checks
    }
    assert (checks["dead_units"].status, checks["saturated_units"].status) == ("skipped", "skipped")
    assert checks["dead_units"].reason == "no layer with ReLU or a function like it was found"
    assert checks["saturated_units"].reason == "no activations were recorded"


def tanh_run(shares: np.ndarray) -> list[StepValues]:
    run = synthetic.network(synthetic.learning(steps=len(shares)), TANH)
    return sampled(run, "saturated_share", shares)


def test_a_layer_that_saturates_is_found_with_the_first_step_that_shows_it() -> None:
    shares = np.full((600, 3), 0.05)
    shares[300:, 0] = 0.97
    (window,) = windows_of("saturated_units", tanh_run(shares), TANH)
    assert (window.start_step, window.alarm_step, window.layers) == (320, 352, ("dense_0",))
    assert (window.severity, window.end_step) == ("warning", None)


def test_gradients_of_zero_show_saturation_between_the_samples() -> None:
    run = tanh_run(np.full((600, 3), 0.05))[:320]
    for values in run[300:]:
        values.variables["grad_zero_share"][3] = 0.95
    (window,) = windows_of("saturated_units", run, TANH)
    assert (window.start_step, window.alarm_step, window.layer) == (300, 301, "dense_1")


def test_a_layer_that_is_saturated_from_the_start_is_found_soon() -> None:
    (window,) = windows_of("saturated_units", tanh_run(np.full((200, 3), 0.85)), TANH)
    assert window.alarm_step <= 64
    assert window.layers == ("dense_0", "dense_1")


def test_half_saturated_is_healthy_where_it_came_slowly_and_a_warning_where_it_jumped() -> None:
    slowly = np.linspace(0.0, 0.7, 2000)[:, None] * np.ones(3)
    assert windows_of("saturated_units", tanh_run(slowly), TANH) == []
    jumped = np.where(np.arange(600) < 300, 0.0, 0.76)[:, None] * np.ones(3)
    assert [w.start_step for w in windows_of("saturated_units", tanh_run(jumped), TANH)] == [320]


@pytest.mark.parametrize("own_layer", [True, False])
def test_answers_that_are_sure_are_not_saturated_units(own_layer: bool) -> None:
    output = Activation("dense_2" if own_layer else "activation", "sigmoid", 10)
    layout = dataclasses.replace(TANH, activations=(*TANH.activations[:2], output))
    shares = np.array([0.0, 0.0, 0.99])[None] * np.ones((600, 1))
    run = sampled(synthetic.network(synthetic.learning(steps=600), layout), "saturated_share", shares)
    assert windows_of("saturated_units", run, layout) == []
