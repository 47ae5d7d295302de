"""Observed twins of a model's own training function: what `fit` runs in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from tb_stability.callbacks.keras_recording import KerasRecording
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.measuring import Detail


@dataclasses.dataclass(frozen=True)
class Twin:
    """An observed training function; made when it is first needed, since most models do without the thin one.

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


def make_twin(
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
