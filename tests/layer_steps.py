"""Small models and steps of training, for tests of what is measured of layers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_stability.measures.tensorflow.activations import ActivationShares

HOW = ("eager", "compiled", "jit_compile")


@contextlib.contextmanager
def strictly(what: str) -> Iterator[None]:
    """A fault of ours is an error of the test."""
    yield


def train(model: keras.Model, x: np.ndarray, how: str, shares: ActivationShares | None) -> list[np.ndarray]:
    """Trains one step a batch, and measures in a branch at its end, as the observer does."""
    optimizer = keras.optimizers.SGD(0.05)

    def step(batch: Any, due: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch, training=True) - 1.0))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        if shares is None:
            return tf.zeros([2, 0])
        taken = shares.take()
        if tf.executing_eagerly():
            return shares.measure(taken)
        nothing = tf.fill([2, len(shares.described)], -1.0)
        return tf.cond(due, lambda: shares.measure(taken), lambda: nothing)

    run = step
    if how != "eager":
        # As in `fit`, the size of the batch is not known before the step runs.
        signature = [tf.TensorSpec([None, *x.shape[2:]]), tf.TensorSpec([], tf.bool)]
        run = tf.function(step, signature, jit_compile=how == "jit_compile")
    with shares.observing() if shares is not None else contextlib.nullcontext():
        return [run(tf.constant(batch), tf.constant(True)).numpy() for batch in x]


def sequential(shape: tuple[int | None, ...], *stack: Any) -> keras.Model:
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(shape), *stack])


def noise(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(0).normal(size=shape)).astype("float32")


def all_normalizations() -> keras.Model:
    """Layers of every kind of normalization, with all and with some of their weights, and without any."""
    if not hasattr(layers, "RMSNormalization"):
        pytest.skip(f"Keras {keras.__version__} has no RMSNormalization")
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((4, 6)),
            layers.Dense(8),
            layers.BatchNormalization(name="bn"),
            layers.LayerNormalization(axis=(1, 2), name="ln"),
            layers.GroupNormalization(4, center=False, name="gn"),
            layers.UnitNormalization(name="un"),
            layers.LayerNormalization(center=False, scale=False, name="bare"),
            layers.RMSNormalization(name="rms"),
            layers.BatchNormalization(scale=False, synchronized=True, name="sync"),
            layers.Dense(2),
        ]
    )
