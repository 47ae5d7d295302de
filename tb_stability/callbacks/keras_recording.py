"""One Keras optimizer being observed into one run: what `fit` and a custom loop share."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tb_stability.measures.tensorflow.observer import Observer
from tb_stability.recorder import Recorder
from tb_stability.series import Layout, StepValues
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.tensorflow import open_record_file

DRAIN_STEPS = 32
"""Steps that are fetched from the device together."""

DRAIN_SECONDS = 0.5
"""Longest time between two fetches: slow steps are judged one by one."""


def open_recorder(log_dir: str | os.PathLike[str]) -> Recorder:
    """Returns the recorder of the run in `log_dir`; writes nothing before the first step.

    Raises:
      TypeError: If `log_dir` is no path.
      ValueError: If it is empty.
    """
    path = os.fspath(log_dir)
    if not isinstance(path, str):
        raise TypeError(f"log_dir must be a str or a path of one: got {log_dir!r}. Decode it first.")
    if not path:
        raise ValueError('log_dir must not be empty. Name the directory of this run, such as "logs/exp1".')
    return Recorder(lambda: EventFileWriter(path, open_records=open_record_file))


def require_tensorflow_backend() -> None:
    """Raises RuntimeError where Keras runs on another backend: its steps pass no optimizer of TensorFlow."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"Stability records Keras on TensorFlow; this Keras runs on {backend!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Keras is imported."
        )


class KerasRecording:
    """Moves the measures of one optimizer from the device to the recorder, in blocks."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        model: keras.Model | None,
        optimizer: Any,
        observe_loss: bool,
        steps_per_call: int = 1,
    ) -> None:
        """Prepares; nothing is observed outside of `observing()`.

        Args:
          recorder: The run to record into; goes on where that run is.
          model: See `Observer`.
          optimizer: See `Observer`.
          observe_loss: See `Observer`.
          steps_per_call: Steps that may run between two calls of `drain_if_due`.
        """
        self._recorder = recorder
        self._observer = Observer(
            optimizer,
            model,
            capacity=2 * max(DRAIN_STEPS, steps_per_call),
            observe_loss=observe_loss,
        )
        self._steps_per_call = steps_per_call
        self._undrained_steps = 0
        self._drained_at = time.monotonic()
        # A run that goes on from a checkpoint continues its count.
        iterations = int(getattr(optimizer, "inner_optimizer", optimizer)._iterations.numpy())
        self._next_step = max(recorder.next_step, iterations)
        self._broken = False
        self._warned = False

    def observing(self) -> contextlib.AbstractContextManager[None]:
        """While inside, updates of the optimizer are measured."""
        return self._observer.attached()

    def count_call(self) -> None:
        """Notes that the step function was called once more."""
        self._undrained_steps += self._steps_per_call

    @property
    def is_drain_due(self) -> bool:
        """Whether enough steps, or time, have passed since the last `drain`."""
        if self._undrained_steps == 0:
            return False
        if self._undrained_steps + self._steps_per_call > DRAIN_STEPS:
            return True
        return time.monotonic() - self._drained_at > DRAIN_SECONDS

    def drain(self, given: Sequence[Mapping[str, float]] = ()) -> None:
        """Fetches and records the updates since the last time. A fault of ours is one warning.

        Args:
          given: Scalars that the caller knows (`loss` in a custom loop, `val_loss`), in step order, up to
            the last update. Where there were several updates for each, the last of them gets it.
        """
        self._undrained_steps = 0
        self._drained_at = time.monotonic()
        if self._broken:
            return
        try:
            self._fetch(given)
        except Exception as error:
            self._broken = True
            warnings.warn(
                f"Stability stopped recording; training goes on. {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=3,
            )

    def flush(self) -> None:
        """Fetches and writes what was seen: training may be about to end badly."""
        self.drain()
        self._recorder.flush()

    def close(self, *, state: State) -> None:
        """Fetches the rest and closes the log."""
        self.drain()
        self._recorder.close(state=state)

    def _fetch(self, given: Sequence[Mapping[str, float]]) -> None:
        values, lost = self._observer.drain()
        self._next_step += lost
        if not values and given:
            self._warn_unobserved()
            values = [StepValues({}) for _ in given]
        updates_each = max(1, len(values) // len(given)) if given else 1
        for i, scalars in enumerate(reversed(given)):
            at = len(values) - 1 - i * updates_each
            if at >= 0:
                values[at] = dataclasses.replace(values[at], scalars={**values[at].scalars, **scalars})
        self._recorder.record(values, self._observer.layout or Layout(), first_step=self._next_step)
        self._next_step += len(values)

    def _warn_unobserved(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                "Stability saw no update of the optimizer, so only the loss is recorded. Make the "
                "StabilityMonitor before the first call of your tf.function (it observes what is traced "
                "after it), and give it the optimizer whose apply() is called.",
                RuntimeWarning,
                stacklevel=4,
            )
