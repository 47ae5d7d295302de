"""A quantity over the layers of a network, from input to output: does it decay geometrically?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SMOOTHING = 0.2  # weight of the newest step
_SMALLEST = 1e-30  # of the largest value; stands for zero in logarithms
_LARGEST_JUMP = 0.6  # share of the whole decay that may happen between two neighbours


class DepthProfile:
    r"""Smoothed logarithm of one positive number a layer, in network order; of one quantity, or of several.

        p_k,t = 0.8 p_k,t-1 + 0.2 log10(x_k,t)          [decades]

    Zero counts as 30 decades below the largest. Values must be finite, and one of them positive.

    Attributes:
      count: Number of steps seen.
      decades: `[..., layers]`; None before the first step.
    """

    def __init__(self) -> None:
        self.count = 0
        self.decades: Array | None = None

    def update(self, values: Array) -> Array:
        """Returns `decades` with `[..., layers]` values of a step learned."""
        least = _SMALLEST * np.maximum.reduce(values, axis=-1, keepdims=True)
        logs: Array = np.log10(np.maximum(values, least))
        self.count += 1
        self.decades = logs if self.decades is None else self.decades + _SMOOTHING * (logs - self.decades)
        return self.decades


def is_geometric(decades: Array, *, fewest: int) -> bool:
    """Whether a profile falls towards the input step by step: over several layers and in no single jump.

    Args:
      decades: `[layers]` values in decades, input first.
      fewest: Least number of layers.

    Example:
      >>> is_geometric(np.array([-4.0, -3.0, -2.0, -1.0]), fewest=4)
      True
      >>> is_geometric(np.array([-4.0, -1.0, -1.0, -1.0]), fewest=4)
      False
    """
    if len(decades) < fewest:
        return False
    rises = np.diff(decades)
    total = float(rises.sum())
    if total <= 0.0 or rises.max() > _LARGEST_JUMP * total:
        return False
    return bool(np.count_nonzero(rises > 0) >= max(fewest - 1, 0.6 * len(rises)))
