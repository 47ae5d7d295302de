"""The battery of `detector_checks` on every detector, healthy runs, and the same windows from everywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from tb_stability.detectors import DETECTORS
from tb_stability.monitor import replay
from tb_stability.series import Activation, Layout, StepValues
from tests import synthetic
from tests.detectors import detector_checks

LAYOUT = dataclasses.replace(
    synthetic.layout(4, normalized=True),
    activations=(Activation("dense_0", "relu", 64), Activation("dense_1", "tanh", 64)),
)


def _mixed_run() -> list[StepValues]:
    """Is stuck, learns, spikes, overfits, dies, saturates, swings, blows up: something for every detector."""
    stuck = synthetic.steady(steps=60, level=2.3, noise=0.01)
    swinging = 0.5 + 0.4 * (-1.0) ** np.arange(160)
    loss = np.concatenate([stuck, synthetic.learning(steps=100), swinging, 3.0 ** np.arange(20)])
    loss[120] = 9.0
    run = synthetic.network(loss, LAYOUT)
    synthetic.change(run, "update_norm", 1e-9, until=60)
    synthetic.change(run, "moving_mean_change", 10.0, since=100, until=140)
    synthetic.change(run, "moving_mean_change", 0.0, since=170)
    synthetic.change(run, "moving_variance_change", 0.0, since=170)
    for values in run[150:]:
        values.variables["grad_zero_share"][1] = 1.0  # dense_0/bias
    for step, values in enumerate(run[320:]):
        values.variables["grad_norm"][:] *= np.float32(4.0**step)
        values.variables["update_norm"][:] = min(0.01 * 2.0**step, 100.0)
    for step in range(0, len(run), 8):
        dead, saturated = float(step >= 150), 0.97 if step >= 100 else 0.05
        shares = {"dead_share": [dead, np.nan], "saturated_share": [np.nan, saturated]}
        activations = {name: np.array(share, np.float32) for name, share in shares.items()}
        run[step] = dataclasses.replace(run[step], activations=activations)
    for step in range(9, len(run), 10):
        validation = 2.3 - 0.015 * step if step < 100 else 0.8 + 0.05 * (step - 100)
        run[step] = dataclasses.replace(run[step], scalars={**run[step].scalars, "val_loss": validation})
    return run


@pytest.mark.parametrize("make", DETECTORS, ids=lambda make: make.kind)
@pytest.mark.parametrize("check", detector_checks.CHECKS, ids=lambda check: check.__name__)
def test_a_detector_keeps_its_contract(check: Callable[..., None], make: detector_checks.Make) -> None:
    check(make, LAYOUT, _mixed_run())


@pytest.mark.parametrize("make", DETECTORS, ids=lambda make: make.kind)
def test_a_run_without_layers_is_no_trouble(make: detector_checks.Make) -> None:
    bench = detector_checks.Bench(make, Layout())
    bench.scores(synthetic.of_losses([2.0, float("nan"), 1.0]))
    bench.update(StepValues({}))


def test_every_detector_has_something_to_say_about_the_mixed_run() -> None:
    seen = {
        make.kind  # type: ignore[attr-defined]
        for make in DETECTORS
        if np.nanmax(detector_checks.Bench(make, LAYOUT).scores(_mixed_run())) >= 1.0
    }
    # The gradients of the mixed run have one size in all layers, and all are finite.
    every = {make.kind for make in DETECTORS}  # type: ignore[attr-defined]
    assert every - seen == {"vanishing_gradient", "non_finite"}


HEALTHY = {
    "steady": synthetic.steady(noise=0.3),
    "learning": synthetic.learning(),
    "zero": np.zeros(300),
    "negative": synthetic.learning() - 7.0,
    "huge": 1e9 * synthetic.learning(),
    "tiny": 1e-9 * synthetic.learning(),
    "offset": 1000.0 + synthetic.learning(),
    "small batch of one outlier": synthetic.heavy_tailed(),
    "steps down": np.repeat([2.0, 1.0, 0.5, 0.1], 100) * synthetic.steady(level=1.0),
    "batch of one": synthetic.learning(steps=1000) * np.random.default_rng(3).chisquare(1, 1000),
    "early bump": np.concatenate([np.linspace(2.3, 7.0, 6), np.linspace(7.0, 2.0, 14), synthetic.learning()]),
    "generator of a GAN": np.linspace(0.7, 4.0, 600) * synthetic.steady(steps=600, level=1.0, noise=0.2),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_loss_raises_no_warning(name: str) -> None:
    layout = synthetic.layout(6, normalized=True)
    run = synthetic.network(HEALTHY[name], layout)
    windows = replay(enumerate(run), layout).windows
    assert [w for w in windows if w.severity != "info"] == []


@pytest.mark.parametrize("seed", range(12))
def test_noise_of_small_batches_raises_no_warning_whatever_its_seed(seed: int) -> None:
    noise = np.random.default_rng(seed)
    loss = synthetic.learning(steps=1500, seed=seed) * noise.gamma(1.0, 1.0, 1500)
    windows = replay(enumerate(synthetic.of_losses(loss))).windows
    assert [w for w in windows if w.severity != "info"] == []
