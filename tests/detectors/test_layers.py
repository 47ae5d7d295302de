"""The detectors of layers: networks with a known truth."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues, Variable
from tb_stability.windows import Window
from tests import synthetic

DEEP = synthetic.layout(8)
NORMALIZED = synthetic.layout(3, normalized=True)


def windows_of(kind: str, run: list[StepValues], layout: Layout) -> list[Window]:
    return [w for w in replay(enumerate(run), layout).windows if w.kind == kind]


def through_depth(layout: Layout, *, decades_a_layer: float) -> np.ndarray:
    """A factor a variable: 1 at the output, less by `decades_a_layer` for every layer towards the input."""
    names = list(dict.fromkeys(v.layer for v in layout.variables))
    return np.array(
        [10 ** (decades_a_layer * (names.index(v.layer) - len(names) + 1)) for v in layout.variables]
    )


def with_profile(run: list[StepValues], factor: np.ndarray, *measures: str) -> list[StepValues]:
    for values in run:
        for measure in measures:
            values.variables[measure][:] *= factor.astype(np.float32)
    return run


def test_a_gradient_that_explodes_with_the_loss_names_its_layer_first() -> None:
    run = synthetic.network([*synthetic.learning(steps=100), 5.0, 20.0, 80.0, 300.0, 1e3, 1e4, 1e5], DEEP)
    for ahead, values in enumerate(run[100:]):
        values.variables["grad_norm"][:] *= np.float32(3.0**ahead)
        values.variables["grad_norm"][6] *= np.float32(30.0)  # dense_3/kernel goes first
    (window,) = windows_of("exploding_gradient", run, DEEP)
    assert (window.layer, window.series) == ("dense_3", "grad_norm/dense_3/kernel")
    assert window.start_step == 100
    assert set(window.layers) == {f"dense_{i}" for i in range(8)}


@pytest.mark.parametrize("rise", [0.0, 0.75])
def test_large_gradients_are_healthy_while_the_loss_is(rise: float) -> None:
    loss = synthetic.learning()
    loss[200:] += rise  # of about 1.1 that would be too much
    run = synthetic.network(loss, DEEP)
    for values in run[200:]:
        values.variables["grad_norm"][:] *= np.float32(1000.0)  # as when a plateau is left, or clipped
    assert windows_of("exploding_gradient", run, DEEP) == []


def test_gradients_that_grow_towards_the_input_explode_through_depth() -> None:
    run = synthetic.network(synthetic.steady(steps=60), DEEP)
    with_profile(run, through_depth(DEEP, decades_a_layer=-0.6), "grad_norm")
    (window,) = windows_of("exploding_gradient", run, DEEP)
    assert window.layer == "dense_0"
    assert window.alarm_step <= 20


@pytest.mark.parametrize("loss", [synthetic.steady(steps=60), synthetic.learning(steps=60)])
def test_gradients_that_decay_towards_the_input_vanish_by_step_20(loss: np.ndarray) -> None:
    run = synthetic.network(loss, DEEP)
    with_profile(run, through_depth(DEEP, decades_a_layer=0.7), "grad_norm", "update_norm")
    (window,) = windows_of("vanishing_gradient", run, DEEP)
    assert window.layer == "dense_0"
    assert window.layers[:2] == ("dense_0", "dense_1")
    assert "dense_7" not in window.layers
    assert window.alarm_step <= 20
    assert window.end_step is None


def test_small_gradients_with_ordinary_updates_are_what_adam_is_for() -> None:
    run = synthetic.network(synthetic.learning(), DEEP)
    with_profile(run, through_depth(DEEP, decades_a_layer=0.7), "grad_norm")
    assert windows_of("vanishing_gradient", run, DEEP) == []


def test_one_layer_with_a_small_gradient_is_no_profile() -> None:
    run = synthetic.network(synthetic.learning(), DEEP)
    factor = np.ones(16)
    factor[:2] = 1e-8
    with_profile(run, factor, "grad_norm", "update_norm")
    assert windows_of("vanishing_gradient", run, DEEP) == []


@pytest.mark.parametrize("layers", [2, 8])
def test_layers_that_no_gradient_reaches_are_named(layers: int) -> None:
    """Kills: asking for a profile, or for all kernels, where the gradient of a few is exactly 0."""
    layout = synthetic.layout(layers)
    run = synthetic.network(synthetic.learning(steps=80), layout)
    cut = np.ones(2 * layers)
    cut[:2] = 0.0
    with_profile(run[30:], cut, "grad_norm")
    (window,) = windows_of("vanishing_gradient", run, layout)
    assert window.layers == ("dense_0",)
    assert window.alarm_step - 30 < 30
    assert window.end_step is None


def test_a_gradient_that_is_zero_for_some_steps_or_but_in_the_bias_is_not_cut_off() -> None:
    """Kills: no patience with what begins at zero; looking at the kernel alone, whose inputs may be zero."""
    run = synthetic.network(synthetic.learning(steps=80), DEEP)
    cut = np.ones(16)
    cut[:2] = 0.0
    with_profile(run[:15], cut, "grad_norm")
    kernel = np.ones(16)
    kernel[4] = 0.0
    with_profile(run, kernel, "grad_norm")
    assert windows_of("vanishing_gradient", run, DEEP) == []


def test_no_gradient_anywhere_is_no_profile() -> None:
    run = synthetic.network(synthetic.steady(level=0.0, noise=0.0), DEEP)
    synthetic.change(run, "grad_norm", 0.0)
    synthetic.change(run, "update_norm", 0.0)
    assert replay(enumerate(run), DEEP).windows == ()


def test_updates_as_large_as_the_weights_are_too_high_while_nothing_is_learned() -> None:
    run = synthetic.network(synthetic.steady(), DEEP, update_ratio=0.4)
    (window,) = windows_of("update_ratio_high", run, DEEP)
    assert window.start_step <= 5
    assert window.alarm_step <= 25
    assert len(window.layers) == 8


def test_large_updates_are_healthy_while_the_loss_falls() -> None:
    run = synthetic.network(synthetic.learning(), DEEP, update_ratio=0.2)
    assert windows_of("update_ratio_high", run, DEEP) == []


def test_a_kernel_that_starts_at_zero_is_healthy() -> None:
    run = synthetic.network(synthetic.learning(), DEEP)
    for step, values in enumerate(run):
        values.variables["weight_norm"][:] = 0.1 * step
        values.variables["update_norm"][:] = 0.1
    assert windows_of("update_ratio_high", run, DEEP) == []


def standing_still(**changes: float) -> list[StepValues]:
    return synthetic.network(synthetic.steady(), DEEP, update_ratio=1e-8, **changes)


def test_weights_that_stand_still_with_everything_to_learn_are_too_low() -> None:
    (window,) = windows_of("update_ratio_low", standing_still(), DEEP)
    assert window.start_step <= 5
    assert window.alarm_step <= 70
    assert len(window.layers) == 8


def test_weights_that_stand_still_are_healthy_in_a_schedule() -> None:
    warming_up = [
        dataclasses.replace(v, scalars={**v.scalars, "learning_rate": 1e-9 * (i + 1)})
        for i, v in enumerate(standing_still())
    ]
    assert windows_of("update_ratio_low", warming_up, DEEP) == []
    decayed = synthetic.network(synthetic.steady(steps=5), DEEP) + standing_still(learning_rate=1e-9)
    assert windows_of("update_ratio_low", decayed, DEEP) == []


def test_weights_that_stand_still_are_healthy_after_progress() -> None:
    run = synthetic.network(synthetic.learning(), DEEP, update_ratio=1e-8)
    assert windows_of("update_ratio_low", run, DEEP) == []
    moved = synthetic.network(synthetic.learning(), DEEP) + synthetic.network(
        synthetic.steady(level=0.1, noise=0.01), DEEP, update_ratio=1e-8
    )
    assert windows_of("update_ratio_low", moved, DEEP) == []


def test_gradient_accumulation_is_healthy() -> None:
    run = synthetic.network(synthetic.learning(), NORMALIZED)
    for step, values in enumerate(run):
        if step % 8 != 7:
            values.variables["update_norm"][:] = 0.0
            for vector in ("gamma", "beta"):
                values.normalizations[f"{vector}_change"][:] = 0.0
    assert replay(enumerate(run), NORMALIZED).windows == ()


def test_a_network_without_gradient_in_its_kernels_is_dead() -> None:
    run = synthetic.network(synthetic.steady(), DEEP)
    for values in run[100:]:
        values.variables["grad_norm"][:-1] = 0.0
        values.variables["update_norm"][:-1] = 0.0
    (window,) = windows_of("update_ratio_low", run, DEEP)
    assert window.start_step == 100


def frozen(run: list[StepValues], *, since: int = 0) -> list[StepValues]:
    synthetic.change(run, "moving_mean_change", 0.0, since=since)
    synthetic.change(run, "moving_variance_change", 0.0, since=since)
    return run


@pytest.mark.parametrize("since", [0, 150])
def test_moving_statistics_that_stand_still_name_all_layers_in_one_window(since: int) -> None:
    run = frozen(synthetic.network(synthetic.learning(), NORMALIZED), since=since)
    (window,) = windows_of("bn_statistics_frozen", run, NORMALIZED)
    assert (window.start_step, window.alarm_step, window.end_step) == (since, since + 9, None)
    assert window.layers == ("bn_0", "bn_1", "bn_2")
    assert (window.series, window.severity) == ("moving_mean_change/bn_0", "warning")


def test_moving_statistics_that_stand_still_are_named_even_if_training_breaks_before() -> None:
    run = frozen(synthetic.network([2.3, 9.0, 1e5, *[math.nan] * 20], NORMALIZED))
    for measure in ("gamma_change", "beta_change"):
        synthetic.change(run, measure, math.nan, since=3)
    (window,) = windows_of("bn_statistics_frozen", run, NORMALIZED)
    assert (window.start_step, window.alarm_step) == (0, 9)


def test_a_layer_that_is_not_meant_to_train_is_not_frozen() -> None:
    layers = tuple(dataclasses.replace(n, trainable=n.layer == "bn_1") for n in NORMALIZED.normalizations)
    layout = dataclasses.replace(NORMALIZED, normalizations=layers)
    run = frozen(synthetic.network(synthetic.learning(), layout))
    (window,) = windows_of("bn_statistics_frozen", run, layout)
    assert window.layers == ("bn_1",)


def test_moving_statistics_that_converge_to_the_last_bit_are_not_frozen() -> None:
    run = frozen(synthetic.network(synthetic.learning(), NORMALIZED), since=200)
    for step, values in enumerate(run[:200]):
        for vector in ("mean", "variance"):
            values.normalizations[f"moving_{vector}_change"][:] = max(0.9**step, 1e-6)
    assert windows_of("bn_statistics_frozen", run, NORMALIZED) == []


def test_a_layer_without_gamma_and_beta_is_frozen_while_the_kernels_train() -> None:
    bare = tuple(
        dataclasses.replace(n, vectors=("moving_mean", "moving_variance")) for n in NORMALIZED.normalizations
    )
    layout = dataclasses.replace(NORMALIZED, normalizations=bare)
    run = frozen(synthetic.network(synthetic.learning(), layout))
    for vector in ("gamma", "beta"):
        synthetic.change(run, f"{vector}_change", math.nan)
    assert len(windows_of("bn_statistics_frozen", run, layout)) == 1


def test_an_embedding_and_a_bias_with_two_axes_are_no_kernels_of_a_profile() -> None:
    odd = Layout(
        (
            Variable("embedding/embeddings", "embedding", "embeddings", (1000, 32)),
            Variable("gru/bias", "gru", "bias", (2, 96)),
            *synthetic.layout(1).variables,
        )
    )
    checks = {c.name: c for c in replay(enumerate(synthetic.network([1.0] * 12, odd)), odd).report().checks}
    assert checks["vanishing_gradient"].reason == "the model has fewer than 2 kernels"


def test_three_kernels_are_no_profile() -> None:
    """Kills: `fewest` of 2."""
    layout = synthetic.layout(3)
    run = synthetic.network(synthetic.steady(steps=60), layout)
    for values in run:
        for measure in ("grad_norm", "update_norm"):
            values.variables[measure][:] *= np.repeat([1e-6, 1e-3, 1.0], 2).astype(np.float32)
    assert windows_of("vanishing_gradient", run, layout) == []


def test_weights_that_are_nan_have_not_recovered_where_only_some_steps_look_at_them() -> None:
    """Kills: a thinned step, whose loss is finite behind a ReLU, taken for the end of a NaN."""
    layout = synthetic.layout(3)
    run = synthetic.network(synthetic.steady(steps=200), layout)
    for step, values in enumerate(run):
        if step >= 50:
            values.variables["weight_norm"][0] = np.nan
            if step > 60 and step % 64:
                run[step] = StepValues(values.scalars)
    (window,) = windows_of("non_finite", run, layout)
    assert (window.start_step, window.end_step) == (50, None)
