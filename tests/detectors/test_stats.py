"""Statistics against obvious loops, and the guarantees that detectors rely on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.stats.catching_up import CatchingUp
from tb_stability.stats.depth_profile import DepthProfile, is_geometric
from tb_stability.stats.learning_rates import LearningRates
from tb_stability.stats.least_of_last import LeastOfLast
from tb_stability.stats.log_level import LogLevel
from tb_stability.stats.loss_progress import LossProgress
from tb_stability.stats.running_quantiles import RunningQuantiles
from tb_stability.stats.running_slope import RunningSlope
from tb_stability.stats.swings import Swings
from tb_stability.stats.upper_envelope import UpperEnvelope
from tests import synthetic


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(1, 9), st.floats(0.0, 1.0))
def test_quantiles_are_those_of_the_sorted_window(values: list[float], window: int, share: float) -> None:
    recent = RunningQuantiles(window)
    for seen, value in enumerate(values, start=1):
        recent.update(value)
        kept = sorted(values[max(0, seen - window) : seen])
        assert len(recent) == len(kept)
        assert recent.quantile(share) == kept[int(share * (len(kept) - 1))]


def test_a_window_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="window must be at least 1: got 0"):
        RunningQuantiles(0)


def test_nothing_is_known_of_no_loss() -> None:
    progress = LossProgress()
    progress.update(math.nan)
    assert progress.count == 0
    assert math.isnan(progress.initial)
    assert math.isnan(progress.scale)
    assert math.isnan(progress.excess(1.0))
    assert not progress.stalled


@given(st.sampled_from([0.25, 1024.0, 2.0**-40]))
def test_progress_has_the_unit_of_the_loss(factor: float) -> None:
    one, other = LossProgress(), LossProgress()
    for loss in synthetic.learning(steps=200):
        one.update(loss)
        other.update(factor * loss)
        assert other.best == factor * one.best
        assert other.noise == factor * one.noise
        assert other.excess(factor * 5.0) == one.excess(5.0)
        assert other.stalled == one.stalled


def test_a_loss_is_stalled_until_it_is_better_than_at_the_start() -> None:
    progress = LossProgress()
    for loss in synthetic.steady(steps=100):
        progress.update(loss)
        assert progress.stalled
    for loss in synthetic.steady(steps=40, level=1.7):
        progress.update(loss)
    assert not progress.stalled


def test_early_rises_are_noise_only_where_the_updates_were_small() -> None:
    def noise_of(weights_replaced: bool | None) -> float:
        progress = LossProgress()
        for loss in (2.0, 30.0, 300.0):
            progress.update(loss, weights_replaced=weights_replaced)
        return progress.noise

    assert noise_of(True) < noise_of(None) < noise_of(False)


def test_a_level_that_stays_becomes_the_best_after_a_while() -> None:
    progress = LossProgress()
    for loss in [2.0] * 50 + [1.0] * 50 + [2.0] * 20_000:
        progress.update(loss)
    assert progress.best > 1.9


def test_the_envelope_forgives_slow_growth_and_shows_sudden_growth() -> None:
    envelope = UpperEnvelope(2)
    for step in range(100):
        over = envelope.update(np.array([1.04**step, 1.0]))  # 0.017 decades a step
    assert (np.abs(over) < 0.02).all()
    over = envelope.update(np.array([1.04**100, 1000.0]))
    assert over[0] < 0.02
    assert over[1] == pytest.approx(3.0, abs=0.11)


def test_the_envelope_learns_nothing_from_zero_or_what_is_not_finite() -> None:
    envelope = UpperEnvelope(1)
    envelope.update(np.array([1.0]))
    for bad in (0.0, math.nan, math.inf):
        assert np.isnan(envelope.update(np.array([bad]))).all()
    assert envelope.update(np.array([10.0])) == pytest.approx([1.0])


def test_a_profile_remembers_zero_as_very_small() -> None:
    profile = DepthProfile()
    assert profile.update(np.array([0.0, 1.0]))[0] == pytest.approx(-30.0)


def test_noise_around_a_geometric_profile_does_not_hide_it() -> None:
    noise = 0.2 * np.random.default_rng(0).standard_normal(10)
    assert is_geometric(np.linspace(-6.0, 0.0, 10) + noise, fewest=4)
    assert not is_geometric(np.zeros(10) + noise, fewest=4) or noise[-1] > noise[0]
    assert not is_geometric(np.array([-3.0, -2.0, -1.0]), fewest=4)


def test_learning_rates_are_remembered_in_bounded_memory() -> None:
    rates = LearningRates()
    assert math.isnan(rates.at(0))
    for step in range(5000):
        rates.update(step, 10.0 ** -(step % 7))
    rates.update(5000, math.nan)
    rates.update(5001, 0.0)
    assert rates.at(4999) == 10.0 ** -(4999 % 7)
    assert rates.at(0) == rates.at(4999 - 127)
    assert len(rates._changes) == 128


def test_a_slow_warmup_is_no_rise() -> None:
    rates = LearningRates()
    for step in range(1000):
        rates.update(step, 1e-3 * (0.1 + step / 1000))
    assert rates.rise_before(500) is None


def test_a_bad_output_that_is_corrected_is_no_progress() -> None:
    progress = LossProgress()
    for loss in [*np.linspace(4.0, 2.4, 8), *[2.3] * 60]:
        progress.update(loss)
    assert progress.stands_still
    for _ in range(40):
        progress.update(1.5)
    assert not progress.stands_still


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30), st.sampled_from([0.0, 1e5]))
def test_a_slope_is_that_of_least_squares(values: list[float], constant: float) -> None:
    series = np.array(values) + constant
    slope, time = RunningSlope(), np.arange(len(series)) - (len(series) - 1) / 2
    for value in series:
        slope.update(float(value))
    expected = float(time @ series / (time @ time))
    assert slope.slope == pytest.approx(expected, abs=1e-6)
    rest = series - series.mean() - expected * time
    error = math.sqrt(float(rest @ rest) / (len(series) - 2) / float(time @ time))
    if error > 1e-3:
        assert slope.errors == pytest.approx(expected / error, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("momentum", "late"), [(0.9, 0.0), (0.99, 0.0), (0.9999, 1.0)])
def test_averages_that_lag_behind_are_told_from_those_that_arrived(momentum: float, late: float) -> None:
    """Kills: straightness alone, which an average that arrived without noise has, too."""
    rng = np.random.default_rng(0)
    for noise in (0.0, 0.3):
        average, catching_up = np.zeros((2, 8)), CatchingUp(2)
        for _ in range(500):
            before = average
            average = momentum * average + (1 - momentum) * (1.0 + noise * rng.standard_normal((2, 8)))
            change = np.linalg.norm(average - before, axis=1)
            share = catching_up.update(change, np.linalg.norm(average, axis=1))
        assert share == late, noise


_MEASURED = st.sampled_from([math.nan, math.inf, 0.0, 1e-3, 0.5, 1.0, 2.0, 300.0])


@pytest.mark.parametrize(
    "make",
    [LogLevel, UpperEnvelope, lambda size: LeastOfLast(size, window=3)],
    ids=["level", "envelope", "least"],
)
@given(st.lists(st.tuples(_MEASURED, _MEASURED, st.just(1.5)), max_size=30))
@settings(deadline=None)
def test_a_series_does_not_depend_on_what_the_others_lack(
    make: Callable[[int], LogLevel | UpperEnvelope | LeastOfLast], rows: list[tuple[float, ...]]
) -> None:
    """Kills: a shortcut for steps at which all is known that is another way."""
    together, alone = make(3), [make(1) for _ in range(3)]
    for row in rows:
        with np.errstate(all="ignore"):
            found = together.update(np.array(row))
            expected = [one.update(np.array([x]))[0] for one, x in zip(alone, row, strict=True)]
        np.testing.assert_array_equal(found, expected)


def test_the_least_of_the_last_leaves_out_what_is_not_known() -> None:
    least = LeastOfLast(2, window=2)
    rows = [(5.0, 5.0), (7.0, math.nan), (6.0, 1.0), (math.nan, 8.0)]
    found = [least.update(np.array(row)).tolist() for row in rows]
    np.testing.assert_array_equal(found, [[math.nan] * 2, [5.0, math.nan], [6.0, 1.0], [6.0, 1.0]])
    assert least.oldest.tolist() == [7.0, 1.0]


def test_profiles_of_two_quantities_are_those_of_each() -> None:
    random = np.random.default_rng(0)
    both, one, other = DepthProfile(), DepthProfile(), DepthProfile()
    for _ in range(5):
        a, b = 10.0 ** random.normal(0.0, 20.0, (2, 6))
        np.testing.assert_array_equal(both.update(np.array([a, b])), [one.update(a), other.update(b)])


@pytest.mark.parametrize("count", [4, 5, 63, 64])
def test_the_fall_of_a_stretch_is_that_of_the_medians_of_its_halves(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    half = count // 2
    assert Swings(values).fall == np.median(values[:half]) - np.median(values[half:])
