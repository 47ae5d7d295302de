"""Where an update comes from: the optimizer's assignments, or else the values before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_stability.measures.tensorflow.deltas import Deltas


def _optimizers() -> dict[str, tuple[Callable[[], Any], bool]]:
    """Optimizers, and whether their updates can be read without comparing values."""
    return {
        "sgd": (lambda: keras.optimizers.SGD(0.1), True),
        "momentum": (lambda: keras.optimizers.SGD(0.1, momentum=0.9), True),
        "adam": (lambda: keras.optimizers.Adam(0.1), True),
        "adamw": (lambda: keras.optimizers.AdamW(0.1, weight_decay=0.1), True),
        "ema": (lambda: keras.optimizers.SGD(0.1, use_ema=True, ema_overwrite_frequency=1), False),
        "accumulation": (lambda: keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), False),
    }


@pytest.mark.parametrize("name", _optimizers())
def test_updates_are_what_the_variable_changed_by_and_cost_no_copy_where_the_optimizer_tells(
    name: str,
) -> None:
    """Kills: the delta without weight decay; comparing values always; trusting a delta in a `cond`."""
    make, is_told = _optimizers()[name]
    optimizer, variable = make(), keras.Variable(np.float32([1.0, -2.0, 3.0]))
    optimizer.build([variable])
    subtractions: list[int] = []

    @tf.function
    def step(gradient: tf.Tensor) -> tf.Tensor:
        deltas = Deltas([variable])
        optimizer.apply([gradient], [variable])
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        (update,) = deltas.take()
        subtractions.append([op.type for op in graph.get_operations()[before:]].count("ReadVariableOp"))
        return update

    for _ in range(3):
        old = variable.numpy()
        update = step(tf.constant([0.5, 0.0, -0.25])).numpy()
        change = variable.numpy() - old
        assert np.allclose(abs(update), abs(change), rtol=1e-4, atol=1e-6), name
    assert (subtractions[-1] == 0) == is_told


def test_a_constraint_behind_the_update_is_part_of_it() -> None:
    """Kills: reading the one delta where the variable is written again."""
    layer = keras.layers.Dense(2, kernel_constraint=keras.constraints.MaxNorm(0.1))
    layer.build((None, 3))
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build(layer.trainable_variables)

    @tf.function
    def step() -> tf.Tensor:
        deltas = Deltas([layer.kernel])
        optimizer.apply([tf.ones([3, 2]), None], layer.trainable_variables)
        return deltas.take()[0]

    old = layer.kernel.numpy()
    np.testing.assert_allclose(step(), layer.kernel.numpy() - old, rtol=1e-5)


def test_in_half_precision_the_update_is_what_is_left_of_it() -> None:
    """Kills: an update that is rounded away, counted as one."""
    variable = keras.Variable(np.float32([1.0]), dtype="bfloat16")
    optimizer = keras.optimizers.SGD(1e-4)
    optimizer.build([variable])

    @tf.function
    def step() -> tf.Tensor:
        deltas = Deltas([variable])
        optimizer.apply([tf.ones([1], tf.bfloat16)], [variable])
        return deltas.take()[0]

    assert step().numpy() == [0.0]
