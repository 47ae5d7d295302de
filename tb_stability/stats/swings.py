"""Does a series swing up and down, or does it only scatter?"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FAR_SHARE = 0.2  # of the size, that a value must be away from the line to be on a side of it
_ROUNDING = 1e-18  # of the power of the values, below which they lie on a line


@dataclasses.dataclass(frozen=True)
class Swings:
    """How a stretch of a series moves about its trend.

    Attributes:
      size: Distance of its 90 % quantile from its 10 % quantile, in its unit.
      fall: Median of the first half minus that of the second, in its unit.
      memory: Autocorrelation of neighbours about the line through the stretch, with outliers clipped to
        the same quantiles, in [-1, 1]: near 0 for independent values, whatever their distribution; near 1 for
        a slow swing; near -1 for one that turns at every step. Of n independent values it has a standard
        deviation of 1 / sqrt(n).
      turns: How often it crosses the line, from a fifth of `size` on one side to as far on the other.
      step: Mean distance of neighbours, in its unit.
    """

    size: float
    fall: float
    memory: float
    turns: int
    step: float


def _turns(about: Array, far: float) -> int:
    """Crossings of zero between values that are at least `far` from it."""
    sides = np.sign(about[np.abs(about) >= far])
    return int(np.count_nonzero(sides[1:] != sides[:-1]))


def swings_of(values: Array) -> Swings:
    """Describes `[n]` finite values, n at least 4.

    A series that lies on a line has a memory of 0 and no turns.

    Source: J. von Neumann, Distribution of the ratio of the mean square successive difference to the
    variance, 1941, for the autocorrelation of neighbours as a test of independence.

    Example:
      >>> swings = swings_of(np.array([1.0, 3.0] * 8))
      >>> swings.size, swings.turns, round(swings.memory, 1)
      (2.0, 15, -0.9)
    """
    count = len(values)
    ordered = np.sort(values)
    low, high = (float(ordered[int(q * (count - 1))]) for q in (0.1, 0.9))
    half = count // 2
    time = _centred_times(count)
    about = np.minimum(np.maximum(values, low), high)
    about -= np.add.reduce(about) / count + time * (time @ about) / (time @ time)
    power = float(about @ about)
    is_line = power <= _ROUNDING * float(values @ values)
    return Swings(
        size=high - low,
        fall=_median(values[:half]) - _median(values[half:]),
        memory=0.0 if is_line else float(about[1:] @ about[:-1]) / power,
        turns=0 if is_line else _turns(about, _FAR_SHARE * (high - low)),
        step=float(np.add.reduce(np.abs(values[1:] - values[:-1]))) / (count - 1),
    )


@functools.lru_cache(maxsize=4)
def _centred_times(count: int) -> Array:
    return np.arange(count, dtype=np.float64) - (count - 1) / 2.0


def _median(values: Array) -> float:
    """That of numpy, for finite values, in a tenth of the time."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2.0
