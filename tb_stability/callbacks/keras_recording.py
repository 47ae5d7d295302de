"""One Keras optimizer being observed into one run: what `fit` and a custom loop share."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.callbacks import sentences
from tb_stability.callbacks.call_pace import CallPace
from tb_stability.callbacks.clocks import Clocks
from tb_stability.callbacks.given_values import GivenValues
from tb_stability.callbacks.step_scalars import with_scalars, with_seconds
from tb_stability.callbacks.uninterrupted import uninterrupted
from tb_stability.measures.tensorflow import replicas
from tb_stability.measures.tensorflow.measuring import Detail
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors
from tb_stability.measures.tensorflow.observer import Observer
from tb_stability.recorder import Recorder
from tb_stability.report import Cost
from tb_stability.series import Layout, StepValues
from tb_stability.summary.report import State
from tb_stability.writers.discarded_records import DiscardedRecords
from tb_stability.writers.event_file import EventFileWriter

_SILENT_CALLS = 64
"""Steps without any update after which something is wrong."""


class KerasRecording:
    """Moves the measures of a training from the device to the recorder, in blocks.

    A call is one run of the user's step function; see `CallPace`.

    Where several processes train together, each of them has a recording, and the first one writes.

    Attributes:
      recorder: The run that is recorded into.
      is_one_of_several: Whether other processes train together with this one.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        model: keras.Model | None,
        optimizers: Sequence[Any],
        observe_loss: bool,
        capacity: int,
        overhead: float,
        updates_per_call: int = 1,
        jit_compile: bool = False,
        normalizations: NormalizationVectors | None = None,
    ) -> None:
        """Prepares; nothing is observed outside of `observing()` and `step()`.

        Args:
          recorder: The run to record into; goes on where that run is. One that writes nothing takes the
            place of a new run where another process writes.
          model: See `Observer`.
          optimizers: See `Observer`. The first one counts the updates.
          observe_loss: See `Observer`.
          capacity: See `Rows`; what is lost is said in a warning.
          overhead: See `Budget`.
          updates_per_call: How many updates a call is known to make; more are noticed.
          jit_compile: Whether XLA compiles the step.
          normalizations: See `Observer`.
        """
        if not recorder.next_step and not replicas.is_first_worker(optimizers[0]):
            recorder = Recorder(lambda: EventFileWriter("", open_records=DiscardedRecords))
        self.recorder = recorder
        self._observer = Observer(
            optimizers,
            model,
            capacity=capacity,
            observe_loss=observe_loss,
            jit_compile=jit_compile,
            normalizations=normalizations,
        )
        self._pace = CallPace(overhead, updates_per_call=updates_per_call)
        # The step of all processes must be the same, with the same sums in it: it may not depend on time.
        self.is_one_of_several = self._is_asked = replicas.are_several_workers(optimizers[0])
        self._given = GivenValues()
        self._measure_as_planned()
        self._model = model
        self._optimizers = tuple(optimizers)
        self._counter = getattr(optimizers[0], "inner_optimizer", optimizers[0])._iterations
        self._next_step = 0
        self.go_on()
        self._warned: set[str] = set()
        self._observes = replicas.are_all_workers_here(optimizers[0])
        self._broken = not self._observes
        if self._broken:
            self._warn("workers", sentences.WORKER_IS_MISSING)

    def is_of_model(self, model: keras.Model) -> bool:
        """Whether it is of this model."""
        return self._model is model

    def is_of(self, model: keras.Model, optimizers: Sequence[Any]) -> bool:
        """Whether it works, and is of this model and these optimizers."""
        same = len(optimizers) == len(self._optimizers) and all(
            a is b for a, b in zip(optimizers, self._optimizers, strict=True)
        )
        return not self._broken and self._model is model and same

    def go_on(self) -> None:
        """Begins where the run is: where it was, or at the updates that a checkpoint brought along."""
        self._next_step = max(self.recorder.next_step, int(self._counter.numpy()))

    @property
    def normalizations(self) -> NormalizationVectors:
        """The normalization layers, for the recording that continues this one."""
        return self._observer.normalizations

    @property
    def cost(self) -> Cost:
        """What recording costs."""
        return self._pace.cost

    @property
    def detail(self) -> Detail:
        """How much of the coming call is to be measured."""
        if self._is_asked:
            return Detail.ASKED
        return Detail.FULL if self._pace.is_full else Detail.SCALARS

    @property
    def traced_in_vain(self) -> bool:
        """Whether the step that ran is not the one that is measured: it must be traced anew."""
        return self._observer.traced_in_vain

    def observing(self) -> contextlib.AbstractContextManager[None]:
        """While inside, updates of the optimizer are measured, as much of each as the budget allows."""
        return self._observer.attached(Detail.ASKED) if self._observes else contextlib.nullcontext()

    def step(self, detail: Detail, data: Any) -> contextlib.AbstractContextManager[None]:
        """While inside, one step of the user's is traced or run on some data, and measured."""
        return self._observer.step(detail, data) if self._observes else contextlib.nullcontext()

    def count_call(self, spent: Clocks, given: Mapping[str, Any] | None = None) -> None:
        """Notes that the step function ran once more.

        Args:
          spent: How long it took.
          given: Scalars of it that the caller knows, see `GivenValues`.
        """
        self._pace.took(spent)
        if given is not None:
            self._given.add(given, self._observer.measuring.updates())

    def is_drain_due(self) -> bool:
        """Whether enough updates, or time, have passed since the last `drain`."""
        return self._pace.is_drain_due()

    @uninterrupted()
    def drain(self, at_last_update: Mapping[str, float] | None = None, *, is_last: bool = False) -> None:
        """Fetches and records the updates since the last time. A fault of ours is one warning.

        Args:
          at_last_update: Scalars that belong to the last of them.
          is_last: Whether no call will follow.
        """
        calls = self._pace.take_calls()
        if self._broken:
            return
        try:
            with tf.init_scope():  # a finalizer runs at any moment, also while another model is traced
                self._fetch(calls, at_last_update or {}, is_last)
                if calls and not is_last:
                    estimate = self._observer.measuring.estimated_seconds
                    self._pace.plan(estimate, uneasy=self.recorder.is_uneasy)
                    self._measure_as_planned()
        except Exception as error:
            self._broken = True
            reason = f"{type(error).__name__}: {error}"
            self._warn("fault", f"Stability stopped recording; training goes on. {reason}")

    @uninterrupted()
    def flush(self) -> None:
        """Fetches and writes what was seen: training may be about to end badly."""
        self.drain()
        self.recorder.flush()

    @uninterrupted()
    def close(self, *, state: State) -> None:
        """Fetches the rest and closes the log."""
        self.drain(is_last=True)
        self.recorder.close(state=state)

    def warn_if_never_called(self) -> None:
        """Says so where updates were made, but no call was counted: a loop of the user's calls too little."""
        if not (self._broken or self._pace.calls) and int(self._counter.numpy()) > self._next_step:
            self._warn("silence", sentences.NO_UPDATE)

    def _fetch(self, calls: Sequence[float], at_last_update: Mapping[str, float], is_last: bool) -> None:
        start = time.thread_time()  # not the time that the thread waits for a core, or for the device
        drained = self._observer.measuring.drain()
        values, lost = drained.values, drained.lost
        new = len(values) + lost
        before = self._pace.updates
        self._pace.fetched(len(calls), new)
        if values:
            values = with_seconds(values, calls)
        for update, scalars in self._given.take(before + new).items():
            at = update - before - lost
            if at >= 0:
                values[at] = with_scalars(values[at], scalars)
        calls_so_far = self._pace.calls
        if not self._pace.updates and calls_so_far and (is_last or calls_so_far >= _SILENT_CALLS):
            if not self._observer.has_failed:
                self._warn("silence", sentences.NO_UPDATE)
            values = [StepValues(scalars) for scalars in self._given.take_all()]
        if lost:
            self._warn(
                "lost", f"Stability lost {lost} updates before step {self._next_step + lost}{sentences.LOST}"
            )
        if values and at_last_update:
            values[-1] = with_scalars(values[-1], at_last_update)
        self._next_step += lost
        self.recorder.cost = self._pace.cost
        if drained.first_batch and not self.recorder.first_batch:
            self.recorder.first_batch = drained.first_batch
        self.recorder.record(values, self._observer.measuring.layout or Layout(), first_step=self._next_step)
        self._next_step += len(values)
        self._pace.spent(time.thread_time() - start, updates=len(values), full=drained.full)

    def _measure_as_planned(self) -> None:
        pace = self._pace
        self._observer.measuring.measure_every(full=pace.full_every, sample=pace.sample_every)

    def _warn(self, kind: str, sentence: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, RuntimeWarning, stacklevel=4)
