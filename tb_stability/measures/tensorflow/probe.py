"""How long measuring takes, by a trial outside of the training.

The values of the variables stand in for gradients; they stay as they are. What counts is how much longer it
takes to do the work three times than once: to start it, and to wake the threads that do it, is no cost inside
of a step, which runs anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tb_stability.measures.tensorflow.normalizations import value_of
from tb_stability.measures.tensorflow.ring import Ring

_TIMES = 3
_LONGEST_SECONDS = 0.05
_MOST_RUNS = 50


def added_seconds(
    variables: Sequence[Any], reduce: Callable[[Sequence[tf.Tensor]], tf.Tensor], *, jit_compile: bool
) -> float:
    """Times a reduction of all gradients, and writing a row with the result.

    Args:
      variables: What is trained.
      reduce: What is computed of the gradients.
      jit_compile: Whether the training step is compiled with XLA.

    Returns:
      What it adds to an update, in seconds.
    """
    once, often = (_least_seconds(variables, reduce, times, jit_compile) for times in (1, _TIMES))
    return max(0.0, often - once) / (_TIMES - 1)


def _least_seconds(
    variables: Sequence[Any],
    reduce: Callable[[Sequence[tf.Tensor]], tf.Tensor],
    times: int,
    jit_compile: bool,
) -> float:
    """Seconds of doing it some times over, in a run that nothing else disturbed."""
    rings = [Ring(2, 2) for _ in range(times)]

    def run() -> None:
        for ring in rings:  # each reads anew, so that TensorFlow does not see that it is the same
            reduced = tf.cast(reduce([value_of(variable) for variable in variables]), tf.float32)
            ring.write(tf.stack([reduced, reduced]))

    compiled = tf.function(run, jit_compile=jit_compile, autograph=False)
    compiled()  # traces
    seconds: list[float] = []
    while len(seconds) < _MOST_RUNS and sum(seconds) < _LONGEST_SECONDS:
        start = time.perf_counter()
        compiled()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
