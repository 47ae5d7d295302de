"""Are averages still on their first way to what they follow?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FIRST_STEPS = 10  # that tell the pace of the start
_PACE_WEIGHT = 0.05  # of the newest step in the present pace
_STRAIGHT = 0.9  # distance from the start against the length of the way
_FULL_PACE = 0.5  # present pace against that of the start


class CatchingUp:
    r"""Whether `size` moving averages of vectors go on as they began: straight on, and no slower.

        straight = distance from the start / sum of changes          >= 0.9
        pace     = mean change of the last 20 steps / largest of the first 10  >= 0.5

    An average that has reached what it follows scatters about it, or stands still: then the one or the
    other is small. An average x with x_t = m x_{t-1} + (1 - m) b_t loses half of its pace in 0.7 / (1 - m)
    steps: 69 for m = 0.99, and 6900 for 0.9999. Once none is on its first way any more, none ever is again.

    A value that is NaN adds nothing.

    Args:
      size: Number of averages.

    Attributes:
      has_arrived: Whether none is on its way any more; further updates then change nothing.
    """

    def __init__(self, size: int) -> None:
        self.has_arrived = False
        self._count = 0
        self._way: Array = np.zeros(size)
        self._first: Array = np.zeros(size)
        self._pace: Array = np.zeros(size)

    def update(self, change: npt.NDArray[np.floating], distance: npt.NDArray[np.floating]) -> float:
        """Takes `[size]` L2 changes of a step, and distances from the start.

        Returns:
          The share of the averages that are still on their way, of those that moved; 0 before the 20th step.
        """
        if self.has_arrived:
            return 0.0
        known: Array = np.where(np.isfinite(change), change, 0.0).astype(np.float64)
        self._count += 1
        self._way += known
        if self._count <= _FIRST_STEPS:
            self._first = np.maximum(self._first, known)
        self._pace += max(1.0 / self._count, _PACE_WEIGHT) * (known - self._pace)
        moved = self._way > 0.0
        if self._count < 2 * _FIRST_STEPS or not moved.any():
            return 0.0
        going = (distance >= _STRAIGHT * self._way) & (self._pace >= _FULL_PACE * self._first)
        share = float(np.count_nonzero(going & moved) / np.count_nonzero(moved))
        self.has_arrived = share == 0.0
        return share
