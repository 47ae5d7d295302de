"""How long measuring takes, by a trial outside of the training.

The values of the variables stand in for gradients, weights and updates; they stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tb_stability.measures.tensorflow import statistics
from tb_stability.measures.tensorflow.normalizations import value_of
from tb_stability.measures.tensorflow.ring import Ring

_LONGEST_SECONDS = 0.1
_MOST_RUNS = 30


def seconds_of_scalars(
    variables: Sequence[Any], reduce: Callable[[Sequence[tf.Tensor]], tf.Tensor], *, jit_compile: bool
) -> float:
    """Times what is done at every update.

    Args:
      variables: What is trained.
      reduce: What is computed of the gradients.
      jit_compile: Whether the training step is compiled with XLA.

    Returns:
      What it adds to an update, in seconds.
    """
    ring = Ring(2, 2)

    def scalars(*gradients: tf.Tensor) -> tf.Tensor:
        reduced = tf.cast(reduce(gradients), tf.float32)
        ring.write(tf.stack([reduced, reduced]))
        return reduced

    return _added_seconds(scalars, [value_of(variable) for variable in variables], jit_compile)


def seconds_of_everything(variables: Sequence[Any], *, jit_compile: bool) -> float:
    """Times what is done at an update that is measured in full; arguments and result as above."""

    def everything(*tensors: tf.Tensor) -> tf.Tensor:
        n = len(tensors) // 3
        measures = statistics.variable_statistics(tensors[:n], tensors[n : 2 * n], tensors[2 * n :])
        return tf.stack(list(measures.values()))

    return _added_seconds(everything, 3 * [value_of(variable) for variable in variables], jit_compile)


def _added_seconds(
    function: Callable[..., tf.Tensor], arguments: Sequence[tf.Tensor], jit_compile: bool
) -> float:
    """Seconds of a function without those of calling it."""
    calling = _least_seconds(lambda *tensors: tensors[0], arguments, jit_compile)
    return max(0.0, _least_seconds(function, arguments, jit_compile) - calling)


def _least_seconds(
    function: Callable[..., tf.Tensor], arguments: Sequence[tf.Tensor], jit_compile: bool
) -> float:
    """Seconds of a run that nothing else disturbed."""
    run = tf.function(function, jit_compile=jit_compile, autograph=False)
    run(*arguments)  # traces
    times: list[float] = []
    while len(times) < _MOST_RUNS and sum(times) < _LONGEST_SECONDS:
        start = time.perf_counter()
        run(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)
