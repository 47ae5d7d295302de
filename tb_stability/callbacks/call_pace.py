"""The calls of a step function: how much of each is measured, and when the measures are fetched."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tb_stability.budget import FIRST_UPDATES, Budget
from tb_stability.callbacks.clocks import Clocks
from tb_stability.report import Cost

DRAIN_UPDATES = 256
"""Updates that are fetched from the device together: the host works through many of them in less time, ..."""

DRAIN_FULL_UPDATES = 64
"""... but not more than so many that were measured in full, which take memory on the device."""

FIRST_DRAINS = 8
"""The same among the first updates, where most failures happen, and the cost is not known yet, ..."""

DRAIN_SHARE = 1 / 8
"""... and then this share of all so far: what is on the device only is lost where the process is killed."""

DRAIN_SECONDS = 0.5
"""Longest time between two fetches: slow steps are judged one by one."""

SAMPLE_UPDATES = 32
"""Updates between two at which histograms and activations are measured, where the budget allows."""

FIRST_SAMPLES = 8
"""The same among the first updates."""


class CallPace:
    """Counts the calls of one training, and keeps to its budget.

    A call makes one update as a rule, but may make none (gradient accumulation) or many (a loop inside of
    a `tf.function`).

    Args:
      overhead: See `Budget`.
      updates_per_call: How many updates a call is known to make; more are noticed.

    Attributes:
      calls: Calls so far.
      updates: Updates that were fetched so far.
    """

    def __init__(self, overhead: float, *, updates_per_call: int) -> None:
        self.calls = 0
        self.updates = 0
        self._budget = Budget(overhead)
        self._updates_per_call = updates_per_call
        self._undrained: list[float] = []
        self._undrained_full = 0
        self._drained_at = time.monotonic()

    @property
    def cost(self) -> Cost:
        """What recording costs."""
        return self._budget.cost

    @property
    def is_full(self) -> bool:
        """Whether the coming call is to be measured in full."""
        return self.calls % self._budget.every == 0

    @property
    def full_every(self) -> int:
        """Every n-th of the coming calls is to be measured in full."""
        return self._budget.every

    @property
    def sample_every(self) -> int:
        """At which of the updates that are measured in full what is dear is measured, too: every n-th."""
        if math.isinf(self._budget.overhead):
            return 1
        if self.updates < FIRST_UPDATES:
            return FIRST_SAMPLES
        return max(1, SAMPLE_UPDATES // self._budget.every)

    def took(self, spent: Clocks) -> None:
        """Notes that the step function ran once more, and how long that took."""
        self._budget.took(
            spent.wall, processor=spent.processor, full=self.is_full, updates=self._updates_per_call
        )
        self._undrained_full += self.is_full
        self.calls += 1
        self._undrained.append(spent.wall)

    def is_drain_due(self) -> bool:
        """Whether enough updates, or time, have passed since the last `take_calls`."""
        undrained = len(self._undrained)
        if undrained == 0:
            return False
        if self.calls == 1:  # how many updates does a call make?
            return True
        first = max(FIRST_DRAINS, DRAIN_SHARE * self.updates)
        for calls, most in ((undrained, DRAIN_UPDATES), (self._undrained_full, DRAIN_FULL_UPDATES)):
            if (calls + 1) * self._updates_per_call > min(first, most):
                return True
        return time.monotonic() - self._drained_at > DRAIN_SECONDS

    def take_calls(self) -> list[float]:
        """Returns the times of the calls since the last time: their measures are being fetched."""
        calls, self._undrained = self._undrained, []
        self._undrained_full = 0
        self._drained_at = time.monotonic()
        return calls

    def fetched(self, calls: int, updates: int) -> None:
        """Notes how many updates some calls made."""
        self.updates += updates
        if calls:
            self._updates_per_call = max(self._updates_per_call, -(-updates // calls))

    def spent(self, seconds: float, *, updates: int, full: int) -> None:
        """Notes the time that the host spent on some updates, of which `full` were measured in full."""
        self._budget.spent(seconds, updates=updates, full=full)

    def plan(self, estimate: Callable[[], tuple[float, float]], *, uneasy: bool) -> None:
        """Decides how much of the coming calls is measured.

        Args:
          estimate: Returns the arguments of `Budget.estimate`; called once.
          uneasy: See `Budget.plan`.
        """
        if self._budget.needs_estimate:
            thin, full = estimate()
            self._budget.estimate(thin=thin, full=full)
        self._budget.plan(uneasy=uneasy)
