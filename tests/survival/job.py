"""What a child that trains is told, and what is known of it afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal

TERMINATED = 143
"""Exit code of a process that ends in order because of SIGTERM, as shells have it."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A training in a process of its own, and what happens to it.

    Attributes:
      log_dir: Where it writes.
      way: `fit`, or `loop` for a custom loop.
      writer: Who writes the log: `stability`, `default` (`keras.callbacks.TensorBoard(update_freq=1)`, in a
        loop `tf.summary`), or `none`.
      steps: Steps of the training.
      spike_step: Where the learning rate becomes much too high.
      fault: What the user's code does at `fault_step`: `error`, `memory` (asks for more than there is, below
        a limit of the address space), `abort` (as the C++ runtime does where it cannot go on).
      fault_step: A step.
      signal: A signal that the child gets, `signal_delay` seconds after `signal_step`.
      signal_step, signal_delay: When.
      stops: Steps at which the child stands still while its log is copied, to `<log_dir>.0` and so on: what a
        SIGKILL would leave then, since what the child has written stays, and what it holds is lost.
      exits: Whether the user's code turns SIGTERM into an exit, with the code 143.
      file_bytes: Largest size of a file, beyond which the disk is full; None for no limit.
      user: The user that it runs as, where the parent is root.
      clock: Whether `time.time` jumps by days.
      checkpoint: File with weights and steps so far: read at the start, written at every tenth step.
      weights: File that takes the weights in the end, also where the user's code failed.
      twin: Whether two such processes write the same run at once.
    """

    log_dir: str
    way: Literal["fit", "loop"] = "fit"
    writer: Literal["stability", "default", "none"] = "stability"
    steps: int = 200
    spike_step: int = 60
    fault: Literal["error", "memory", "abort"] | None = None
    fault_step: int = 100
    signal: int | None = None
    signal_step: int = 0
    signal_delay: float = 0.0
    stops: tuple[int, ...] = ()
    exits: bool = False
    file_bytes: int | None = None
    user: int | None = None
    clock: bool = False
    checkpoint: str = ""
    weights: str = ""
    twin: bool = False


@dataclasses.dataclass(frozen=True)
class Told:
    """What a child tells after every step.

    Attributes:
      step: Steps that were trained.
      windows: The windows that the monitor had opened, as `(kind, start_step)`.
    """

    step: int = 0
    windows: tuple[tuple[str, int], ...] = ()

    @classmethod
    def read(cls, step: int, windows: Iterable[Iterable[object]]) -> Told:
        """From the members of a JSON document."""
        return cls(step, tuple((str(kind), int(str(start))) for kind, start in windows))


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a child ended, and what it last told.

    Attributes:
      status: Its exit code; that of a signal is negative.
      step: Steps that were trained.
      windows: The windows that the monitor had opened, as `(kind, start_step)`.
      output: What it printed.
      stopped: What it had told at each of the `stops`.
    """

    status: int
    step: int
    windows: tuple[tuple[str, int], ...]
    output: str
    stopped: tuple[Told, ...] = ()
