"""The learning rate over the steps of a run, in bounded memory."""

from __future__ import annotations

import collections
import dataclasses
import math

_CHANGE = 1.1  # factor between two rates that are kept
_MOST_RATES = 128  # that are kept; the oldest are forgotten
_LARGE_RISE = 3.0  # factor
_RISE_STEPS = 20  # steps before an onset in which a rise may be its cause


@dataclasses.dataclass(frozen=True)
class Rise:
    """A rise of the learning rate from `before` to `after`; it had tripled at `step`."""

    before: float
    after: float
    step: int


class LearningRates:
    """Remembers each change of the learning rate by a tenth or more.

    A rate that is not finite or not positive is ignored.

    Example:
      >>> rates = LearningRates()
      >>> for step in range(400):
      ...     rates.update(step, 0.001 if step < 300 else 0.1)
      >>> rates.at(299), rates.rise_before(301)
      (0.001, Rise(before=0.001, after=0.1, step=300))
    """

    def __init__(self) -> None:
        self._changes: collections.deque[tuple[int, float]] = collections.deque(maxlen=_MOST_RATES)

    def update(self, step: int, rate: float) -> None:
        """Takes the rate of a step, greater than the one before."""
        if self._changes and rate == self._changes[-1][1]:  # as at most steps
            return
        if not (math.isfinite(rate) and rate > 0.0):
            return
        if not self._changes or not 1 / _CHANGE < rate / self._changes[-1][1] < _CHANGE:
            self._changes.append((step, rate))

    def at(self, step: int) -> float:
        """Returns the rate at a step, within a tenth; NaN where none is known.

        Before the first one that is remembered, it is that one.
        """
        found = self._changes[0][1] if self._changes else math.nan
        for changed_at, rate in self._changes:
            if changed_at > step:
                break
            found = rate
        return found

    def rise_before(self, step: int) -> Rise | None:
        """Returns the rise to three times or more within the 20 steps before `step`, if there was one."""
        before = self.at(step - _RISE_STEPS - 1)
        recent = [(s, rate) for s, rate in self._changes if step - _RISE_STEPS <= s <= step]
        tripled = [s for s, rate in recent if rate >= _LARGE_RISE * before]
        return Rise(before, max(rate for _, rate in recent), tripled[0]) if tripled else None
