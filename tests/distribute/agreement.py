"""Whether two runs recorded the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_stability.series import HISTOGRAM_BINS, Layout, StepValues
from tests.capture.training import require_keras

Steps = tuple[Layout, list[int], list[StepValues]]

_ROUNDING = {"rtol": 2e-4, "atol": 2e-6}

_MOVED_ENTRIES = 0.02
"""Share of a gradient's entries that may be in the bin beside: they lie on its edge, up to rounding."""


def require_mean_of_replicas() -> None:
    """Skips the test where several replicas train with the sum of their gradients, and not with the mean."""
    require_keras(3, 8, "before, several replicas train with the sum of their gradients, not the mean")


def assert_same_steps(got: Steps, wanted: Steps) -> None:
    """Fails at the first step at which two runs differ by more than rounding, wall time aside.

    Args:
      got: From `read_steps`.
      wanted: Likewise.
    """
    assert got[:2] == wanted[:2]
    for step, mine, other in zip(wanted[1], got[2], wanted[2], strict=True):
        assert set(mine.scalars) == set(other.scalars)
        for name in set(mine.scalars) - {"step_seconds"}:
            _assert_close([mine.scalars[name]], [other.scalars[name]], f"step {step}: {name}")
        assert set(mine.variables) == set(other.variables)
        for measure, column in other.variables.items():
            _assert_close(mine.variables[measure], column, f"step {step}: {measure}")
        assert mine.histograms is not None
        assert other.histograms is not None
        assert mine.histograms.shape == (len(wanted[0].variables), HISTOGRAM_BINS)
        moved = np.abs(np.cumsum(mine.histograms.astype(int) - other.histograms.astype(int), axis=1))
        entries = other.histograms.sum(axis=1)
        assert (moved.sum(axis=1) <= 1 + _MOVED_ENTRIES * entries).all(), f"step {step}: histograms"


def _assert_close(got: Sequence[float], wanted: Sequence[float], message: str) -> None:
    np.testing.assert_allclose(got, wanted, **_ROUNDING, err_msg=message)
