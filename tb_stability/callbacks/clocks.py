"""Two clocks at once: what a step takes on an idle machine is the lesser of them."""

from __future__ import annotations

import time
from typing import NamedTuple


class Clocks(NamedTuple):
    """A moment, or the time between two, in seconds.

    Attributes:
      wall: By a clock on the wall. More than a step needs where other processes have the cores.
      processor: That all threads of this process computed. More than that where several compute at once,
        less where the process waits, as for data or for another device.
    """

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Clocks:
        """This moment."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: Clocks) -> Clocks:
        """The time from `start` to this moment."""
        return Clocks(self.wall - start.wall, self.processor - start.processor)
