"""Quantiles of the most recent values of a stream."""

from __future__ import annotations

import collections
from bisect import bisect_left, insort


class RunningQuantiles:
    """Order statistics of the last `window` values.

    Quantiles are the nearest rank, rounded down: no interpolation, so that
    every result is a value that was seen.

    Args:
      window: Number of values that are remembered, at least 1.

    Values must be finite; the caller keeps NaN and Inf out.

    Example:
      >>> recent = RunningQuantiles(window=3)
      >>> for loss in [2.0, 9.0, 1.0, 3.0]:
      ...     recent.update(loss)
      >>> recent.median, recent.quantile(1.0)
      (3.0, 9.0)
    """

    def __init__(self, window: int) -> None:
        if window < 1:
            raise ValueError(f"window must be at least 1: got {window}. One value is its own median.")
        self.window = window
        self._arrived: collections.deque[float] = collections.deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def update(self, value: float) -> None:
        """Takes the next value and forgets the oldest one where the window is full."""
        arrived, ordered = self._arrived, self._sorted
        if len(arrived) == self.window:
            del ordered[bisect_left(ordered, arrived.popleft())]
        arrived.append(value)
        insort(ordered, value)

    def quantile(self, share: float) -> float:
        """Returns the value that `share` (0 to 1) of the window do not exceed; NaN before the first value."""
        if not self._sorted:
            return float("nan")
        return self._sorted[int(share * (len(self._sorted) - 1))]

    @property
    def median(self) -> float:
        """The lower median; NaN before the first value."""
        ordered = self._sorted
        return ordered[(len(ordered) - 1) // 2] if ordered else float("nan")
