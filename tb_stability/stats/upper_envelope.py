"""The upper envelope of many positive series at once, in decades."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.stats.decades import decades_of

Array = npt.NDArray[np.float64]


class UpperEnvelope:
    r"""How far each of `size` series lies above the largest values that it used to have.

        over_t = log10(x_t) - e_{t-1}                     [decades]
        e_t    = e_{t-1} + min(over_t, rise)   if over_t > 0
                 e_{t-1} - fall                otherwise, but not below log10(x_t)

    with e_0 = log10 of the first value. The envelope learns growth only as fast
    as `rise` a step, so sudden growth stands out while it lasts and a lasting
    new level is learned after a while. It is compared with the envelope and not
    with the median, because healthy gradients have outliers far above their median.

    A value that is 0, NaN or Inf has `over` = NaN and teaches nothing.

    Args:
      size: Number of series.
      rise: Largest growth that is learned, in decades a step.
      fall: How fast old maxima are forgotten, in decades a step.

    Attributes:
      all_known: Whether no `over` of the newest step is NaN.
    """

    def __init__(self, size: int, *, rise: float = 0.05, fall: float = 0.001) -> None:
        self.rise = rise
        self.fall = fall
        self.all_known = False
        self._envelope: Array = np.full(size, np.nan)
        self._all_seen = size == 0

    def update(self, values: npt.NDArray[np.floating]) -> Array:
        """Returns `over` for `[size]` values, in decades; 0 for the first value of a series."""
        logs, self.all_known = decades_of(values)
        if not self._all_seen:
            self._envelope = np.where(np.isnan(self._envelope), logs, self._envelope)
            self._all_seen = not np.isnan(self._envelope).any()
        over: Array = logs - self._envelope
        step = np.maximum(np.minimum(over, self.rise), -self.fall)
        self._envelope += step if self.all_known else np.where(np.isnan(step), 0.0, step)
        return over
