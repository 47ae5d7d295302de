"""Small Keras models on real data, for tests of the capture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Case:
    """A model that can be made again and again, always the same.

    Attributes:
      build: Makes the model, not compiled.
      x: Its inputs, ten batches of 32 and a ragged one of 7.
      y: Classes, or values where the output is one number.
      loss: The loss it is trained with.
    """

    build: Callable[[], keras.Model]
    x: np.ndarray
    y: np.ndarray
    loss: str

    def fresh(self, optimizer: Any, **compile_arguments: Any) -> keras.Model:
        """The model with its initial weights, compiled."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        model = self.build()
        model.compile(optimizer, self.loss, **compile_arguments)
        return model


def _digits(*shape: int) -> np.ndarray:
    return (load_digits().data[:327] / 16).astype("float32").reshape(-1, *shape)


def _perceptron() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(24, "relu"),
            layers.BatchNormalization(),
            layers.Dense(10, "softmax"),
        ]
    )


def _convolutions() -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    x = shortcut = layers.ReLU()(layers.BatchNormalization(scale=False)(x))
    x = layers.Conv2D(8, 3, padding="same", kernel_regularizer="l2")(x)
    x = layers.Add()([layers.BatchNormalization()(x), shortcut])
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(layers.ReLU()(x)))
    return keras.Model(inputs, layers.Dense(10, "softmax")(x))


def _attention() -> keras.Model:
    """Some gradients are sums of embedding rows, and some have no static shape that TensorFlow knows."""
    inputs = keras.Input((64,), dtype="int32")
    x = layers.Embedding(17, 8)(inputs) + layers.Embedding(64, 8)(keras.ops.arange(64))
    for _ in range(2):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
        x = layers.LayerNormalization()(x + layers.Dense(8)(layers.Dense(16, "gelu")(x)))
    return keras.Model(inputs, layers.Dense(10, "softmax")(layers.GlobalAveragePooling1D()(x)))


def _recurrent() -> keras.Model:
    return keras.Sequential([keras.Input((8, 8)), layers.GRU(12), layers.Dense(10, "softmax")])


_CLASSES = load_digits().target[:327].astype("int32")
_CROSSENTROPY = "sparse_categorical_crossentropy"

PERCEPTRON = Case(_perceptron, _digits(64), _CLASSES, _CROSSENTROPY)
CONVOLUTIONS = Case(_convolutions, _digits(8, 8, 1), _CLASSES, _CROSSENTROPY)
ATTENTION = Case(_attention, (_digits(64) * 16).astype("int32"), _CLASSES, _CROSSENTROPY)
RECURRENT = Case(_recurrent, _digits(8, 8), _CLASSES, _CROSSENTROPY)

CASES = {
    "perceptron": PERCEPTRON,
    "convolutions": CONVOLUTIONS,
    "attention": ATTENTION,
    "recurrent": RECURRENT,
}
