"""One training, in three ways: block by block, from its start, and in a process of its own."""

from __future__ import annotations

import dataclasses
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import keras
from capture_models import CASES
from capture_variants import BASE, VARIANTS, Variant

_ENDLESS = 10**9


def variant_named(name: str) -> Variant:
    """Returns a row of `VARIANTS`, or the training that nobody watches."""
    return BASE if name == "base" else VARIANTS[name]


@dataclasses.dataclass(frozen=True)
class Block:
    """How long some steps took.

    Attributes:
      steps: Their number.
      steps_seconds: From the begin of the epoch to the end of the last step.
      end_seconds: What callbacks then did at the end of the epoch.
    """

    steps: int
    steps_seconds: float
    end_seconds: float

    def step_seconds(self, *, with_end: bool) -> float:
        """Returns the mean of a step."""
        return (self.steps_seconds + self.end_seconds * with_end) / self.steps


class Blocks(threading.Thread):
    """A `fit` that goes on only while it is told to: an epoch is a block of steps.

    So several trainings take turns in one process, each in its steady state. Only one runs at a time.

    Attributes:
      steps: Steps of a block.
      observers: The callbacks under test.
      steps_done: Steps so far.
    """

    def __init__(self, model_name: str, variant_name: str, log_dir: str, *, jit: bool, steps: int) -> None:
        super().__init__(daemon=True)
        self.steps = steps
        self.steps_done = 0
        self.observers: list[Any] = []
        self._case = CASES[model_name]
        self._variant = variant_named(variant_name)
        self._log_dir = log_dir
        self._jit = jit
        self._go = threading.Semaphore(0)
        self._rests = threading.Semaphore(0)
        self._ends = False
        self._times = [0.0, 0.0, 0.0]
        self._error: BaseException | None = None
        self.start()

    def next_block(self) -> Block:
        """Trains one block."""
        self._take_turn()
        self.steps_done += self.steps
        begin, stepped, end = self._times
        return Block(self.steps, stepped - begin, end - stepped)

    def finish(self) -> None:
        """Ends the training as the last epoch does."""
        self._ends = True
        if self.is_alive():
            self._take_turn()
            self.join()

    def run(self) -> None:
        """The thread."""
        self._go.acquire()
        try:
            if not self._ends:
                self._fit()
        except BaseException as error:
            self._error = error
        finally:
            self._rests.release()

    def _fit(self) -> None:
        model = self._case.compiled(self._variant.model_class, jit=self._jit)
        self.observers = self._variant.observers(self._case, model, self._log_dir)

        def note(at: int) -> None:
            self._times[at] = time.perf_counter()

        def rest() -> None:
            note(2)
            self._rests.release()
            self._go.acquire()
            if self._ends:
                model.stop_training = True

        first = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: note(0), on_epoch_end=lambda epoch, logs: note(1)
        )
        last = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rest())
        model.fit(
            self._case.batches(),
            steps_per_epoch=self.steps,
            epochs=_ENDLESS,
            shuffle=False,
            verbose=0,
            callbacks=[first, *self.observers, last],
        )

    def _take_turn(self) -> None:
        self._go.release()
        self._rests.acquire()
        if self._error is not None:
            raise self._error


class _StepTimes(keras.callbacks.Callback):
    """When each step began."""

    def __init__(self) -> None:
        super().__init__()
        self.begins: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.begins.append(time.perf_counter())


@dataclasses.dataclass(frozen=True)
class Started:
    """How a training began.

    Attributes:
      seconds: From the call of `fit` to the begin of its last step, beyond what its steps take at their
        median: tracing and compiling, whenever it happens.
      step_seconds: That median.
      peak_bytes: Peak resident memory of the process.
    """

    seconds: float
    step_seconds: float
    peak_bytes: int


@dataclasses.dataclass(frozen=True)
class StartUp:
    """The first steps of a new model: which model, watched how, where it logs, how many steps (3 or more)."""

    model: str
    variant: str
    log_dir: str
    _: dataclasses.KW_ONLY
    jit: bool
    steps: int

    def measure(self) -> Started:
        """Trains here."""
        case, variant = CASES[self.model], variant_named(self.variant)
        model = case.compiled(variant.model_class, jit=self.jit)
        times = _StepTimes()
        callbacks = [times, *variant.observers(case, model, self.log_dir)]
        begin = time.perf_counter()
        model.fit(case.batches(), steps_per_epoch=self.steps, shuffle=False, verbose=0, callbacks=callbacks)
        step = statistics.median(b - a for a, b in itertools.pairwise(times.begins))
        return Started(times.begins[-1] - begin - step * (self.steps - 1), step, _peak_bytes())

    def measure_in_new_process(self) -> Started:
        """Trains in a process that trained nothing but a tiny model before, to start TensorFlow itself."""
        command = [sys.executable, __file__, json.dumps(dataclasses.asdict(self))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the process that measures memory failed:\n{done.stderr}")
        return Started(**json.loads(done.stdout.splitlines()[-1]))


def _peak_bytes() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if (
        status.exists()
    ):  # Linux, where `ru_maxrss` begins with the memory of the process that started this one
        line = next(x for x in status.read_text(encoding="ascii").splitlines() if x.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        StartUp("tiny", "base", folder, jit=False, steps=3).measure()
    print(json.dumps(dataclasses.asdict(StartUp(**json.loads(sys.argv[1])).measure())))
