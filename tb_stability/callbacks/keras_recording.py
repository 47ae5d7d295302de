"""One Keras optimizer being observed into one run: what `fit` and a custom loop share."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import warnings
from collections.abc import Mapping
from typing import Any

import keras

from tb_stability.callbacks.given_values import GivenValues
from tb_stability.measures.tensorflow.observer import Observer
from tb_stability.recorder import Recorder
from tb_stability.series import Layout, StepValues
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.tensorflow import open_record_file

DRAIN_UPDATES = 32
"""Updates that are fetched from the device together."""

DRAIN_SECONDS = 0.5
"""Longest time between two fetches: slow steps are judged one by one."""

_SILENT_CALLS = 64
"""Steps without any update after which something is wrong."""


def open_recorder(log_dir: str | os.PathLike[str]) -> Recorder:
    """Returns the recorder of the run in `log_dir`; writes nothing before the first step.

    Raises:
      TypeError: If `log_dir` is no path.
      ValueError: If it is empty.
    """
    path = os.fspath(log_dir) if isinstance(log_dir, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise TypeError(f'log_dir must be a path, such as "logs/exp1": got {log_dir!r}.')
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
    """Moves the measures of one optimizer from the device to the recorder, in blocks.

    A call is one run of the user's step function; it makes one update as a rule, but may make none
    (gradient accumulation) or many (a loop inside of a `tf.function`).
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        model: keras.Model | None,
        optimizer: Any,
        observe_loss: bool,
        capacity: int,
        updates_per_call: int = 1,
    ) -> None:
        """Prepares; nothing is observed outside of `observing()`.

        Args:
          recorder: The run to record into; goes on where that run is.
          model: See `Observer`.
          optimizer: See `Observer`.
          observe_loss: See `Observer`.
          capacity: Updates that are kept between two calls of `drain`; more of them are lost, with a warning.
          updates_per_call: How many updates a call is known to make; more are noticed.
        """
        self._recorder = recorder
        self._observer = Observer(optimizer, model, capacity=capacity, observe_loss=observe_loss)
        self._given = GivenValues()
        self._updates_per_call = updates_per_call
        self._calls = 0
        self._undrained_calls = 0
        self._updates = 0
        self._drained_at = time.monotonic()
        # A run that goes on from a checkpoint continues its count.
        iterations = int(getattr(optimizer, "inner_optimizer", optimizer)._iterations.numpy())
        self._next_step = max(recorder.next_step, iterations)
        self._broken = False
        self._warned: set[str] = set()

    def observing(self) -> contextlib.AbstractContextManager[None]:
        """While inside, updates of the optimizer are measured."""
        return self._observer.attached()

    def count_call(self, given: Mapping[str, Any] | None = None) -> None:
        """Notes that the step function ran once more.

        Args:
          given: Scalars of it that the caller knows, see `GivenValues`.
        """
        self._calls += 1
        self._undrained_calls += 1
        if given is not None:
            self._given.add(given, self._observer.updates())

    @property
    def is_drain_due(self) -> bool:
        """Whether enough updates, or time, have passed since the last `drain`."""
        if self._undrained_calls == 0:
            return False
        if self._calls == 1:  # how many updates does a call make?
            return True
        if (self._undrained_calls + 1) * self._updates_per_call > DRAIN_UPDATES:
            return True
        return time.monotonic() - self._drained_at > DRAIN_SECONDS

    def drain(self, at_last_update: Mapping[str, float] | None = None, *, is_last: bool = False) -> None:
        """Fetches and records the updates since the last time. A fault of ours is one warning.

        Args:
          at_last_update: Scalars that belong to the last of them.
          is_last: Whether no call will follow.
        """
        calls, self._undrained_calls = self._undrained_calls, 0
        self._drained_at = time.monotonic()
        if self._broken:
            return
        try:
            self._fetch(calls, at_last_update or {}, is_last)
        except Exception as error:
            self._broken = True
            self._warn(
                "fault", f"Stability stopped recording; training goes on. {type(error).__name__}: {error}"
            )

    def flush(self) -> None:
        """Fetches and writes what was seen: training may be about to end badly."""
        self.drain()
        self._recorder.flush()

    def close(self, *, state: State) -> None:
        """Fetches the rest and closes the log."""
        self.drain(is_last=True)
        self._recorder.close(state=state)

    def _fetch(self, calls: int, at_last_update: Mapping[str, float], is_last: bool) -> None:
        values, lost = self._observer.drain()
        new = len(values) + lost
        if calls:
            self._updates_per_call = max(self._updates_per_call, -(-new // calls))
        for update, scalars in self._given.take(self._updates + new).items():
            at = update - self._updates - lost
            if at >= 0:
                values[at] = _with_scalars(values[at], scalars)
        self._updates += new
        if not self._updates and self._calls and (is_last or self._calls >= _SILENT_CALLS):
            self._warn("silence", _SILENCE)
            values = [StepValues(scalars) for scalars in self._given.take_all()]
        if lost:
            self._warn("lost", f"Stability lost {lost} updates before step {self._next_step + lost}{_LOST}")
        if values and at_last_update:
            values[-1] = _with_scalars(values[-1], at_last_update)
        self._next_step += lost
        self._recorder.record(values, self._observer.layout or Layout(), first_step=self._next_step)
        self._next_step += len(values)

    def _warn(self, kind: str, sentence: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, RuntimeWarning, stacklevel=4)


_LOST = (
    ": too many ran without a call of on_step. "
    "Call it after every update, or after every call of your tf.function."
)

_SILENCE = (
    "Stability saw no update of the optimizer, so only a loss that was given is recorded. Either the step "
    "was traced before the StabilityMonitor was made (make it before the first call of your tf.function), "
    "or another optimizer is applied (in a train_step with optimizers of its own use one StabilityMonitor "
    "for each), or every update was skipped because its gradients were not finite (with loss scaling)."
)


def _with_scalars(values: StepValues, scalars: Mapping[str, float]) -> StepValues:
    return dataclasses.replace(values, scalars={**values.scalars, **scalars})
