"""Computations that are traced once in a process, and called from every step that is traced after."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def once_traced(matrices: int) -> Callable[[Callable[..., tf.Tensor]], Callable[..., tf.Tensor]]:
    """Makes a `tf.function` of a function of so many float32 matrices of any shape.

    To trace an operation takes longer than to run it: what is rarely run, or asked for by every variable
    or layer, must cost little.
    """
    any_shape = [tf.TensorSpec([None, None], tf.float32)] * matrices

    def decorated(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        traced: Callable[..., tf.Tensor] = tf.function(function, input_signature=any_shape, autograph=False)
        return traced

    return decorated
