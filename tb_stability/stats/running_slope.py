"""Whether a series rises or falls, beyond its noise."""

from __future__ import annotations

import math


class RunningSlope:
    r"""Least-squares slope of a series against the number of its values, and how sure it is.

        errors = b / (s / sqrt(sum (i - mean i)^2))        [standard errors]

    with b the slope over all values i = 1 ... n, and s the standard deviation about the line. Kept as moments
    about the means, so that neither a large constant nor many values cost digits.

    Values must be finite; the caller keeps NaN and Inf out.

    Source: B. Welford, Note on a method for calculating corrected sums of squares and products, 1962.

    Attributes:
      count: Number of values.

    Example:
      >>> slope = RunningSlope()
      >>> for value in (5.0, 4.1, 3.0, 1.9, 1.0):
      ...     slope.update(value)
      >>> slope.errors < -10
      True
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        self._power = 0.0  # sum of (x - mean)^2
        self._product = 0.0  # sum of (i - mean i)(x - mean)

    def update(self, value: float) -> None:
        """Takes the next value."""
        self.count += 1
        deviation = value - self._mean
        self._mean += deviation / self.count
        self._power += deviation * (value - self._mean)
        self._product += deviation * (self.count - 1) / 2.0  # (n - mean i) of the new i = n

    @property
    def slope(self) -> float:
        """The slope, in the unit of the series a value; 0 before the second value."""
        return self._product / self._times if self.count > 1 else 0.0

    @property
    def _times(self) -> float:
        """Sum of (i - mean i)^2."""
        return self.count * (self.count**2 - 1.0) / 12.0

    @property
    def errors(self) -> float:
        """The slope in units of its standard error; 0 before the third value and for a constant."""
        n, times = self.count, self._times
        rest = self._power - self._product**2 / times if n > 2 else 0.0
        if rest <= 1e-18 * self._power:
            return math.copysign(math.inf, self._product) if n > 2 and self._power > 0.0 else 0.0
        return self._product / times / math.sqrt(rest / (n - 2) / times)
