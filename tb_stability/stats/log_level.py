"""How far many positive series lie from their own recent level, in decades."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.stats.decades import decades_of

Array = npt.NDArray[np.float64]

_SPREAD_STEP = 0.1  # of the step of the level: how far values scatter changes slowly


class LogLevel:
    r"""Level and spread of the logarithm of `size` series at once: a running median and its deviation.

        over_t   = log10(x_t) - m_{t-1}                                      [decades]
        m_t      = m_{t-1} + clip(over_t, -step, step)
        spread_t = spread_{t-1} + clip(|over_t| - spread_{t-1}, -step / 10, step / 10)

    with m_0 = log10 of the first value and spread_0 = 0. Both go up and down by the same step, so they
    settle where half of the values lie above: m at the median, the spread at the median absolute
    deviation from it. A jump is learned in `jump / step` values, and an outlier moves the level by one
    step only.

    Source: D. Tierney, A space-efficient recursive procedure for estimating a quantile, 1983, with
    steps of fixed size, so that the level follows a drift.

    A value that is 0, negative, NaN or Inf has `over` = NaN and teaches nothing.

    Args:
      size: Number of series.
      step: Largest change of the level, in decades a value.

    Attributes:
      level: `[size]` in decades; NaN before the first value.
      spread: `[size]` in decades.

    Example:
      >>> level = LogLevel(1)
      >>> for value in [1.0] * 20 + [100.0]:
      ...     over = level.update(np.array([value]))
      >>> float(over[0])
      2.0
    """

    def __init__(self, size: int, *, step: float = 0.02) -> None:
        self.step = step
        self.level: Array = np.full(size, np.nan)
        self.spread: Array = np.zeros(size)
        self._all_seen = size == 0

    def over(self, values: npt.NDArray[np.floating]) -> Array:
        """Returns how far `[size]` values lie above their level, in decades, and learns nothing."""
        return self._above(decades_of(values)[0])

    def update(self, values: npt.NDArray[np.floating]) -> Array:
        """Returns `over` of `[size]` values, and learns them; 0 for the first value of a series."""
        logs, all_known = decades_of(values)
        over = self._above(logs)
        if not self._all_seen:
            self.level = np.where(np.isnan(self.level), logs, self.level)
            self._all_seen = not np.isnan(self.level).any()
        spread = _clip(np.abs(over) - self.spread, _SPREAD_STEP * self.step)
        level = _clip(over, self.step)
        self.spread += spread if all_known else np.where(np.isnan(over), 0.0, spread)
        self.level += level if all_known else np.where(np.isnan(over), 0.0, level)
        return over

    def _above(self, logs: Array) -> Array:
        return logs - (self.level if self._all_seen else np.where(np.isnan(self.level), logs, self.level))


def _clip(values: Array, most: float) -> Array:
    """np.clip between -most and most, in half of the time."""
    clipped: Array = np.minimum(np.maximum(values, -most), most)
    return clipped
