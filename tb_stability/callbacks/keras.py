"""`StabilityCallback`: records a training by `model.fit`."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tb_stability.callbacks.keras_recording import (
    DRAIN_UPDATES,
    KerasRecording,
    open_recorder,
    require_tensorflow_backend,
)
from tb_stability.report import Verdict
from tb_stability.windows import Window

_RECORDED: weakref.WeakKeyDictionary[keras.Model, weakref.ref[Any]] = weakref.WeakKeyDictionary()
"""The callback that records each model that is in a fit: two would measure each other."""


class StabilityCallback(keras.callbacks.Callback):
    """Records gradients, updates and normalization statistics of every step, and finds divergence windows.

    The statistics are taken inside the compiled training step, from the gradients that the optimizer is
    given. Weights, learning rate and random state are not touched, and training is never stopped. A fault of
    the recording is one warning; training goes on.

    The model's own training function stays as it is: during `fit` an observed twin of it runs in its
    place, and is forgotten afterwards.

    Args:
      log_dir: Directory of this run. Event files go to `<log_dir>/stability`.

    Example:
      model.fit(x, y, callbacks=[StabilityCallback("logs/exp1")])
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        super().__init__()
        require_tensorflow_backend()
        self._recorder = open_recorder(log_dir)
        self._recording: KerasRecording | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None
        self._users_function: Callable[..., Any] | None = None
        self._twin: Callable[..., Any] | None = None
        self._stand_in = self._run_twin

    @property
    def windows(self) -> tuple[Window, ...]:
        """The divergence windows so far, open ones included, by `start_step`."""
        self._catch_up()
        return self._recorder.windows

    @property
    def verdict(self) -> Verdict:
        """The answer so far, in one sentence each."""
        self._catch_up()
        return self._recorder.verdict

    @property
    def diagnoses(self) -> tuple[()]:
        """Causes behind the windows; none are found in this version."""
        return ()

    def set_model(self, model: keras.Model) -> None:
        """Keras calls this for all callbacks of a fit before any of them begins."""
        super().set_model(model)
        _RECORDED.pop(model, None)

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
            self._recording = KerasRecording(
                self._recorder,
                model=self.model,
                optimizer=self.model.optimizer,
                observe_loss=True,
                capacity=2 * max(DRAIN_UPDATES, self.model.steps_per_execution),
                updates_per_call=self.model.steps_per_execution,
            )
            self._finalizer = weakref.finalize(self, _close, self._recording)
            self._make_twin()
        except Exception as error:
            self._give_up(error)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Has the next step observed.

        This hook and not `on_train_batch_end`: Keras then still reads the metrics in the background.
        """
        if self._recording is None:
            return
        try:
            if self._recording.is_drain_due:
                self._recording.drain()
            if self.model.train_function is self._stand_in:
                return  # twice in one list
            if self.model.train_function is not self._users_function:
                self._make_twin()  # a callback of the user's made a new one, to freeze layers perhaps
            self.model.train_function = self._stand_in
        except Exception as error:
            self._give_up(error)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Adds the validation loss to the last step before it."""
        if self._recording is None:
            return
        val_loss = (logs or {}).get("val_loss")
        self._recording.drain({"val_loss": float(val_loss)} if isinstance(val_loss, (int, float)) else None)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Closes the log."""
        self._end(state="ended")

    def _make_twin(self) -> None:
        """Makes a second training function as the model makes its own, which is left as it was."""
        self._users_function = self.model.train_function
        self.model.make_train_function(force=True)
        self._twin = self.model.train_function
        self.model.train_function = self._users_function

    def _run_twin(self, iterator: Any) -> Any:
        """Stands in as `model.train_function` for one call; puts the user's back before it runs."""
        self.model.train_function = self._users_function
        recording, twin = self._recording, self._twin
        if recording is None or twin is None:  # left behind by a fit that broke before this step
            self.model.make_train_function()
            return self.model.train_function(iterator)
        try:
            with recording.observing():
                logs = twin(iterator)
        except (StopIteration, GeneratorExit):
            raise  # the end of the data
        except BaseException:
            recording.flush()  # Ctrl-C, a failing op: Keras will not call on_train_end
            raise
        recording.count_call()
        return logs

    def _catch_up(self) -> None:
        if self._recording is not None:
            self._recording.drain()

    def _end(self, *, state: Any) -> None:
        recording, self._recording = self._recording, None
        if getattr(self.model, "train_function", None) is self._stand_in:
            self.model.train_function = self._users_function  # a fit that was cut off between two steps
        self._twin = self._users_function = None
        if self._finalizer is not None:
            self._finalizer.detach()
        if recording is not None:
            recording.close(state=state)

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
