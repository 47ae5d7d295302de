"""Samples that are dear to store: at growing intervals, and around an alarm."""

from __future__ import annotations

from typing import Generic, TypeVar

Sample = TypeVar("Sample")


class SampleKeeper(Generic[Sample]):
    """Chooses which samples of a run are stored.

    The least distance between two of them doubles each time that `per_interval` were stored, so their number
    grows with the logarithm of the run's length. In addition, the last sample before an alarm
    and the first one after it are stored.

    Args:
      per_interval: Samples until the distance doubles.

    Example:
      >>> keeper = SampleKeeper(per_interval=2)
      >>> for step in range(20):
      ...     keeper.offer(step, f"sample {step}")
      >>> [step for step, _ in keeper.take()]
      [0, 1, 3, 5, 9, 13]
    """

    def __init__(self, per_interval: int) -> None:
        self.per_interval = per_interval
        self._interval = 1
        self._chosen = 0
        self._next_step: int | None = None
        self._newest: tuple[int, Sample] | None = None  # one that is not stored
        self._is_forced = False
        self._pending: list[tuple[int, Sample]] = []

    def change_size(self, per_interval: int) -> None:
        """Goes on with samples of another size; those that were to be stored must have been taken before."""
        self.per_interval = per_interval
        self._newest = None

    def offer(self, step: int, sample: Sample) -> None:
        """Takes the sample of a step, after those before."""
        if self._next_step is not None and step < self._next_step:
            self._newest = (step, sample)
            if self._is_forced:
                self._keep_newest()
            return
        self._chosen += 1
        if self._chosen % self.per_interval == 0:
            self._interval *= 2
        self._next_step = step + self._interval
        self._newest = (step, sample)
        self._keep_newest()

    def on_alarm(self) -> None:
        """Stores the newest sample, and the next one."""
        self._keep_newest()
        self._is_forced = True

    def take(self) -> list[tuple[int, Sample]]:
        """Returns the samples to store since the last time, as `(step, sample)` by step."""
        pending, self._pending = self._pending, []
        return pending

    def _keep_newest(self) -> None:
        if self._newest is not None:
            self._pending.append(self._newest)
        self._newest = None
        self._is_forced = False
