"""`StabilityMonitor`: records a training loop of the user's own."""

from __future__ import annotations

import contextlib
import os
import types
import weakref
from typing import Any

import keras

from tb_stability.callbacks.clocks import Clocks
from tb_stability.callbacks.keras_arguments import check_overhead, open_recorder, require_tensorflow_backend
from tb_stability.callbacks.keras_facts import note_facts
from tb_stability.callbacks.keras_recording import KerasRecording
from tb_stability.callbacks.on_alarm import Alarms, OnAlarm, check_on_alarm
from tb_stability.callbacks.results import Results
from tb_stability.summary.report import State

_CAPACITY = 512
"""Updates between two calls of `on_step` of which all are kept."""


class StabilityMonitor(Results):
    """Records a custom loop as `StabilityCallback` records `fit`: same measures, same windows.

    It observes `optimizer.apply` (and so `apply_gradients`) in every step that is traced, or run eagerly,
    from here to `close`. Make it before the first call of your `tf.function`.

    Args:
      log_dir: Directory of this run. Event files go to `<log_dir>/stability`.
      model: The model that is trained.
      optimizer: The optimizer whose `apply` is called. With several, make one monitor for each.
      overhead: Share of the step time that recording may take, see `StabilityCallback`.
      on_alarm: What to do at an alarm, see `StabilityCallback`. `"stop"` sets `should_stop`, which the loop
        has to look at.

    Attributes:
      should_stop: Whether `on_alarm="stop"` asks the loop to end.

    Raises:
      TypeError, ValueError: If an argument is of another kind or range.

    Example:
      with StabilityMonitor("logs/exp1", model=model, optimizer=optimizer) as monitor:
          for x, y in data:
              loss = train_step(x, y)
              monitor.on_step(loss)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        model: keras.Model,
        optimizer: Any,
        overhead: float = 0.03,
        on_alarm: OnAlarm = None,
    ) -> None:
        require_tensorflow_backend()
        check_overhead(overhead)
        check_on_alarm(on_alarm)
        _check_kind("model", model, keras.Model)
        _check_kind("optimizer", optimizer, keras.optimizers.Optimizer)
        self.should_stop = False
        self._alarms = Alarms(on_alarm)
        self._recorder = open_recorder(log_dir)
        self._recording = KerasRecording(
            self._recorder,
            model=model,
            optimizers=[optimizer],
            observe_loss=False,
            capacity=_CAPACITY,
            overhead=overhead,
        )
        self._recorder = self._recording.recorder
        self._model, self._optimizer = model, optimizer
        note_facts(self._recorder, model, optimizer, way="loop", began=False)
        self._called_at = Clocks.now()
        self._observing = contextlib.ExitStack()
        self._observing.enter_context(self._recording.observing())
        self._finalizer = weakref.finalize(self, _close, self._recording, self._observing)

    def on_step(self, loss: Any, **values: Any) -> None:
        """Takes the loss of the step that just ran. Does not wait for the device.

        Call it after every update, or after every call of a `tf.function` that makes several. With gradient
        accumulation call it for every batch: the losses of an update are averaged.

        Args:
          loss: The loss that was differentiated: a number or a tensor of one entry. Anything else is not
            recorded, with one warning.
          **values: More numbers of this step, by name, such as `val_loss=...` or `batch_size=...`.

        Raises:
          TypeError: If called inside of a `tf.function`, where there is no number yet.
          RuntimeError: If the monitor was closed.
        """
        if not self._finalizer.alive:
            raise RuntimeError("on_step was called after close(). Make a new StabilityMonitor to go on.")
        given = {"loss": loss, **values}
        for name, value in given.items():
            if keras.ops.is_tensor(value) and not hasattr(value, "numpy"):
                raise TypeError(
                    f"on_step needs numbers, but {name} is a symbolic tensor: call on_step after your "
                    "tf.function returned, with the value that it returned."
                )
        now = Clocks.now()
        self._recording.count_call(now.since(self._called_at), given)
        if self._recording.is_drain_due():
            self._recording.drain()
            if self._recorder.model is None:
                note_facts(self._recorder, self._model, self._optimizer, way="loop", began=True)
            if self._alarms.stop(self._recorder, alone=not self._recording.is_one_of_several):
                self.should_stop = True
            now = Clocks.now()  # what we took is no time of the step
        self._called_at = now

    def close(self) -> None:
        """Stops observing, and closes the log."""
        if self._finalizer.alive:
            self._close(state="ended")
            self._alarms.act(self._recorder)  # what came with the last steps

    def __enter__(self) -> StabilityMonitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._close(state="running")

    def _catch_up(self) -> None:
        if self._finalizer.alive:
            self._recording.drain()

    def _close(self, *, state: State) -> None:
        if self._finalizer.detach() is not None:
            _close(self._recording, self._observing, state=state)


def _check_kind(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(
            f"{name} must be a Keras {kind.__name__}: got {type(value).__name__}. "
            "Write StabilityMonitor(log_dir, model=model, optimizer=optimizer)."
        )


def _close(recording: KerasRecording, observing: contextlib.ExitStack, *, state: State = "running") -> None:
    """Saves the evidence and steps back; also when the monitor goes away or Python exits."""
    observing.close()
    recording.close(state=state)
