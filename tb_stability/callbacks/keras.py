"""`StabilityCallback`: records a training by `model.fit`."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_stability.callbacks.call_pace import DRAIN_FULL_UPDATES
from tb_stability.callbacks.clocks import Clocks
from tb_stability.callbacks.keras_arguments import check_overhead, open_recorder, require_tensorflow_backend
from tb_stability.callbacks.keras_facts import note_facts
from tb_stability.callbacks.keras_recording import KerasRecording
from tb_stability.callbacks.keras_state import optimizers_of
from tb_stability.callbacks.keras_twins import Twins
from tb_stability.callbacks.on_alarm import Alarms, OnAlarm, check_on_alarm
from tb_stability.callbacks.results import Results

_RECORDED: weakref.WeakKeyDictionary[keras.Model, weakref.ref[Any]] = weakref.WeakKeyDictionary()
"""The callback that records each model that is in a fit: two would measure each other."""


class StabilityCallback(Results, keras.callbacks.Callback):
    """Records gradients, updates and normalization statistics of every step, and finds divergence windows.

    The statistics are taken inside the compiled training step, from the gradients that the optimizer is
    given. Weights, learning rate and random state are not touched, and training is not stopped unless
    `on_alarm` says so. A fault of the recording is one warning; training goes on.

    The model's own training function stays as it is: during `fit` an observed twin of it runs in its
    place. It is kept for the next fit of the same model, which then starts at once.

    Args:
      log_dir: Directory of this run. Event files go to `<log_dir>/stability`.
      overhead: Share of the step time that recording may take. Where everything at every step takes
        more, gradients and weights are measured at every n-th step, and at every step while anything looks
        abnormal; the loss is measured, and gradients are checked for NaN and Inf, at every step always.
        `math.inf` measures everything at every step.
      on_alarm: `"stop"` ends the training when a window is critical and open; a warning may pass, and does
        not. Or a function that is called with every window that becomes a warning, and again should it
        become critical, and with the first of the `diagnoses` then, or None; it may set
        `model.stop_training`. Both act when the measures are fetched: up to 256 steps, or half a second,
        after `window.alarm_step`. An exception of the function is one warning.

    Raises:
      TypeError, ValueError: If an argument is of another kind or range.

    Example:
      model.fit(x, y, callbacks=[StabilityCallback("logs/exp1")])
    """

    def __init__(
        self, log_dir: str | os.PathLike[str], *, overhead: float = 0.03, on_alarm: OnAlarm = None
    ) -> None:
        super().__init__()
        require_tensorflow_backend()
        check_overhead(overhead)
        check_on_alarm(on_alarm)
        self._overhead = overhead
        self._alarms = Alarms(on_alarm)
        self._recorder = open_recorder(log_dir)
        self._recording: KerasRecording | None = None
        self._last_recording: KerasRecording | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None
        self._twins = Twins(self._run_twin)

    def set_model(self, model: keras.Model) -> None:
        """Keras calls this for all callbacks of a fit before any of them begins."""
        super().set_model(model)
        _RECORDED.pop(model, None)
        if self._last_recording is not None and not self._last_recording.is_of_model(model):
            self._last_recording = self._twins.users = None
            self._twins.clear()

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Prepares the observed twin of the training function."""
        try:
            recorded_by = _RECORDED.get(self.model, lambda: None)()
            if self._recording is not None and recorded_by is self:
                return  # twice in one list
            self._end(state="running")  # a fit before this one that was cut off
            if recorded_by is not None:
                raise RuntimeError("another StabilityCallback records this fit; one is enough")
            if self.model.optimizer is None:
                raise RuntimeError("model.optimizer is None; give it to compile(), or use StabilityMonitor")
            _RECORDED[self.model] = weakref.ref(self)
            recording = self._last_recording
            if recording is None or not self._goes_on(recording):
                self._twins.clear()
                recording = self._record_anew(recording)
            recording.go_on()
            self._recording = self._last_recording = recording
            self._recorder = recording.recorder
            self._recorder.stop_step = None
            self._finalizer = weakref.finalize(self, _close, self._recording)
            self._twins.users = self.model.train_function
            self._note_facts(began=False)
        except Exception as error:
            self._give_up(error)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Has the next step observed.

        This hook and not `on_train_batch_end`: Keras then still reads the metrics in the background.
        """
        if self._recording is None:
            return
        try:
            if self._recording.is_drain_due():
                self._recording.drain()
                if self._recorder.model is None:
                    self._note_facts(began=True)
                self._act_on_alarms()
            self._twins.stand_in(self.model)
        except Exception as error:
            self._give_up(error)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Adds the validation loss to the last step before it."""
        if self._recording is None:
            return
        val_loss = (logs or {}).get("val_loss")
        self._recording.drain({"val_loss": float(val_loss)} if isinstance(val_loss, (int, float)) else None)
        self._act_on_alarms()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Closes the log."""
        self._end(state="ended")
        self._alarms.act(self._recorder)  # there is nothing left to stop

    def _goes_on(self, last: KerasRecording) -> bool:
        """Whether this fit runs the same steps as the last one, so that they need not be traced again."""
        return (
            last.is_of(self.model, optimizers_of(self.model))
            and self._twins.users is not None
            and self.model.train_function is self._twins.users
        )

    def _record_anew(self, before: KerasRecording | None) -> KerasRecording:
        return KerasRecording(
            self._recorder,
            model=self.model,
            optimizers=optimizers_of(self.model),
            observe_loss=True,
            capacity=2 * max(DRAIN_FULL_UPDATES, self.model.steps_per_execution),
            overhead=self._overhead,
            updates_per_call=self.model.steps_per_execution,
            jit_compile=bool(self.model.jit_compile),
            normalizations=None if before is None else before.normalizations,
        )

    def _run_twin(self, iterator: Any) -> Any:
        """Stands in as `model.train_function` for one call; puts the user's back before it runs."""
        self._twins.step_back(self.model)
        recording = self._recording
        if recording is None:  # left behind by a fit that broke before this step
            self.model.make_train_function()
            return self.model.train_function(iterator)
        try:
            twin = self._twins.twin(self.model, recording, iterator)
        except Exception as error:
            self._give_up(error)
            self.model.make_train_function()
            return self.model.train_function(iterator)
        start = Clocks.now()
        try:
            logs = twin.run(self.model, iterator)
        except (StopIteration, GeneratorExit, tf.errors.OutOfRangeError) as end:  # of the data
            if isinstance(end, tf.errors.OpError) and self.model.steps_per_execution > 1:
                recording.count_call(Clocks.now().since(start))  # Keras < 3.7 notices it behind updates
            raise
        except BaseException:
            recording.flush()  # Ctrl-C, a failing op: Keras will not call on_train_end
            raise
        recording.count_call(Clocks.now().since(start))
        if recording.traced_in_vain:
            self._twins.clear()
        return logs

    def _note_facts(self, *, began: bool) -> None:
        params = self.params or {}  # None where a loop of the user's calls our methods
        note_facts(
            self._recorder,
            self.model,
            self.model.optimizer,
            way="fit",
            began=began,
            steps_per_epoch=params.get("steps"),
            epochs=params.get("epochs"),
        )

    def _act_on_alarms(self) -> None:
        recording = self._recording
        if recording is not None and self._alarms.stop(self._recorder, alone=not recording.is_one_of_several):
            self.model.stop_training = True  # Keras looks at it after the coming step

    def _catch_up(self) -> None:
        if self._recording is not None:
            self._recording.drain()

    def _end(self, *, state: Any) -> None:
        recording, self._recording = self._recording, None
        self._twins.step_back(self.model)  # after a fit that was cut off between two steps
        if self._finalizer is not None:
            self._finalizer.detach()
        if recording is not None:
            recording.close(state=state)
            if state == "ended":
                recording.warn_if_never_called()

    def _give_up(self, error: Exception) -> None:
        """Training goes on unobserved."""
        self._recording = None
        warnings.warn(
            f"Stability stopped recording; training goes on. {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=3,
        )


def _close(recording: KerasRecording) -> None:
    """Saves the evidence of a training that was cut off, when its callback goes away or Python exits."""
    recording.close(state="running")
