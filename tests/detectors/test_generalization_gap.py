"""generalization_gap: validation losses with a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic

PER_EPOCH = 20


def run_of(validation: np.ndarray, *, train: np.ndarray | None = None) -> list[StepValues]:
    """A run that is evaluated after every 20 steps; it goes on to learn unless `train` says else."""
    losses = synthetic.learning(steps=PER_EPOCH * len(validation)) if train is None else train
    return [
        StepValues({"loss": float(loss), "val_loss": float(validation[step // PER_EPOCH])})
        if step % PER_EPOCH == PER_EPOCH - 1
        else StepValues({"loss": float(loss)})
        for step, loss in enumerate(losses)
    ]


def windows_of(run: list[StepValues], layout: Layout | None = None) -> list[Window]:
    return [w for w in replay(enumerate(run), layout or Layout()).windows if w.kind == "generalization_gap"]


def falling(evaluations: int = 20) -> np.ndarray:
    return 0.5 + 1.8 * np.exp(-np.arange(evaluations) / 3)


OVERFIT = np.concatenate([falling(10), 0.6 + 0.15 * np.arange(10)])
"""At its best in the 10th evaluation, then rising to four times that."""


def test_a_validation_loss_that_rises_while_training_goes_on_is_a_warning() -> None:
    (window,) = windows_of(run_of(OVERFIT))
    assert (window.series, window.layer, window.severity) == ("val_loss", None, "warning")
    assert PER_EPOCH * 10 <= window.start_step <= PER_EPOCH * 16
    assert window.alarm_step <= PER_EPOCH * 18
    assert window.end_step is None


def test_a_validation_loss_that_never_follows_is_a_gap() -> None:
    (window,) = windows_of(run_of(np.linspace(2.3, 2.0, 20)))
    assert window.severity == "warning"
    followed = 1.0 + 1.3 * np.exp(-np.arange(20) / 2)
    assert windows_of(run_of(followed)) == []


def test_examples_learned_by_heart_are_a_gap_before_half_of_the_loss_is_gone() -> None:
    """Kills: a validation loss that has shared nothing counts like one that has shared a part."""
    train = np.linspace(2.3, 1.4, 400)
    (window,) = windows_of(run_of(np.linspace(2.3, 2.35, 20), train=train))
    assert window.start_step > 200, "a quarter of the loss is learned first"
    assert windows_of(run_of(np.linspace(2.3, 2.1, 20), train=train)) == []


def test_both_losses_rising_is_no_gap() -> None:
    train = np.concatenate([synthetic.learning(steps=200), np.linspace(0.1, 2.0, 200)])
    assert windows_of(run_of(OVERFIT, train=train)) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_wiggles_that_early_stopping_waits_for_are_silent(seed: int) -> None:
    noise = np.random.default_rng(seed)
    wiggling = falling(60) * np.exp(0.25 * noise.standard_normal(60))
    assert windows_of(run_of(wiggling)) == []


def test_a_rise_that_is_nothing_against_the_progress_is_silent() -> None:
    assert windows_of(run_of(np.concatenate([0.02 + falling(10) - 0.5, np.linspace(0.1, 0.3, 10)]))) == []


def test_a_rise_that_is_nothing_against_the_best_is_silent() -> None:
    slightly = np.concatenate([[1.2, 1.1], np.linspace(1.0, 1.1, 18)])
    train = np.linspace(1.0, 0.6, 400)
    assert windows_of(run_of(slightly, train=train)) == []


def test_three_evaluations_are_too_few_to_tell() -> None:
    assert windows_of(run_of(np.array([1.0, 3.0, 5.0, 7.0]))) == []
    checks = {c.name: c for c in replay(enumerate(run_of(falling(3)))).report().checks}
    assert checks["generalization_gap"].reason == "fewer than 4 evaluations were seen"


def test_one_evaluation_alone_is_never_high() -> None:
    validation = falling(30)
    validation[[8, 12, 16, 20, 24]] = 5.0
    assert windows_of(run_of(validation)) == []


def test_moving_statistics_that_have_not_caught_up_are_no_gap() -> None:
    lagging = np.concatenate([2.3 + 0.5 * np.arange(8), falling(22)])
    layout = synthetic.layout(1, normalized=True)
    assert windows_of(run_of(lagging), layout) == []
    assert len(windows_of(run_of(lagging))) == 1


def test_an_evaluation_that_is_not_finite_neither_opens_nor_closes() -> None:
    validation = OVERFIT.copy()
    validation[[3, 15, 17]] = [np.nan, np.inf, np.nan]
    (window,) = windows_of(run_of(validation))
    assert window.end_step is None


def test_a_validation_loss_that_follows_late_is_no_gap() -> None:
    """Kills: `_standing` is not looked at."""
    assert windows_of(run_of(2.3 - 0.09 * np.arange(20))) == []


@pytest.mark.parametrize(("pace", "found"), [("as at the start", 1), ("slower and slower", 0)])
def test_moving_statistics_on_their_first_way_make_half_of_the_gap_too_much(pace: str, found: int) -> None:
    """Kills: the pace, or the way, is not looked at."""
    of = synthetic.layout(2, normalized=True)
    gap = 0.9 + 1.4 * 0.5 ** np.arange(30)
    run = []
    for step, values in enumerate(run_of(gap)):
        change = 0.01 if found else 0.01 * 0.98**step
        distance = 0.01 * (step + 1) if found else 0.5 * (1.0 - 0.98 ** (step + 1))
        moving = {
            "moving_mean_change": np.full(2, change, np.float32),
            "moving_mean_distance": np.full(2, distance, np.float32),
        }
        run.append(StepValues(values.scalars, {}, moving))
    assert len(windows_of(run, of)) == found


@pytest.mark.parametrize("seed", range(1, 5))
def test_evaluations_on_few_examples_need_a_larger_rise(seed: int) -> None:
    """Kills: the noise of the evaluations is left out of the scale."""
    noise = 0.2 * np.random.default_rng(seed).standard_normal(40)
    validation = 1.0 + 0.4 * np.exp(-np.arange(40) / 3) + noise
    assert windows_of(run_of(validation, train=np.linspace(1.6, 0.9, 800))) == []


def test_three_high_evaluations_that_pass_are_silent() -> None:
    """Kills: the newest evaluation counts alone, not the lower one of two."""
    validation = np.concatenate([falling(12), [1.5] * 3, [0.5] * 6])
    assert windows_of(run_of(validation, train=np.linspace(2.3, 0.1, 420))) == []
