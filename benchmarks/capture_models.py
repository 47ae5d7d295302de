"""The models that the cost of recording is measured on. They train on scikit-learn's digits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

_CLASSES = 10

_LEARNING_RATE = 1e-4
"""Small: thousands of steps on few images stay a healthy training. What looks ill is observed more often."""

Network = Callable[[], tuple[Any, Any]]
"""Makes a network: its inputs and its outputs (logits)."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A model with its data.

    Attributes:
      text: What it is.
      network: Its layers.
      shape: Makes the inputs of digits, `[n, 8, 8]` in 0..16.
      batch_size: Samples in a step.
    """

    text: str
    network: Network
    shape: Callable[[np.ndarray], np.ndarray]
    batch_size: int

    def compiled(self, model_class: type[keras.Model], *, jit: bool) -> keras.Model:
        """Returns a new model with the initial weights of seed 0."""
        keras.utils.set_random_seed(0)
        model = model_class(*self.network())
        model.compile(
            keras.optimizers.Adam(_LEARNING_RATE),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=jit,
        )
        return model

    def batches(self) -> tf.data.Dataset:
        """Returns batches without end, cut once: what remains of a step is the model's."""
        images, classes = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(images))
        order = order[: len(order) // self.batch_size * self.batch_size].reshape(-1, self.batch_size)
        inputs = self.shape(images.reshape(-1, 8, 8))[order]
        return (
            tf.data.Dataset.from_tensor_slices((inputs, classes.astype("int32")[order])).repeat().prefetch(2)
        )


def _perceptron() -> tuple[Any, Any]:
    inputs = keras.Input((784,))
    x = layers.Dense(512, "relu")(layers.Dense(512, "relu")(inputs))
    return inputs, layers.Dense(_CLASSES)(x)


def _resnet() -> tuple[Any, Any]:
    """ResNet-20 of He et al. 2015, section 4.2: three stages of three blocks, 16, 32 and 64 channels."""

    def normalized(x: Any, channels: int, size: int, strides: int) -> Any:
        convolution = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)
        return layers.BatchNormalization()(convolution(x))

    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(normalized(inputs, 16, 3, 1))
    for channels in (16, 32, 64):
        for block in range(3):
            strides = 2 if channels > 16 and block == 0 else 1
            shortcut = x if strides == 1 else normalized(x, channels, 1, strides)
            x = layers.ReLU()(normalized(x, channels, 3, strides))
            x = layers.ReLU()(layers.Add()([normalized(x, channels, 3, 1), shortcut]))
    return inputs, layers.Dense(_CLASSES)(layers.GlobalAveragePooling2D()(x))


def _transformer() -> tuple[Any, Any]:
    """Two encoder layers, d = 128, 4 heads, on the 64 pixels as tokens."""
    inputs = keras.Input((64,), dtype="int32")
    x = layers.Embedding(17, 128)(inputs) + layers.Embedding(64, 128)(keras.ops.arange(64))
    for _ in range(2):
        normalized = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 32)(normalized, normalized)
        x = x + layers.Dense(128)(layers.Dense(512, "gelu")(layers.LayerNormalization()(x)))
    return inputs, layers.Dense(_CLASSES)(layers.GlobalAveragePooling1D()(x))


def _deep() -> tuple[Any, Any]:
    """Each layer adds to its input: 200 plain ones would not train; what looks ill is observed more often."""
    inputs = x = keras.Input((64,))
    small = keras.initializers.VarianceScaling(1 / 200)
    for _ in range(200):
        x = layers.Add()([x, layers.Dense(64, "relu", kernel_initializer=small)(x)])
    return inputs, layers.Dense(_CLASSES)(x)


def _tiny() -> tuple[Any, Any]:
    inputs = keras.Input((64,))
    return inputs, layers.Dense(_CLASSES)(layers.Dense(16, "relu")(inputs))


def _flat(images: np.ndarray) -> np.ndarray:
    return (images.reshape(-1, 64) / 16).astype("float32")


def _enlarged(images: np.ndarray) -> np.ndarray:
    return (images.repeat(4, axis=1).repeat(4, axis=2) / 16).astype("float32")


CASES = {
    "mlp": Case("784-512-512-10", _perceptron, lambda x: _enlarged(x)[:, 2:30, 2:30].reshape(-1, 784), 128),
    "resnet20": Case("32x32x3, BatchNormalization", _resnet, lambda x: np.stack([_enlarged(x)] * 3, -1), 32),
    "transformer": Case(
        "2 layers, d=128, 64 tokens", _transformer, lambda x: x.reshape(-1, 64).astype("int32"), 32
    ),
    "deep": Case("200 x Dense(64)", _deep, _flat, 32),
    "tiny": Case("64-16-10", _tiny, _flat, 32),
}
