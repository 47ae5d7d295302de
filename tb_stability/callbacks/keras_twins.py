"""Observed twins of a model's own training function: what `fit` runs in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from tb_stability.callbacks.keras_recording import KerasRecording
from tb_stability.callbacks.keras_state import make_state
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.measuring import Detail


@dataclasses.dataclass(frozen=True)
class Twin:
    """An observed training function.

    Attributes:
      function: Takes the place of `model.train_function`.
      train_step: Takes the place of `model.train_step` meanwhile: older versions of Keras look it up when
        the function is traced, newer ones when it is made.
    """

    function: Callable[..., Any]
    train_step: Callable[..., Any]

    def run(self, model: keras.Model, iterator: Any) -> Any:
        """Runs it once as the training function of the model; returns what that returns."""
        attributes = model.__dict__  # past the `__setattr__` of Keras, which takes its time
        own_step = attributes.get("train_step")
        attributes["train_step"] = self.train_step
        try:
            return self.function(iterator)
        finally:
            if own_step is None:
                del attributes["train_step"]
            else:
                attributes["train_step"] = own_step


class Twins:
    """What runs in place of a model's training function, for one step at a time.

    Twins are made when they are first needed, since most models do without the thin one.

    Args:
      stand_in: What Keras is to call; it gets the iterator, and runs a twin.

    Attributes:
      users: The user's own training function, as it was last seen; None before it was.
    """

    def __init__(self, stand_in: Callable[..., Any]) -> None:
        self.users: Callable[..., Any] | None = None
        self._stand_in = stand_in
        self._made: dict[Detail, Twin] = {}

    def clear(self) -> None:
        """Forgets the twins: the next ones are made, and traced, anew."""
        self._made.clear()

    def stand_in(self, model: keras.Model) -> None:
        """Has the next step go to `stand_in`."""
        attributes = model.__dict__  # past the `__setattr__` of Keras, which takes its time
        current = attributes["train_function"]
        if current is self._stand_in:
            return  # twice in one list
        if current is not self.users:
            # A callback of the user's made a new one, to freeze layers perhaps.
            self.users = current
            self._made.clear()
        attributes["train_function"] = self._stand_in

    def step_back(self, model: keras.Model) -> None:
        """Puts the user's function back, where it is not there."""
        attributes = model.__dict__
        if attributes.get("train_function") is self._stand_in:
            attributes["train_function"] = self.users

    def twin(self, model: keras.Model, recording: KerasRecording, iterator: Any) -> Twin:
        """Returns what is to run now, with the detail that the recording wants.

        Args:
          model: The model, of which `step_back` was called.
          recording: What observes its steps.
          iterator: What the step takes its batch from.
        """
        detail = recording.detail
        if detail not in self._made:
            make_state(model, iterator)
            self._made[detail] = _make_twin(model, recording, detail, users=self.users)
        return self._made[detail]


def _make_twin(
    model: keras.Model, recording: KerasRecording, detail: Detail, *, users: Callable[..., Any] | None
) -> Twin:
    """Makes a second training function as the model makes its own, which is left as it was.

    Args:
      model: The model; a `train_step` of its own is part of the twin.
      recording: What observes its steps.
      detail: How much of them.
      users: What stands as `model.train_function` afterwards.
    """

    def observed_step(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with recording.step(detail, args):
            return original(*args, **kwargs)

    attributes = model.__dict__
    try:
        with instead(model, "train_step", observed_step):
            model.make_train_function(force=True)
            return Twin(attributes["train_function"], attributes["train_step"])
    finally:
        attributes["train_function"] = users
