"""Small trainings of scikit-learn's digits that go wrong for a known reason."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

from tb_stability import StabilityCallback, StabilityMonitor


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images `[1797, 64]`, standardised, and their classes."""
    x, y = load_digits(return_X_y=True)
    return ((x - x.mean()) / x.std()).astype("float32"), y.astype("int32")


def perceptron(
    depth: int = 2,
    activation: str = "relu",
    *,
    output: str | None = None,
    initializer: Any = "auto",
    bias_initializer: Any = "zeros",
) -> keras.Model:
    """Hidden layers `dense_1`, `dense_2`, ... of 32 units, and ten outputs."""
    fitting = "he_normal" if activation == "relu" else "glorot_uniform"
    hidden = [
        layers.Dense(
            32,
            activation,
            name=f"dense_{i + 1}",
            kernel_initializer=fitting if initializer == "auto" else initializer(i),
            bias_initializer=bias_initializer,
        )
        for i in range(depth)
    ]
    return keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10, output, name="out")])


def normalized(depth: int = 4, momentum: float = 0.99) -> keras.Model:
    """Hidden layers with BatchNormalization behind each."""
    x = inputs = keras.Input((64,))
    for i in range(depth):
        x = layers.Dense(32, use_bias=False, kernel_initializer="he_normal", name=f"dense_{i + 1}")(x)
        x = layers.LeakyReLU()(layers.BatchNormalization(momentum=momentum, name=f"bn_{i + 1}")(x))
    return keras.Model(inputs, layers.Dense(10, name="out")(x))


def logits_loss() -> keras.losses.Loss:
    """The loss that fits `perceptron` and `normalized`."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@dataclasses.dataclass(frozen=True)
class Training:
    """A training by `fit`.

    Attributes:
      build: Makes the model.
      optimizer: Makes its optimizer.
      loss: Makes its loss.
      data: Makes inputs and targets.
      batch_size: Examples of a batch.
      steps: Steps of it.
      validates: Whether a fifth of the data is held back.
    """

    build: Callable[[], keras.Model] = perceptron
    optimizer: Callable[[], Any] = lambda: keras.optimizers.Adam(1e-3)
    loss: Callable[[], Any] = logits_loss
    data: Callable[[], tuple[np.ndarray, np.ndarray]] = digits
    batch_size: int = 32
    steps: int = 150
    validates: bool = False

    def run(self, log_dir: Path, fix: str = "") -> tuple[StabilityCallback, dict[str, Any]]:
        """Trains, after the code of a fix where one is given; returns the callback and the history.

        What the code passes to `model.fit` holds for this training.
        """
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        model = self.build()
        model.compile(self.optimizer(), self.loss())
        x, y = self.data()
        scope: dict[str, Any] = {"keras": keras, "model": model, "x": x, "y": y}
        asked: dict[str, Any] = {}
        fit, model.fit = model.fit, lambda *_, **options: asked.update(options)
        exec(fix, scope)
        model.fit = fit
        model, x, y = scope["model"], scope["x"], scope["y"]
        batch_size = asked.get("batch_size", self.batch_size)
        if not model.compiled:
            model.compile(self.optimizer(), self.loss())
        callback = StabilityCallback(str(log_dir), overhead=math.inf)
        count = len(x) * 4 // 5
        held_back = (x[count:], y[count:]) if self.validates else None
        epochs = max(1, self.steps * batch_size // count)
        if epochs == 1:
            count = self.steps * batch_size
        model.fit(
            x[:count],
            y[:count],
            batch_size=batch_size,
            epochs=epochs,
            validation_data=held_back,
            verbose=0,
            callbacks=[callback],
        )
        return callback, model.history.history


class CustomLoop:
    """The second seed document: a custom loop on a model with BatchNormalization.

    Attributes:
      model: The model.
      monitor: What records it; open.
    """

    def __init__(self, log_dir: Path, *, frozen: bool = False) -> None:
        """Prepares a fresh model; `frozen` sets `trainable = False` on its BatchNormalization layers."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        self.model = normalized()
        for layer in self.model.layers:
            if frozen and isinstance(layer, layers.BatchNormalization):
                layer.trainable = False
        self.optimizer = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
        self.optimizer.build(self.model.trainable_variables)
        self.loss = logits_loss()
        self.monitor = StabilityMonitor(
            str(log_dir), model=self.model, optimizer=self.optimizer, overhead=math.inf
        )

    def train(self, steps: int, **call_options: Any) -> None:
        """Trains on batches of 32, and calls the model with these options."""
        x, y = digits()
        rows = np.random.default_rng(0).integers(0, len(x), (steps, 32))

        @tf.function
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                value = self.loss(y, self.model(x, **call_options))
            gradients = tape.gradient(value, self.model.trainable_variables)
            self.optimizer.apply(gradients, self.model.trainable_variables)
            return value

        for row in rows:
            self.monitor.on_step(train_step(x[row], y[row]))
