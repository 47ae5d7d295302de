"""How long measuring takes, as far as can be told without trying it in the training."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

_LOOKED_AT = 1 << 18
"""Entries that are summed up to see how fast memory is read: more than a cache next to a core holds."""

_RUNS = 8

_PASSES = 9
"""How many times as much is read in full as for the scalars alone: gradients four times, weights and
updates once, in part by threads that must be woken."""

_XLA_FACTOR = 4
"""How much slower XLA's reductions are on a CPU, where they are not done by all cores."""

_OPERATION_SECONDS = 2.5e-6
"""What an operation takes, however small."""

_SCALAR_OPERATIONS = 8
_FULL_OPERATIONS = 80
_OPERATIONS_OF_LARGE = 14


def added_seconds(sizes: Sequence[int], *, large: int, is_slow: bool) -> tuple[float, float]:
    """Returns what the scalars alone, and everything, add to an update, in seconds; rather too much.

    Where it is too much, steps without are run too, and what they take tells the truth. Where it were too
    little, there would be none.

    Args:
      sizes: Number of entries of each variable.
      large: How many of them are reduced one by one.
      is_slow: Whether reductions are those of XLA on a CPU.
    """
    once = sum(sizes) * _seconds_per_entry() * (_XLA_FACTOR if is_slow else 1)
    scalars = once + (_SCALAR_OPERATIONS + len(sizes)) * _OPERATION_SECONDS
    operations = _FULL_OPERATIONS + _OPERATIONS_OF_LARGE * large + 3 * len(sizes)
    return scalars, _PASSES * once + operations * _OPERATION_SECONDS


def _seconds_per_entry() -> float:
    """What one core takes to sum up an entry, in a run that nothing else disturbed."""
    entries = np.ones(_LOOKED_AT, np.float32)
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        entries.sum()
        seconds.append(time.perf_counter() - start)
    return min(seconds) / _LOOKED_AT
