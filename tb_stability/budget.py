"""The budget of recording: how often everything is measured, so that training does not notice."""

from __future__ import annotations

import collections
import math
import statistics
from collections.abc import Collection, Mapping

from tb_stability.report import Cost

FIRST_UPDATES = 64
"""Updates of a run that are measured in full whatever it costs: most failures happen early."""

CLOSE_LOOK_UPDATES = 256
"""Updates that are measured in full after something began to look abnormal."""

_PROBE_UPDATES = 8
"""Updates after which the time of a step is known well enough to judge the cost of measuring."""

_MOST_BETWEEN = 64
"""Updates between two that are measured in full, at most."""

_COMPARED_EVERY = 8
"""Updates between two that are measured in full, at most, until both kinds were timed side by side."""

_CALL_SECONDS = 10e-6
"""What the host does to be there at a call, beside what it does for blocks of them: some Python."""

_LATELY = 128
"""Calls over which the cost is told."""

_FAR_BEYOND = 4.0
"""Times the budget: what costs more is thinned at once. What costs less is thinned when the time spent beyond
the budget has grown to that of the first call: `fit` traces another step for it, as it did there."""

_UNSETTLED = 2
"""Calls of each kind, and blocks of work on the host, that are not timed: TensorFlow compiles, files are
opened."""


class Budget:
    r"""Chooses at which updates gradients and weights are measured in full.

        share = (host + thin + (full + host_full) / every) / base

    where base is the time of an update without us, thin and full what measuring adds to the step (scalars
    only, or everything), host and host_full what the host does with it (for every update, and in addition for
    one that was measured in full). `every` is the smallest number for which the share stays within the
    overhead; where it costs little more, everything is measured until what that cost is worth a tracing
    (`_FAR_BEYOND`).

    Times are those that the host sees. Where a step runs on a GPU and the host does not wait for it, they
    are those of starting it. What measuring in full adds is the lesser of what it adds to the time on the
    wall and to that of the processor: other processes on the machine are no cost of ours.

    Args:
      overhead: Share of the time of an update that recording may take; `math.inf` to measure all in full.

    Attributes:
      overhead: As given.
      every: Every n-th of the coming updates is to be measured in full, counted from 0.
    """

    def __init__(self, overhead: float) -> None:
        self.every = 1
        self.overhead = overhead
        self._updates = 0
        self._full_updates = 0
        self._calls = {True: 0, False: 0}
        self._seconds = _times_of_both_kinds()
        self._processor = _times_of_both_kinds()
        self._lately: collections.deque[bool] = collections.deque(maxlen=_LATELY)
        self._thin = math.nan
        self._full = math.nan
        self._blocks = 0
        self._host: collections.deque[float] = collections.deque(maxlen=9)
        self._host_full: collections.deque[float] = collections.deque(maxlen=9)
        self._close_look_ends = 0
        self._was_uneasy = False
        self._first_seconds = 0.0
        self._overdrawn = 0.0
        self._planned_updates = 0

    @property
    def needs_estimate(self) -> bool:
        """Whether it is time to call `estimate`."""
        return math.isnan(self._full) and len(self._seconds[True]) >= _PROBE_UPDATES

    def estimate(self, *, thin: float, full: float) -> None:
        """Takes what measuring probably adds to an update, in seconds.

        Args:
          thin: For scalars only.
          full: For everything; counts until updates of both kinds were timed.
        """
        self._thin, self._full = thin, max(thin, full)

    def took(self, seconds: float, *, processor: float, full: bool, updates: int = 1) -> None:
        """Takes the time of one call of the training step.

        Args:
          seconds: Its wall time.
          processor: Seconds that the process computed meanwhile, all threads together.
          full: Whether it was measured in full.
          updates: Updates that it made.
        """
        if not self._updates:
            self._first_seconds = seconds
        self._updates += updates
        self._full_updates += updates if full else 0
        self._lately.append(full)
        self._calls[full] += 1
        if self._calls[False] == 1 and not full:
            self._seconds[True].clear()  # of the first steps, which take longer
            self._processor[True].clear()
        if self._calls[full] > _UNSETTLED:
            self._seconds[full].append(seconds / updates)
            self._processor[full].append(processor / updates)

    def spent(self, seconds: float, *, updates: int, full: int) -> None:
        """Takes the time that the host spent on some updates, of which `full` were measured in full."""
        if not updates:
            return
        self._blocks += 1
        if self._blocks <= _UNSETTLED:
            return
        if full < updates / 2:
            self._host.append(max(0.0, seconds - full * _middle(self._host_full, 0.0)) / updates)
        else:
            # Until there are thin ones, all that the host does counts as done for the full ones.
            self._host_full.append(max(0.0, seconds - updates * _middle(self._host, 0.0)) / full)

    def plan(self, *, uneasy: bool) -> None:
        """Chooses `every` anew.

        Args:
          uneasy: Whether something looks abnormal: then everything is measured for a while.
        """
        if uneasy and not self._was_uneasy:
            self._close_look_ends = self._updates + CLOSE_LOOK_UPDATES
        self._was_uneasy = uneasy
        looks_closely = uneasy and self._updates < self._close_look_ends
        if math.isinf(self.overhead) or looks_closely or self._updates < FIRST_UPDATES:
            self.every = 1
        else:
            self.every = self._affordable(self._updates - self._planned_updates)
        self._planned_updates = self._updates

    @property
    def cost(self) -> Cost:
        """What recording costs, over the last updates."""
        observed = sum(self._lately) / len(self._lately) if self._lately else 1.0
        every = max(1, round(1 / observed)) if observed else self.every
        share = self._share(observed)
        return Cost(self.overhead, share, every, self._full_updates, _sentence(share, every))

    def _affordable(self, updates: int) -> int:
        """The smallest number of updates between two full ones that keeps within the budget.

        Args:
          updates: Those since the last plan.
        """
        base = self._base()
        if math.isnan(base) or math.isnan(self._full):
            return 1
        allowed = self.overhead * base
        left = allowed - self._always()
        dear = self._extra_of_full()
        if dear <= max(left, 0.0):
            return 1
        if not self._calls[False] and dear <= _FAR_BEYOND * left:
            self._overdrawn += updates * (dear - left)
            if self._overdrawn < self._first_seconds:
                return 1
        most = _MOST_BETWEEN if self._are_compared else _COMPARED_EVERY
        return min(most, math.ceil(dear / max(left, dear / _MOST_BETWEEN)))

    def _share(self, observed: float) -> float:
        base = self._base()
        own = self._always() + observed * self._extra_of_full()
        return own / base if base > 0 else math.nan

    def _always(self) -> float:
        """Seconds that every update costs, however little of it is measured."""
        return _middle(self._host, 0.0) + _CALL_SECONDS + self._thin

    @property
    def _are_compared(self) -> bool:
        """Whether enough updates of both kinds were timed."""
        return all(len(seconds) >= _PROBE_UPDATES for seconds in self._seconds.values())

    def _base(self) -> float:
        """Seconds of an update without us; NaN if unknown."""
        full, thin = self._seconds[True], self._seconds[False]
        if len(thin) >= _PROBE_UPDATES:
            return _rest(statistics.median(thin), self._thin)
        if len(full) >= _PROBE_UPDATES:
            return _rest(statistics.median(full), self._full)
        return math.nan

    def _extra_of_full(self) -> float:
        """Seconds that measuring an update in full adds to measuring its scalars, step and host."""
        host = _middle(self._host_full, 0.0)
        if self._are_compared:
            return host + max(0.0, min(_difference(self._seconds), _difference(self._processor)))
        return host + self._full - self._thin


def _times_of_both_kinds() -> dict[bool, collections.deque[float]]:
    """The latest times of updates that were measured in full, and of the others."""
    return {True: collections.deque(maxlen=32), False: collections.deque(maxlen=64)}


def _difference(seconds: Mapping[bool, Collection[float]]) -> float:
    return statistics.median(seconds[True]) - statistics.median(seconds[False])


def _rest(seconds: float, own: float) -> float:
    """What is left of a time without our part of it; an estimate of more than half of it is not believed."""
    return max(seconds - own, seconds / 2)


def _middle(values: Collection[float], unknown: float) -> float:
    """The median; `unknown` of nothing."""
    return statistics.median(values) if values else unknown


def _sentence(share: float, every: int) -> str:
    observed = (
        "every step observed"
        if every == 1
        else f"loss and NaN checks at every step, layers observed at every {_ordinal(every)}"
    )
    if math.isnan(share):
        return f"What Stability costs is not known yet; {observed}."
    return f"Stability cost {100 * share:.1f} % of step time, {observed}."


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
