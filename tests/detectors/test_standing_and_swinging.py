"""loss_plateau and loss_oscillation: losses with a known truth."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic

LAYOUT = synthetic.layout(3)


def windows_of(kind: str, run: list[StepValues], layout: Layout = LAYOUT) -> list[Window]:
    return [w for w in replay(enumerate(run), layout).windows if w.kind == kind]


def standing(*, noise: float = 0.02, update_ratio: float = 1e-3, steps: int = 400) -> list[StepValues]:
    """A loss that stays at chance."""
    return synthetic.network(synthetic.steady(steps=steps, noise=noise), LAYOUT, update_ratio=update_ratio)


def with_rate(run: list[StepValues], rates: np.ndarray) -> list[StepValues]:
    return [
        dataclasses.replace(v, scalars={**v.scalars, "learning_rate": float(rate)})
        for v, rate in zip(run, rates, strict=True)
    ]


def test_a_loss_that_the_updates_cannot_bring_down_is_a_plateau_by_step_100() -> None:
    (window,) = windows_of("loss_plateau", standing(update_ratio=1e-5, noise=0.2))
    assert window.start_step <= 40
    assert window.alarm_step <= 120
    assert (window.series, window.severity, window.end_step) == ("loss", "warning", None)


def test_a_loss_that_is_the_same_for_every_batch_is_a_plateau_after_a_while() -> None:
    (window,) = windows_of("loss_plateau", standing())
    assert window.start_step <= 40
    assert 190 <= window.alarm_step <= 240


def test_an_output_that_is_corrected_at_first_is_no_progress() -> None:
    loss = np.concatenate([np.linspace(2.7, 2.31, 20), synthetic.steady(level=2.3, noise=0.02)])
    (window,) = windows_of("loss_plateau", synthetic.network(loss, LAYOUT))
    assert window.end_step is None


def test_a_loss_that_is_constant_is_a_plateau() -> None:
    run = synthetic.network(np.full(300, 2.0), LAYOUT)
    assert len(windows_of("loss_plateau", run)) == 1


def test_a_fall_is_seen_in_spite_of_a_large_constant() -> None:
    offset = synthetic.network(1000.0 + synthetic.learning(steps=800), LAYOUT)
    assert windows_of("loss_plateau", offset) == []


def test_of_a_loss_alone_nothing_is_said() -> None:
    alone = [StepValues(v.scalars) for v in standing()]
    report = replay(enumerate(alone)).report()
    assert report.windows == ()
    (check,) = (c for c in report.checks if c.name == "loss_plateau")
    assert check.reason == "no updates were recorded"


def test_a_noisy_loss_without_progress_may_be_as_good_as_it_gets() -> None:
    assert windows_of("loss_plateau", standing(noise=0.3)) == []


def test_a_loss_that_rose_by_small_updates_before_it_stands_still_is_that_of_a_game() -> None:
    risen = np.concatenate([np.linspace(0.6, 1.0, 200), synthetic.steady(level=1.0, noise=0.02, steps=400)])
    assert windows_of("loss_plateau", synthetic.network(risen, LAYOUT)) == []
    at_first = np.concatenate([np.linspace(0.95, 1.0, 200), risen[200:]])
    assert len(windows_of("loss_plateau", synthetic.network(at_first, LAYOUT))) == 1


def test_updates_that_replaced_the_weights_explain_a_noisy_plateau() -> None:
    run = standing(noise=0.3)
    run[5].variables["update_norm"][:] = 10.0
    (window,) = windows_of("loss_plateau", run)
    assert window.alarm_step <= 150


def test_a_slow_start_is_no_plateau() -> None:
    slow = np.concatenate([synthetic.steady(steps=60, noise=0.02), synthetic.learning(start=2.0)])
    assert windows_of("loss_plateau", synthetic.network(slow, LAYOUT, update_ratio=1e-5)) == []


def test_a_schedule_is_no_plateau() -> None:
    warming_up = with_rate(standing(update_ratio=1e-5), 1e-5 * np.arange(1, 401))
    assert windows_of("loss_plateau", warming_up) == []
    decayed = with_rate(standing(update_ratio=1e-5), np.where(np.arange(400) < 5, 0.1, 0.01))
    assert windows_of("loss_plateau", decayed) == []


@pytest.mark.parametrize("end", [0.1, 0.9])
def test_a_run_that_has_learned_may_stand_still(end: float) -> None:
    loss = synthetic.learning(end=end, steps=300)
    still = np.concatenate([loss, np.full(600, end)])
    assert windows_of("loss_plateau", synthetic.network(still, LAYOUT, update_ratio=1e-6)) == []


def test_a_network_that_dies_on_its_way_is_a_plateau_from_there_on() -> None:
    loss = np.concatenate([synthetic.learning(steps=200), synthetic.steady(level=2.3, noise=0.02, steps=400)])
    run = synthetic.network(loss, LAYOUT)
    synthetic.change(run, "update_norm", 1e-7, since=200)
    (window,) = windows_of("loss_plateau", run)
    assert 195 <= window.start_step <= 480
    assert window.end_step is None


def test_a_plateau_that_is_left_ends() -> None:
    run = standing(update_ratio=1e-5) + synthetic.network(synthetic.learning(start=2.0), LAYOUT)
    (window,) = windows_of("loss_plateau", run)
    assert window.end_step is not None
    assert 400 <= window.end_step <= 430


def swinging(*, period: int = 16, size: float = 1.0, made: float = 8.0, steps: int = 400) -> list[StepValues]:
    """Learns for 200 steps, then swings around 1 with small scatter; `made` is how far the updates reach."""
    time = np.arange(steps - 200)
    turning = 1.0 + 0.5 * size * np.sin(2 * np.pi * (time + 0.5) / period)
    loss = np.concatenate(
        [synthetic.learning(steps=200, end=1.0), turning * synthetic.steady(steps=200, level=1.0)]
    )
    run = synthetic.network(loss, LAYOUT)
    for before, after in itertools.pairwise(run):
        reach = made * abs(after.scalars["loss"] - before.scalars["loss"]) / len(LAYOUT.variables)
        before.variables["update_norm"][:] = reach / before.variables["grad_norm"]
        before.variables["weight_norm"][:] = 20.0 * before.variables["update_norm"]
    return run


@pytest.mark.parametrize("period", [2, 8, 16, 24])
def test_swings_that_the_updates_make_are_a_warning(period: int) -> None:
    (window,) = windows_of("loss_oscillation", swinging(period=period))
    assert (window.series, window.severity, window.end_step) == ("loss", "warning", None)
    assert 180 <= window.start_step <= 270
    assert window.alarm_step <= 330


def test_swings_that_the_updates_do_not_explain_are_the_data() -> None:
    (window,) = windows_of("loss_oscillation", swinging(made=0.8))
    assert window.severity == "info"
    alone = [StepValues(v.scalars) for v in swinging()]
    assert [w.severity for w in windows_of("loss_oscillation", alone, Layout())] == ["info"]


def test_swings_with_small_updates_are_those_of_a_game() -> None:
    run = swinging()
    for values in run:
        values.variables["weight_norm"][:] = 200.0 * values.variables["update_norm"]
    assert [w.severity for w in windows_of("loss_oscillation", run)] == ["info"]


def test_small_swings_are_silent() -> None:
    assert windows_of("loss_oscillation", swinging(size=0.2)) == []


@pytest.mark.parametrize("seed", range(4))
def test_scatter_of_any_size_is_no_swing(seed: int) -> None:
    scatter = np.random.default_rng(seed).gamma(1.0, 1.0, 2000)
    for loss in (scatter, np.where(scatter > 3.0, 50.0 * scatter, scatter)):
        run = synthetic.network(loss, LAYOUT, update_ratio=0.1)
        assert windows_of("loss_oscillation", run) == []


def test_a_descent_in_steps_is_no_swing() -> None:
    stairs = np.repeat([2.3, 1.4, 0.9, 0.5, 0.2, 0.1], 32) + synthetic.steady(steps=192, level=0.0)
    assert windows_of("loss_oscillation", synthetic.network(stairs, LAYOUT, update_ratio=0.1)) == []


def test_one_bump_is_no_swing() -> None:
    loss = (
        0.5 + 2.0 * np.exp(-(((np.arange(400) - 200) / 12.0) ** 2)) + synthetic.steady(level=0.0, noise=0.01)
    )
    assert windows_of("loss_oscillation", synthetic.network(loss, LAYOUT, update_ratio=0.1)) == []


def test_swings_that_calm_down_end() -> None:
    run = swinging(steps=400) + synthetic.network(synthetic.steady(level=1.0, steps=200), LAYOUT)
    (window,) = windows_of("loss_oscillation", run)
    assert window.end_step is not None
    assert 390 <= window.end_step <= 470


def test_swings_on_the_way_to_better_levels_are_none() -> None:
    """Kills: `_MOST_GAIN` is not looked at."""
    run = swinging(steps=400)
    above = np.concatenate([np.full(200, 1.5), np.linspace(1.5, 0.0, 200)])
    better = [
        dataclasses.replace(v, scalars={**v.scalars, "loss": v.scalars["loss"] + float(x)})
        for v, x in zip(run, above, strict=True)
    ]
    assert windows_of("loss_oscillation", better) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_fall_under_noise_is_no_plateau(seed: int) -> None:
    """Kills: the slope since the last change is not looked at."""
    noise = 1.0 + 0.05 * np.random.default_rng(seed).standard_normal(600)
    loss = 2.3 * (1.0 - 2.5e-4) ** np.arange(600) * noise
    assert windows_of("loss_plateau", synthetic.network(loss, LAYOUT)) == []


def test_a_first_loss_of_zero_is_a_number_like_any_other() -> None:
    """Kills: a division by the first loss (of a hinge loss, or a batch that is masked)."""
    loss = np.concatenate([[0.0], synthetic.steady(steps=300, level=2.0, noise=0.02)])
    assert len(replay(enumerate(synthetic.network(loss, LAYOUT)), LAYOUT).windows) < 3
