"""Models of a few hundred weights: every kind of layer and variable that capture has to know."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

EXAMPLES, BATCH_SIZE = 45, 8
"""As many as there are: five whole batches and a ragged one of 5."""

FEATURES, CLASSES, WORDS = 6, 3, 11


def features() -> tuple[np.ndarray, np.ndarray]:
    """Numbers to classify."""
    random = np.random.default_rng(0)
    x = random.normal(size=(EXAMPLES, FEATURES)).astype("float32")
    return x, (np.argmax(x[:, :CLASSES], axis=1)).astype("int32")


def images() -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 5 x 5 to classify."""
    random = np.random.default_rng(1)
    x = random.normal(size=(EXAMPLES, 5, 5, 2)).astype("float32")
    return x, (np.argmax(x.mean((1, 2)), axis=1)).astype("int32")


def words() -> tuple[np.ndarray, np.ndarray]:
    """Sentences of 4 of 11 words: all batches repeat some, and lack others."""
    random = np.random.default_rng(2)
    x = random.integers(0, WORDS, (EXAMPLES, 4)).astype("int32")
    return x, (x[:, 0] % CLASSES).astype("int32")


def two_inputs() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Numbers and words of one example each."""
    return {"numbers": features()[0], "words": words()[0]}, features()[1]


def dense() -> keras.Model:
    return keras.Sequential(
        [keras.Input((FEATURES,)), layers.Dense(5, "tanh", name="first"), layers.Dense(CLASSES, name="last")]
    )


def relu() -> keras.Model:
    """Some entries of its gradients are exactly 0."""
    return keras.Sequential([keras.Input((FEATURES,)), layers.Dense(7, "relu"), layers.Dense(CLASSES)])


def wide() -> keras.Model:
    """A kernel of more entries than are looked at for zeros and histograms."""
    return keras.Sequential([keras.Input((FEATURES,)), layers.Dense(3001, "relu"), layers.Dense(CLASSES)])


def deep() -> keras.Model:
    """Many variables of one shape, which may be reduced together."""
    return keras.Sequential(
        [keras.Input((FEATURES,)), *(layers.Dense(FEATURES, "tanh") for _ in range(9)), layers.Dense(CLASSES)]
    )


def convolutions() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.DepthwiseConv2D(2, use_bias=False),
            layers.BatchNormalization(scale=False, momentum=0.8),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES),
        ]
    )


def normalizations() -> keras.Model:
    """One of every kind of normalization layer, some without gamma or beta."""
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(4, 2),
            layers.LayerNormalization(),
            layers.Conv2D(4, 2),
            layers.GroupNormalization(2, scale=False),
            layers.Conv2D(4, 2, use_bias=False),
            layers.BatchNormalization(center=False),
            layers.Flatten(),
            layers.UnitNormalization(),
            layers.Dense(CLASSES),
        ]
    )


def dropout() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(8, "tanh"),
            layers.Dropout(0.3, seed=4),
            layers.Dense(CLASSES),
        ]
    )


def embedding() -> keras.Model:
    """Its gradient is a `tf.IndexedSlices` with rows that occur twice."""
    return keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(WORDS, 3),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )


def recurrent() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(WORDS, 3),
            layers.GRU(4),
            layers.Dense(CLASSES),
        ]
    )


def attention() -> keras.Model:
    """Some of its gradients have no static shape that TensorFlow knows."""
    inputs = keras.Input((4,), dtype="int32")
    x = layers.Embedding(WORDS, 4)(inputs) + layers.Embedding(4, 4)(keras.ops.arange(4))
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2)(x, x))
    return keras.Model(inputs, layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x)))


def shared() -> keras.Model:
    """A layer that is called three times, and is in the model once."""
    inputs = keras.Input((FEATURES,))
    layer = layers.Dense(FEATURES, "tanh", name="shared")
    return keras.Model(inputs, layers.Dense(CLASSES, name="last")(layer(layer(inputs)) + layer(inputs)))


def frozen() -> keras.Model:
    """A fine-tuning: kernel and BatchNormalization of the body stay as they are."""
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(5, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(5, "tanh"),
            layers.Dense(CLASSES),
        ]
    )
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    return model


def nested() -> keras.Model:
    """A model in a model in a model, with layers of equal names."""

    def block(name: str, *inside: Any) -> keras.Model:
        first = [keras.Input((FEATURES,)), layers.Dense(FEATURES, "tanh", name="dense"), *inside]
        return keras.Sequential([*first, layers.BatchNormalization(name="bn")], name=name)

    inputs = keras.Input((FEATURES,))
    x = block("outer", block("inner"))(inputs)
    return keras.Model(inputs, layers.Dense(CLASSES, name="dense")(block("second")(x)))


def regularized() -> keras.Model:
    """Losses beside the main one, and weights that a constraint moves after the update."""
    inputs = keras.Input((FEATURES,))
    x = layers.Dense(5, "tanh", kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(0.5))(
        inputs
    )
    x = layers.ActivityRegularization(l1=1e-2)(x)
    return keras.Model(inputs, layers.Dense(CLASSES)(x))


def mixed_inputs() -> keras.Model:
    numbers, ids = keras.Input((FEATURES,), name="numbers"), keras.Input((4,), dtype="int32", name="words")
    x = layers.Concatenate()([numbers, layers.Flatten()(layers.Embedding(WORDS, 2)(ids))])
    return keras.Model({"numbers": numbers, "words": ids}, layers.Dense(CLASSES)(x))


class Gain(layers.Layer):
    """Variables of rank 0, one of them without a gradient."""

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(), initializer="ones", name="gain")
        self.unused = self.add_weight(shape=(2, 3), initializer="ones", name="unused")

    def call(self, inputs: Any) -> Any:
        return inputs * self.gain


def scalar() -> keras.Model:
    return keras.Sequential(
        [keras.Input((FEATURES,)), layers.Dense(5, "tanh"), Gain(), layers.Dense(CLASSES)]
    )


class Late(keras.Model):
    """A subclassed model that gets its weights in the first training step."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.first = layers.Dense(5, use_bias=False)
        self.norm = layers.BatchNormalization()
        self.last = layers.Dense(CLASSES)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.last(keras.ops.tanh(self.norm(self.first(inputs), training=training)))
