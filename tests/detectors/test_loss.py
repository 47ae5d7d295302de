"""non_finite, loss_spike and loss_divergence: runs with a known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tb_stability.detectors.run_loss import RunLoss
from tb_stability.monitor import replay
from tb_stability.series import Layout, StepValues
from tb_stability.windows import Window
from tests import synthetic


def windows_of(kind: str, run: list[StepValues], layout: Layout | None = None) -> list[Window]:
    return [w for w in replay(enumerate(run), layout or Layout()).windows if w.kind == kind]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 5, 300])
def test_a_loss_that_is_not_finite_is_critical_at_once(bad: float, at: int) -> None:
    loss = synthetic.learning()
    loss[at] = bad
    (window,) = windows_of("non_finite", synthetic.of_losses(loss))
    assert (window.start_step, window.alarm_step, window.end_step) == (at, at, at)
    assert (window.series, window.severity, window.peak_score) == ("loss", "critical", math.inf)


def test_a_gradient_that_is_not_finite_names_the_first_layer_that_has_it() -> None:
    layout = synthetic.layout(3)
    run = synthetic.network(synthetic.learning(steps=30), layout)
    run[20].variables["grad_nan"][2] = 5.0  # dense_1/kernel
    synthetic.change(run, "grad_nan", 1.0, since=21)
    (window,) = windows_of("non_finite", run, layout)
    assert (window.start_step, window.series) == (20, "grad_norm/dense_1/kernel")
    assert (window.layer, window.layers) == ("dense_1", ("dense_1", "dense_0", "dense_2"))
    assert window.peak_score == math.inf, "the update was not skipped"


def test_a_loss_that_is_not_finite_names_the_loss_and_lists_the_layers() -> None:
    layout = synthetic.layout(2)
    run = synthetic.network([*synthetic.learning(steps=20), math.nan], layout)
    run[20].variables["grad_nan"][:] = 1.0
    (window,) = windows_of("non_finite", run, layout)
    assert (window.series, window.layer, window.layers) == ("loss", None, ("dense_0", "dense_1"))


def test_an_overflow_whose_update_was_skipped_needs_no_action() -> None:
    layout = synthetic.layout(2)
    run = synthetic.network(synthetic.learning(), layout)
    for step in (3, 200):
        run[step].variables["grad_nan"][:] = 7.0
        run[step].variables["grad_norm"][:] = math.inf
        run[step].variables["update_norm"][:] = 0.0
    assert [w.severity for w in windows_of("non_finite", run, layout)] == ["info", "info"]


def test_one_odd_batch_without_after_effect_is_only_worth_knowing() -> None:
    loss = synthetic.learning()
    loss[200] = 3.0
    (window,) = windows_of("loss_spike", synthetic.of_losses(loss))
    assert (window.start_step, window.end_step, window.severity) == (200, 200, "info")


def test_a_spike_that_lasts_is_a_warning_with_its_onset_and_its_end() -> None:
    loss = synthetic.learning()
    loss[200:206] = [3.0, 6.0, 5.0, 4.0, 3.0, 3.0]
    (window,) = windows_of("loss_spike", synthetic.of_losses(loss))
    assert (window.start_step, window.peak_step, window.end_step) == (200, 201, 205)
    assert window.severity == "warning"


def test_a_spike_does_not_hide_the_next_one() -> None:
    loss = synthetic.learning(steps=600)
    loss[200:206] = 6.0
    loss[400:406] = 6.0
    assert [w.start_step for w in windows_of("loss_spike", synthetic.of_losses(loss))] == [200, 400]


def test_a_rise_that_is_nothing_against_the_progress_is_no_spike() -> None:
    loss = np.concatenate([synthetic.learning(end=1e-4), synthetic.steady(steps=100, level=1e-4, noise=1e-5)])
    loss[450:456] = 0.2  # 2000 times the level, a tenth of the progress
    assert windows_of("loss_spike", synthetic.of_losses(loss)) == []


def test_an_outlier_like_the_last_one_is_no_news() -> None:
    loss = synthetic.learning(steps=900)
    loss[[300, 500, 700]] = 2.0
    assert [w.start_step for w in windows_of("loss_spike", synthetic.of_losses(loss))] == [300]


def test_a_level_that_stays_stops_being_a_spike() -> None:
    loss = np.concatenate([synthetic.learning(), synthetic.steady(level=1.0)])
    (window,) = windows_of("loss_spike", synthetic.of_losses(loss))
    assert window.end_step is not None
    assert window.end_step < 400 + 51


@pytest.mark.parametrize(
    ("loss", "onset"),
    [
        ([2.3, 30.0, 1e3, 1e5, math.nan, math.nan], 1),
        ([2.3, 2.4, 5.0, 30.0, 120.0, 1e3, 8e3, 1e6, math.inf], 3),
        (synthetic.diverging(at=150), 150),
        (synthetic.diverging(at=10_000), 10_000),
        (synthetic.learning() * 1e6, None),
        (np.concatenate([synthetic.learning(), synthetic.steady(steps=100, level=2.3)]), 400),
        (np.concatenate([synthetic.learning() - 7.0, synthetic.steady(steps=100, level=2.3) - 7.0]), 400),
        (1e-8 * np.concatenate([synthetic.learning(), synthetic.steady(steps=100, level=2.3)]), 400),
    ],
)
def test_a_divergence_is_found_with_its_onset(loss: list[float], onset: int | None) -> None:
    windows = windows_of("loss_divergence", synthetic.of_losses(loss))
    if onset is None:
        assert windows == []
    else:
        assert [abs(w.start_step - onset) <= 3 for w in windows] == [True]
        assert windows[0].end_step is None


def test_nan_neither_opens_nor_closes_a_divergence() -> None:
    loss = np.concatenate([synthetic.learning(), synthetic.steady(steps=60, level=3.0), [math.nan] * 300])
    (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
    assert window.end_step is None
    assert (
        windows_of("loss_divergence", synthetic.of_losses([*synthetic.learning(), *[math.nan] * 300])) == []
    )


def test_a_loss_that_falls_back_ends_its_divergence() -> None:
    loss = np.concatenate(
        [synthetic.learning(), synthetic.steady(steps=60, level=3.0), synthetic.steady(level=0.2)]
    )
    (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
    assert window.end_step is not None
    assert abs(window.end_step - 459) <= 3


def test_an_explosion_is_not_learned_as_noise_or_as_a_level() -> None:
    decay = 9e16 * 0.64 ** np.arange(56)
    for blown in (decay, np.full(56, 2.8e7)):
        loss = np.concatenate([[3.3e4, 7e6], np.maximum(blown, 8e5)])
        (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
        assert (window.start_step, window.end_step) == (1, None)


def test_a_slow_drift_back_to_the_start_is_only_worth_knowing() -> None:
    drift = np.concatenate([np.linspace(1.16, 0.5, 100), np.linspace(0.5, 1.1, 400)])
    loss = drift + 0.05 * np.random.default_rng(0).standard_normal(500)
    (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
    assert window.severity == "info"
    layout = synthetic.layout(2)
    (window,) = windows_of("loss_divergence", synthetic.network(loss, layout, update_ratio=0.15), layout)
    assert window.severity == "critical"
    beyond = np.concatenate([loss, np.linspace(1.1, 3.0, 400)])
    (window,) = windows_of("loss_divergence", synthetic.of_losses(beyond))
    assert window.severity == "critical"


def test_a_score_that_wanders_through_zero_is_no_divergence() -> None:
    """As the generator's loss in a WGAN: -0.06 at first, -0.43 at its best, 0.35 in the end."""
    wander = np.concatenate(
        [np.linspace(-0.06, -0.43, 150), np.linspace(-0.43, 0.35, 60), np.full(300, 0.35)]
    )
    loss = wander + 0.02 * np.random.default_rng(0).standard_normal(len(wander))
    (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
    assert window.severity == "info"
    blown = np.concatenate([loss, 0.35 * 1.2 ** np.arange(40)])
    (window,) = windows_of("loss_divergence", synthetic.of_losses(blown))
    assert window.severity == "critical"


def test_a_breakdown_back_to_the_start_is_critical_at_step_10000() -> None:
    loss = np.concatenate([synthetic.learning(steps=10_000), synthetic.steady(steps=100, level=2.3)])
    (window,) = windows_of("loss_divergence", synthetic.of_losses(loss))
    assert abs(window.start_step - 10_000) <= 3
    assert (window.severity, window.end_step) == ("critical", None)


def test_of_a_thinned_step_no_update_is_known() -> None:
    layout = synthetic.layout(2)
    (full,) = synthetic.network([2.0], layout)
    loss = RunLoss(layout)
    loss.update(full)
    assert min(loss.made, loss.largest_ratio) > 0.0
    assert loss.update_ratio is not None
    for _ in range(2):
        loss.update(StepValues({"loss": 2.0}))
        assert (loss.update_ratio, loss.largest_ratio, loss.ratios_are_finite) == (None, 0.0, False)
        assert math.isnan(loss.made)


def test_a_loss_that_comes_back_to_its_best_every_third_step_has_not_diverged() -> None:
    # Kills: fewer than four values that all have to be far above the best.
    run = synthetic.of_losses([4.0] * 30 + [2.0] * 30 + [4.5, 4.5, 2.0] * 30)
    assert windows_of("loss_divergence", run) == []
