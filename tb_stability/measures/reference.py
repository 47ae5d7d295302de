"""The measures by their definitions, in numpy: the oracle of the tests, and the page to look them up.

Everything is computed in float64, so neither overflow nor rounding gets in the way.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def norm(x: npt.ArrayLike) -> float:
    r"""The L2 norm, `sqrt(sum_i x_i**2)`, in the unit of x. NaN if an entry is, else infinite if one is."""
    return float(np.sqrt(np.sum(np.square(np.asarray(x, np.float64)))))


def variable_measures(
    gradient: npt.ArrayLike, before: npt.ArrayLike, after: npt.ArrayLike
) -> dict[str, float]:
    r"""`series.VARIABLE_MEASURES` of one variable in one update.

        grad_norm      = ||g||                                 [loss / weight]
        grad_max       = max |g_i| over the finite g_i         [loss / weight]
        grad_nonfinite = number of g_i that are NaN or Inf     [entries]
        weight_norm    = ||w_before||                          [weight]
        update_norm    = ||w_after - w_before||                [weight]

    The update is what really changed: clipping, momentum, weight decay and constraints are in it.

    Args:
      gradient: g, as the optimizer was given it, before clipping, without loss scale.
      before: The variable before the update.
      after: The variable after it.
    """
    g = np.asarray(gradient, np.float64)
    finite = np.abs(g[np.isfinite(g)])
    return {
        "grad_norm": norm(g),
        "grad_max": float(finite.max()) if finite.size else 0.0,
        "grad_nonfinite": float(g.size - finite.size),
        "weight_norm": norm(before),
        "update_norm": norm(np.asarray(after, np.float64) - np.asarray(before, np.float64)),
    }


def vector_statistics(now: npt.ArrayLike, start: npt.ArrayLike, previous: npt.ArrayLike) -> dict[str, float]:
    r"""`series.VECTOR_STATISTICS` of one vector of a normalization layer, after an update.

    norm     = ||v||              distance = ||v - v_start||
    min, max = extremes of v      change   = ||v - v_previous||     [all in the unit of v]
    """
    v = np.asarray(now, np.float64)
    return {
        "norm": norm(v),
        "min": float(v.min()),
        "max": float(v.max()),
        "distance": norm(v - np.asarray(start, np.float64)),
        "change": norm(v - np.asarray(previous, np.float64)),
    }


def global_norm(gradient_norms: npt.ArrayLike) -> float:
    r"""`series.SCALARS["grad_norm"]`: `sqrt(sum_v ||g_v||**2)` over the variables v that have a gradient."""
    return norm(gradient_norms)
