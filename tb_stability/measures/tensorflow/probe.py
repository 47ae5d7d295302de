"""How long measuring takes, by a trial outside of the training."""

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


def measuring_seconds(
    variables: Sequence[Any], *, jit_compile: bool, thin: Callable[[Sequence[tf.Tensor]], tf.Tensor]
) -> tuple[float, float]:
    """Times the measuring of an update of some variables, with their values in place of gradients.

    Args:
      variables: What is trained.
      jit_compile: Whether the training step is compiled with XLA.
      thin: What is computed of the gradients where scalars alone are measured.

    Returns:
      Seconds of measuring the scalars, and of measuring everything that is measured at most updates. The
      values of the variables stay as they are.
    """
    values = [value_of(variable) for variable in variables]
    ring = Ring(2, 2)

    def nothing(*tensors: tf.Tensor) -> tf.Tensor:
        return tensors[0]

    def scalars(*gradients: tf.Tensor) -> tf.Tensor:
        reduced = tf.cast(thin(gradients), tf.float32)
        ring.write(tf.stack([reduced, reduced]))
        return reduced

    def everything(*tensors: tf.Tensor) -> tf.Tensor:
        n = len(tensors) // 3
        measures = statistics.variable_statistics(tensors[:n], tensors[n : 2 * n], tensors[2 * n :])
        return tf.stack(list(measures.values()))

    def seconds(function: Callable[..., tf.Tensor], arguments: Sequence[tf.Tensor]) -> float:
        return _least_seconds(tf.function(function, jit_compile=jit_compile, autograph=False), arguments)

    return (
        max(0.0, seconds(scalars, values) - seconds(nothing, values)),
        max(0.0, seconds(everything, 3 * values) - seconds(nothing, 3 * values)),
    )


def _least_seconds(function: Callable[..., tf.Tensor], arguments: Sequence[tf.Tensor]) -> float:
    """Seconds of a run that nothing else disturbed."""
    function(*arguments)  # traces
    times: list[float] = []
    while len(times) < _MOST_RUNS and sum(times) < _LONGEST_SECONDS:
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)
