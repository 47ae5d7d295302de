"""Whether the learning rate of a run is at its height: neither warming up nor decayed."""

from __future__ import annotations

import math

_DECAYED_SHARE = 0.5  # of the largest rate
_RISE = 1.001  # factor beyond which a rate has risen


class FullRate:
    """Tells at which steps a schedule leaves the training alone.

    A rate is decayed below half of its largest value. It warms up as long as it has risen within the second
    half of the steps.

    Example:
      >>> full = FullRate()
      >>> [full.update(rate) for rate in (0.1, 0.2, 0.2, 0.2, 0.09)]
      [False, False, False, True, False]
    """

    def __init__(self) -> None:
        self._steps = 0
        self._highest = 0.0
        self._rose_at = 0

    def update(self, learning_rate: float) -> bool:
        """Takes the rate of a step; returns whether it is at its height. True where it is not known (NaN)."""
        self._steps += 1
        if not math.isfinite(learning_rate):
            return True
        if learning_rate > _RISE * self._highest:
            self._highest = learning_rate
            self._rose_at = self._steps
        return learning_rate >= _DECAYED_SHARE * self._highest and self._steps >= 2 * self._rose_at
