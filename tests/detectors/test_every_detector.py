"""The battery of `detector_checks` on every detector, healthy runs, and the same windows from everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tb_stability.detectors import DETECTORS
from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues
from tests import synthetic
from tests.detectors import detector_checks

LAYOUT = synthetic.layout(4, normalized=True)


def _mixed_run() -> list[StepValues]:
    """Learns, spikes, stands still, blows up: something for every detector."""
    loss = synthetic.learning(steps=120)
    loss[60] = 9.0
    loss[100:] = 3.0 ** np.arange(20)
    run = synthetic.network(loss, LAYOUT)
    synthetic.change(run, "moving_mean_change", 0.0, since=70)
    synthetic.change(run, "moving_variance_change", 0.0, since=70)
    for step, values in enumerate(run[100:]):
        values.variables["grad_norm"][:] *= np.float32(4.0**step)
        values.variables["update_norm"][:] = min(0.01 * 2.0**step, 100.0)
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
        if max(max(s) for s in detector_checks.Bench(make, LAYOUT).scores(_mixed_run())) >= 1.0
    }
    assert seen >= {
        "loss_spike",
        "loss_divergence",
        "exploding_gradient",
        "update_ratio_high",
        "bn_statistics_frozen",
    }


HEALTHY = {
    "steady": synthetic.steady(),
    "learning": synthetic.learning(),
    "constant": np.full(300, 2.0),
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
