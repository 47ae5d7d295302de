"""bn_drift: vectors of BatchNormalization with a known truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic

LAYOUT = synthetic.layout(3, normalized=True)
VECTORS = ("gamma", "beta", "moving_mean", "moving_variance")


def windows_of(run: list[StepValues], layout: Layout = LAYOUT) -> list[Window]:
    return [w for w in replay(enumerate(run), layout).windows if w.kind == "bn_drift"]


def moving(*, steps: int = 500, noise: float = 0.3, seed: int = 0) -> list[StepValues]:
    """Vectors that move at a steady pace with some scatter; the statistics are fast at first."""
    run = synthetic.network(synthetic.learning(steps=steps), LAYOUT)
    rng = np.random.default_rng(seed)
    for step, values in enumerate(run):
        for vector in VECTORS:
            pace = 0.01 * np.exp(noise * rng.standard_normal(3))
            if "moving" in vector:
                pace *= 1.0 + 30.0 * 0.99**step
            values.normalizations[f"{vector}_change"][:] = pace
    return run


@pytest.mark.parametrize("seed", range(5))
def test_statistics_that_settle_are_healthy(seed: int) -> None:
    assert windows_of(moving(noise=0.5, seed=seed)) == []


def test_inputs_on_another_scale_are_found_with_layer_and_onset() -> None:
    run = moving()
    for ahead, values in enumerate(run[300:]):
        values.normalizations["moving_mean_change"][1] *= 1.0 + 300.0 * 0.99**ahead
    (window,) = windows_of(run)
    assert (window.start_step, window.series) == (300, "moving_mean_change/bn_1")
    assert (window.layers, window.severity) == (("bn_1",), "warning")
    assert window.alarm_step <= 305
    assert window.end_step is not None
    assert window.end_step > 340


def test_one_odd_batch_is_no_drift() -> None:
    run = moving()
    for step in (100, 300, 301):
        run[step].normalizations["moving_variance_change"][:] *= 1000.0
    assert windows_of(run) == []


def test_gamma_that_runs_away_is_found_and_a_schedule_is_not() -> None:
    run = moving()
    for values in run[300:]:
        values.normalizations["gamma_change"][2] *= 40.0
    (window,) = windows_of(run)
    assert window.series == "gamma_change/bn_2"
    assert 300 <= window.start_step <= 303
    restarted = moving()
    for values in restarted[300:]:
        values.normalizations["gamma_change"][:] *= 40.0
        values.normalizations["beta_change"][:] *= 40.0
    restarted[300:] = [
        dataclasses.replace(v, scalars={**v.scalars, "learning_rate": 40.0 * v.scalars["learning_rate"]})
        for v in restarted[300:]
    ]
    assert windows_of(restarted) == []


def test_statistics_that_scatter_by_themselves_need_more() -> None:
    quiet, wild = moving(noise=0.1), moving(noise=1.5)
    for values in (*quiet[300:], *wild[300:]):
        values.normalizations["moving_mean_change"][:] *= 25.0
    assert len(windows_of(quiet)) == 1
    assert windows_of(wild) == []


def test_steps_that_become_thinner_are_no_drift() -> None:
    run = moving()
    thinned = [
        v if step < 200 or step % 64 == 0 else StepValues(v.scalars)
        for step, v in enumerate(moving(steps=3000))
    ]
    for values in thinned[200::]:
        for vector in VECTORS if values.normalizations else ():
            values.normalizations[f"{vector}_change"][:] *= 64.0  # it spans so many updates
    assert windows_of(run) == windows_of(thinned) == []


def test_layer_normalization_does_not_drift() -> None:
    other = dataclasses.replace(
        LAYOUT,
        normalizations=tuple(
            dataclasses.replace(n, kind="LayerNormalization") for n in LAYOUT.normalizations
        ),
    )
    (check,) = (c for c in replay(enumerate(moving(steps=30)), other).report().checks if c.name == "bn_drift")
    assert (check.status, check.reason) == ("skipped", "the model has no BatchNormalization layer")


def test_an_odd_batch_that_momentum_repeats_is_no_drift() -> None:
    """Kills: `_DECAY` is not looked at."""
    run = moving(noise=0.02)
    for ahead, values in enumerate(run[300:]):
        values.normalizations["gamma_change"][2] *= 1.0 + 60.0 * 0.9**ahead
    assert windows_of(run) == []


def test_a_gamma_that_hardly_moves_does_not_drift() -> None:
    """Kills: `_LEAST_CHANGE` of 0."""
    run = moving()
    synthetic.change(run, "gamma_norm", 8000.0)
    for values in run[300:]:
        values.normalizations["gamma_change"][2] *= 40.0
    assert windows_of(run) == []
