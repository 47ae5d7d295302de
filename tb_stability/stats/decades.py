"""Logarithms of measured values, some of which have none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def all_finite(values: npt.NDArray[np.floating]) -> bool:
    """Whether no value is NaN or Inf."""
    return bool(np.count_nonzero(np.isfinite(values)) == values.size)  # in half of the time of `.all()`


def decades_of(values: npt.NDArray[np.floating]) -> tuple[Array, bool]:
    """Returns log10 of `[n]` values, and whether all of them are known.

    A value that is 0, negative, NaN or Inf has none: NaN. numpy warns of these, unless it is told not to.

    Example:
      >>> decades_of(np.array([100.0, np.nan]))
      (array([ 2., nan]), False)
    """
    decades: Array = np.log10(values, dtype=np.float64)
    is_known = np.isfinite(decades)
    if np.count_nonzero(is_known) == decades.size:
        return decades, True
    decades[~is_known] = np.nan
    return decades, False
