"""The least of the last values of many series at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class LeastOfLast:
    """The least of the last `window` values of each of `size` series: what all of them reach.

    A value that is NaN is left out, so that series may be measured at different steps.

    Args:
      size: Number of series.
      window: Number of values of each series that are remembered, at least 1.

    Example:
      >>> least = LeastOfLast(1, window=2)
      >>> [float(least.update(np.array([x]))[0]) for x in (5.0, 7.0, 6.0)]
      [nan, 5.0, 6.0]
    """

    def __init__(self, size: int, *, window: int) -> None:
        self.window = window
        self._last: Array = np.full((window, size), np.nan)

    @property
    def oldest(self) -> Array:
        """`[size]` oldest of the remembered values; NaN where fewer than `window` were seen."""
        oldest: Array = self._last[0]
        return oldest

    def update(self, values: npt.NDArray[np.floating]) -> Array:
        """Returns `[size]` least values; NaN where fewer than `window` were seen."""
        known = ~np.isnan(values)
        self._last[:-1, known] = self._last[1:, known]
        self._last[-1, known] = values[known]
        least: Array = self._last.min(axis=0)
        return least
