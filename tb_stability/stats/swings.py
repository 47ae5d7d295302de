"""Does a series swing up and down, or does it only scatter?"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FAR_SHARE = 0.2  # of the size, that a value must be away from the line to be on a side of it
_ROUNDING = 1e-18  # of the power of the values, below which they lie on a line


class Swings:
    """How a stretch of a series moves about its trend.

    A series that lies on a line has a memory of 0 and no turns. Each number is computed when it is asked for:
    of most stretches the memory says all.

    Source: J. von Neumann, Distribution of the ratio of the mean square successive difference to the
    variance, 1941, for the autocorrelation of neighbours as a test of independence.

    Args:
      values: `[n]` finite values, n at least 4; must not change while they are described.

    Attributes:
      size: Distance of its 90 % quantile from its 10 % quantile, in its unit.
      memory: Autocorrelation of neighbours about the line through the stretch, with outliers clipped to
        the same quantiles, in [-1, 1]: near 0 for independent values, whatever their distribution; near 1 for
        a slow swing; near -1 for one that turns at every step. Of n independent values it has a standard
        deviation of 1 / sqrt(n).

    Example:
      >>> swings = Swings(np.array([1.0, 3.0] * 8))
      >>> swings.size, swings.turns, round(swings.memory, 1)
      (2.0, 15, -0.9)
    """

    def __init__(self, values: Array) -> None:
        self._values = values
        count = len(values)
        ordered = np.sort(values)
        low, high = (float(ordered[int(q * (count - 1))]) for q in (0.1, 0.9))
        time, power_of_time = _centred_times(count)
        about = np.minimum(np.maximum(values, low), high)
        about -= np.add.reduce(about) / count + time * (time @ about) / power_of_time
        power = float(about @ about)
        is_line = power <= _ROUNDING * float(values @ values)
        self.size = high - low
        self.memory = 0.0 if is_line else float(about[1:] @ about[:-1]) / power
        self._about = None if is_line else about

    @property
    def fall(self) -> float:
        """Median of the first half minus that of the second, in its unit."""
        half = len(self._values) // 2
        return _median(self._values[:half]) - _median(self._values[half:])

    @property
    def turns(self) -> int:
        """How often it crosses the line, from a fifth of `size` on one side to as far on the other."""
        return 0 if self._about is None else _turns(self._about, _FAR_SHARE * self.size)

    @property
    def step(self) -> float:
        """Mean distance of neighbours, in its unit."""
        values = self._values
        return float(np.add.reduce(np.abs(values[1:] - values[:-1]))) / (len(values) - 1)


def _turns(about: Array, far: float) -> int:
    """Crossings of zero between values that are at least `far` from it."""
    sides = np.sign(about[np.abs(about) >= far])
    return int(np.count_nonzero(sides[1:] != sides[:-1]))


@functools.lru_cache(maxsize=4)
def _centred_times(count: int) -> tuple[Array, float]:
    """0, 1, ... about their mean, and the sum of their squares."""
    times: Array = np.arange(count, dtype=np.float64) - (count - 1) / 2.0
    return times, float(times @ times)


def _median(values: Array) -> float:
    """That of numpy, for finite values, in a tenth of the time."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2.0
