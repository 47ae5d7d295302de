"""Where a run stands: levels with their errors, against plain definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.final_level import FinalLevel
from tb_stability.report import Final
from tb_stability.series import StepValues


def _final(losses: Sequence[float], **others: float) -> Final:
    level = FinalLevel()
    for loss in losses:
        level.update(StepValues({"loss": float(loss), **others}))
    return level.final


def test_a_run_without_a_loss_stands_nowhere() -> None:
    assert repr(FinalLevel().final) == repr(Final())


@given(st.lists(st.integers(-(10**9), 10**9), min_size=8, max_size=400))
def test_the_level_is_the_mean_of_the_last_quarter(losses: list[int]) -> None:
    count = max(8, min(64, len(losses) // 4)) // 8 * 8
    blocks = np.array(losses[-count:], np.float64).reshape(8, -1).mean(axis=1)
    final = _final(losses)
    assert final.loss == pytest.approx(blocks.mean(), abs=1e-3)
    assert final.loss_error == pytest.approx(blocks.std(ddof=1) / math.sqrt(8), abs=1e-3)
    assert final.first_loss == np.median(losses[:5])


def test_the_error_is_that_of_the_mean_also_where_neighbours_are_alike() -> None:
    """Kills: dividing by the root of 64, as if every loss were new."""
    noise = np.random.default_rng(0).normal(size=(300, 8, 1))
    errors = [_final(np.broadcast_to(x, (8, 8)).reshape(-1).tolist() * 4).loss_error for x in noise]
    assert np.mean(errors) == pytest.approx(1 / math.sqrt(8), rel=0.1)


def test_a_loss_that_is_not_finite_is_left_out_and_as_the_last_one_leaves_no_level() -> None:
    assert _final([math.inf, *[2.0] * 50, math.nan, 2.0]).loss == 2.0
    for last in (math.nan, math.inf, 1e300):  # a log has float32
        assert math.isnan(_final([2.0] * 50 + [last]).loss)
        assert math.isnan(_final([2.0] * 50 + [last]).loss_error)
    assert _final([math.nan, 5.0, 4.0, 3.0]).first_loss == 4.0


def test_a_short_run_has_a_level_of_unknown_error() -> None:
    final = _final([3.0, 1.0, 2.0])
    assert (final.loss, math.isnan(final.loss_error)) == (2.0, True)


def test_validation_losses_have_the_deviation_of_one() -> None:
    level = FinalLevel()
    found = []
    for val_loss in (9.0, 1.0, 2.0, 1.0, 2.0, 1.0, math.nan):
        level.update(StepValues({"val_loss": val_loss}))
        found.append((level.final.val_loss, level.final.val_loss_error))
    assert repr(found[1]) == repr((5.0, math.nan))
    assert found[5] == (1.0, pytest.approx(math.sqrt(0.5)))  # of the last five
    assert repr(found[6]) == repr((math.nan, math.nan))


def test_the_batch_size_is_the_largest_and_the_rate_the_last() -> None:
    level = FinalLevel()
    for size, rate in ((32, 0.1), (7, 0.05)):
        level.update(StepValues({"batch_size": float(size), "learning_rate": rate}))
    level.update(StepValues({"batch_size": math.nan}))
    assert (level.final.batch_size, level.final.learning_rate) == (32, 0.05)
