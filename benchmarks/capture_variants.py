"""What is measured against each other: no recording, ours, and what people use or write without it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from capture_models import Case

from tb_stability import StabilityCallback

Batch = tuple[tf.Tensor, tf.Tensor]


class RecomputedGradients(keras.callbacks.Callback):
    """The gradient norm of each variable after each batch, from a forward and a backward pass of its own.

    As such callbacks are usually written, but as fast as they can be: compiled as the step is, on
    one fixed batch, and with one transfer to the host.
    """

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self._batch = batch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        model = self.model

        @tf.function(jit_compile=model.jit_compile)
        def norms(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
            return tf.stack(
                [tf.norm(g) for g in tape.gradient(loss, [v.value for v in model.trainable_variables])]
            )

        self._compiled_norms = norms

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.norms = self._compiled_norms(*self._batch).numpy()


class HistogramModel(keras.Model):
    """Writes the gradients of each variable with `tf.summary.histogram`, in a `train_step` of its own.

    Attributes:
      writer: Where to; to be set before the first step.
    """

    writer: Any = None

    def train_step(self, data: Batch) -> dict[str, tf.Tensor]:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        self._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        gradients = tape.gradient(loss, [v.value for v in self.trainable_variables])
        with self.writer.as_default():
            for variable, gradient in zip(self.trainable_variables, gradients, strict=True):
                tf.summary.histogram(variable.path, gradient, step=self.optimizer.iterations.value)
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.compute_metrics(x, y, y_pred)


Observers = Callable[[Case, keras.Model, str], list[keras.callbacks.Callback]]
"""Returns what to add to `fit`, given the model and a folder to write to."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way of watching a training.

    Attributes:
      observers: See `Observers`.
      is_ours: Whether it is this package.
      model_class: What the model is made of.
      compiles_with_xla: Whether it runs with `jit_compile=True`: XLA refuses the ops of `tf.summary`.
    """

    observers: Observers
    is_ours: bool = False
    model_class: type[keras.Model] = keras.Model
    compiles_with_xla: bool = True


def _open_writer(case: Case, model: keras.Model, log_dir: str) -> list[keras.callbacks.Callback]:
    model.writer = tf.summary.create_file_writer(log_dir)
    return [keras.callbacks.LambdaCallback(on_train_end=lambda logs: model.writer.close())]


BASE = Variant(lambda case, model, log_dir: [])

VARIANTS = {
    "default": Variant(lambda case, model, log_dir: [StabilityCallback(log_dir)], is_ours=True),
    "every step": Variant(
        lambda case, model, log_dir: [StabilityCallback(log_dir, overhead=math.inf)], is_ours=True
    ),
    "TensorBoard": Variant(
        lambda case, model, log_dir: [keras.callbacks.TensorBoard(log_dir, histogram_freq=1, update_freq=1)]
    ),
    "recomputed": Variant(lambda case, model, log_dir: [RecomputedGradients(next(iter(case.batches())))]),
    "histograms": Variant(_open_writer, model_class=HistogramModel, compiles_with_xla=False),
}
