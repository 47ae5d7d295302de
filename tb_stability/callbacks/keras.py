"""`StabilityCallback`: records a training by `model.fit`."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tb_stability.callbacks.keras_recording import KerasRecording, open_recorder, require_tensorflow_backend
from tb_stability.report import Verdict
from tb_stability.windows import Window


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

    @property
    def windows(self) -> tuple[Window, ...]:
        """The divergence windows so far, open ones included, by `start_step`."""
        return self._recorder.windows

    @property
    def verdict(self) -> Verdict:
        """The answer so far, in one sentence each."""
        return self._recorder.verdict

    @property
    def diagnoses(self) -> tuple[()]:
        """Causes behind the windows; none are found in this version."""
        return ()

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Prepares the observed twin of the training function."""
        try:
            self._end(state="running")  # a fit before this one that was cut off
            self._recording = KerasRecording(
                self._recorder,
                model=self.model,
                optimizer=self.model.optimizer,
                observe_loss=True,
                steps_per_call=self.model.steps_per_execution,
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
            if self.model.train_function is not self._users_function:
                self._make_twin()  # a callback of the user's made a new one, to freeze layers perhaps
            self.model.train_function = self._run_twin
        except Exception as error:
            self._give_up(error)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Adds the validation loss to the last step before it."""
        if self._recording is None:
            return
        val_loss = (logs or {}).get("val_loss")
        self._recording.drain([{"val_loss": float(val_loss)}] if val_loss is not None else [])

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

    def _end(self, *, state: Any) -> None:
        recording, self._recording = self._recording, None
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
