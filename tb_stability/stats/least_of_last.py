"""The least of the last values of many series at once."""

from __future__ import annotations

import functools

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
        self._last: list[Array] = [np.full(size, np.nan)] * window  # oldest first; never written to

    @property
    def oldest(self) -> Array:
        """`[size]` oldest of the remembered values; NaN where fewer than `window` were seen."""
        return self._last[0]

    def update(self, values: Array) -> Array:
        """Returns `[size]` least values; NaN where fewer than `window` were seen.

        Args:
          values: `[size]`; they are kept as they are, and must not change any more.
        """
        unknown = np.isnan(values)
        if np.count_nonzero(unknown):
            newer = [*self._last[1:], values]
            self._last = [np.where(unknown, x, y) for x, y in zip(self._last, newer, strict=True)]
        else:
            self._last = [*self._last[1:], values]
        return functools.reduce(np.minimum, self._last)
