"""Axes: which values a chart shows, which of them get a label, and where a step lies.

The rules are those of the tab (`frontend/src/lib/scale.ts`), so that its pictures and these agree.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

_LINEAR_MARGIN = 0.08  # room above and below the data, as a share of the axis
_LOG_MARGIN = 1.25  # as a factor
_LOG_MIN_RATIO = 10.0  # at least one decade, so that noise does not look like a jump


@dataclasses.dataclass(frozen=True)
class StepAxis:
    """Where steps lie. A step is a cell one step wide, with the step in its middle.

    Attributes:
      first, last: The steps at the ends, which belong to it.
      left: Of the axis, in units of the picture.
      width: Likewise.
    """

    first: int
    last: int
    left: float
    width: float

    def at(self, step: float) -> float:
        """Where a step is; `step - 0.5` is the left edge of its cell."""
        return self.left + (step - self.first + 0.5) / (self.last - self.first + 1) * self.width

    def ticks(self, count: int) -> list[int]:
        """About `count` whole steps to label."""
        return [int(tick) for tick in linear_ticks(self.first, self.last, count) if tick == int(tick)]


@dataclasses.dataclass(frozen=True)
class ValueAxis:
    """Where values lie.

    Attributes:
      min, max: The values at the ends, finite.
      log: Whether it is logarithmic; then `min` is above zero.
      top: Of the axis, in units of the picture, which grow downwards.
      height: Likewise.
    """

    min: float
    max: float
    log: bool
    top: float
    height: float

    def at(self, value: float) -> float:
        """Where a finite value is; one outside is at the edge, as zero is of a logarithmic axis."""
        inside = min(max(value, self.min), self.max)
        if self.log:
            share = math.log(inside / self.min) / math.log(self.max / self.min)
        else:
            share = (inside - self.min) / (self.max - self.min)
        return self.top + (1 - share) * self.height

    def ticks(self, count: int) -> list[float]:
        """About `count` round values to label."""
        return log_ticks(self.min, self.max, count) if self.log else linear_ticks(self.min, self.max, count)


def value_axis(arrays: Sequence[Floats], *, top: float, height: float) -> ValueAxis:
    """An axis that shows all finite values: logarithmic where no value is negative and one is above zero."""
    values = np.concatenate([np.asarray(a, np.float64) for a in arrays]) if arrays else np.zeros(0)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ValueAxis(0.0, 1.0, False, top, height)
    low, high = float(finite.min()), float(finite.max())
    if low >= 0 and high > 0:
        low = float(finite[finite > 0].min())
        widen = math.sqrt(max(1.0, _LOG_MIN_RATIO / (high / low)))
        return ValueAxis(low / widen / _LOG_MARGIN, high * widen * _LOG_MARGIN, True, top, height)
    span = high - low or abs(high) or 1.0
    return ValueAxis(low - _LINEAR_MARGIN * span, low + (1 + _LINEAR_MARGIN) * span, False, top, height)


def linear_ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round numbers from `low` to `high`.

    >>> linear_ticks(0, 299, 5)
    [0.0, 100.0, 200.0]
    """
    step = _round_step((high - low) / max(1, count))
    if step <= 0 or not math.isfinite(step):
        return [low]
    first = math.ceil(low / step)
    return [float(f"{i * step:.12g}") for i in range(first, math.floor(high / step) + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """At most about `count` powers of ten; where too few fit, also 2 and 5 times those, or round numbers.

    >>> log_ticks(1e-3, 200, 3)
    [0.01, 1.0, 100.0]
    """
    lowest, highest = math.log10(low), math.log10(high)
    every = max(1, math.ceil((highest - lowest) / max(1, count)))
    for factors in ((1,), (1, 2, 5)):
        powers = range(math.floor(math.floor(lowest) / every) * every, math.ceil(highest) + 1, every)
        # From its text, so that 1e-3 is exactly 0.001.
        ticks = [float(f"{factor}e{power}") for power in powers for factor in factors]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) >= 2:
            return inside
    return linear_ticks(low, high, count)


def _round_step(raw: float) -> float:
    if raw <= 0 or not math.isfinite(raw):
        return 0.0
    power = 10.0 ** math.floor(math.log10(raw))
    factor = raw / power
    return power * (1 if factor <= 1 else 2 if factor <= 2 else 5 if factor <= 5 else 10)
