"""Series of one run whose steps do not compare, told apart by the clock."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

_FACTOR = 2.0
"""Between the steps of two series at one time, above which they count different things."""

_FEWEST_POINTS = 10
"""Of the loss, below which nothing can be said."""

_FEWEST_OTHERS = 2
"""Of the other series: one point, such as a learning rate at the start, says nothing."""


class Timeline:
    """When the loss of a run was at which step.

    Args:
      points: `(step, wall time)`, in increasing steps.
    """

    def __init__(self, points: Sequence[tuple[int, float]]) -> None:
        ordered = sorted(points, key=lambda point: (point[1], point[0]))
        self._steps = [step for step, _ in ordered]
        self._times = [time for _, time in ordered]

    def step_at(self, time: float) -> int:
        """The step that the loss was at; its first one before it began."""
        return self._steps[max(0, bisect.bisect_right(self._times, time) - 1)]

    def is_other(self, points: Sequence[tuple[int, float]]) -> bool:
        """Whether a series, given as `(step, wall time)`, counts something else than the loss.

        Looked at is its last point: an epoch or a batch, when the loss was at another number by more than a
        factor of two.
        """
        if len(self._steps) < _FEWEST_POINTS or len(points) < _FEWEST_OTHERS:
            return False
        step, time = points[-1]
        return max(step, 1) * _FACTOR < self.step_at(time) or step > _FACTOR * max(self._steps[-1], 1)
