"""The measures by their definitions, in numpy: the oracle of the tests, and the page to look them up.

Everything is computed in float64, so neither overflow nor rounding gets in the way.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.series import (
    HISTOGRAM_BINS,
    HISTOGRAM_EXPONENTS,
    HISTOGRAM_SAMPLE,
    SAMPLED_ENTRIES,
    sample_stride,
)

Array = npt.NDArray[np.float64]


def norm(x: npt.ArrayLike) -> float:
    r"""The L2 norm, `sqrt(sum_i x_i**2)`, in the unit of x. NaN if an entry is, else infinite if one is."""
    return float(np.sqrt(np.sum(np.square(np.asarray(x, np.float64)))))


def variable_measures(
    gradient: npt.ArrayLike, before: npt.ArrayLike, after: npt.ArrayLike
) -> dict[str, float]:
    r"""`series.VARIABLE_MEASURES` of one variable in one update.

        grad_norm       = ||g||                                      [loss / weight]
        grad_max        = max |g_i| over the finite g_i, 0 of none   [loss / weight]
        grad_mean       = sum_i g_i / n                              [loss / weight]
        grad_zero_share = share of the entries looked at that are 0  [1]
        grad_nan        = number of g_i that are NaN                 [entries]
        grad_inf        = number of g_i that are infinite            [entries]
        weight_norm     = ||w_before||                               [weight]
        update_norm     = ||w_after - w_before||                     [weight]

    The update is what really changed: clipping, momentum, weight decay and constraints are in it.
    For `grad_zero_share` up to 16,384 entries are looked at, every s-th of the flat gradient from the first
    one on, with s = `series.sample_stride(n, 16384)`. A processor may take subnormal numbers for 0.

    Args:
      gradient: g, as the optimizer was given it, before clipping, without loss scale.
      before: The variable before the update.
      after: The variable after it.
    """
    g = np.asarray(gradient, np.float64)
    finite = np.abs(g[np.isfinite(g)])
    looked_at = g.ravel()[:: sample_stride(g.size, SAMPLED_ENTRIES)]
    with np.errstate(invalid="ignore"):
        mean = float(g.mean()) if g.size else 0.0
    return {
        "grad_norm": norm(g),
        "grad_max": float(finite.max()) if finite.size else 0.0,
        "grad_mean": mean,
        "grad_zero_share": float(np.mean(looked_at == 0)) if looked_at.size else 0.0,
        "grad_nan": float(np.isnan(g).sum()),
        "grad_inf": float(np.isinf(g).sum()),
        "weight_norm": norm(before),
        "update_norm": norm(np.asarray(after, np.float64) - np.asarray(before, np.float64)),
    }


def histogram(gradient: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    r"""The histogram of one gradient, `[series.HISTOGRAM_BINS]`, of up to 1,024 entries of it.

    An entry with 2**e <= |g| < 2**(e + 1) counts for exponent e, clipped to `series.HISTOGRAM_EXPONENTS`.
    Negative entries come first, large magnitudes outside; then zero (subnormals too), positive ones, NaN,
    -Inf, +Inf. The entries are every s-th of the flat gradient, s = `series.sample_stride(n, 1024)`.
    """
    g = np.asarray(gradient, np.float32).ravel()
    g = g[:: sample_stride(g.size, HISTOGRAM_SAMPLE)]
    lowest, highest = HISTOGRAM_EXPONENTS
    octaves = highest - lowest + 1
    counts = np.zeros(HISTOGRAM_BINS, np.uint16)
    for x in g.tolist():
        if math.isnan(x):
            place = 2 * octaves + 1
        elif math.isinf(x):
            place = 2 * octaves + (2 if x < 0 else 3)
        elif abs(x) < np.finfo(np.float32).tiny:
            place = octaves
        else:
            exponent = min(max(math.frexp(x)[1] - 1, lowest), highest) - lowest
            place = octaves - 1 - exponent if x < 0 else octaves + 1 + exponent
        counts[place] += 1
    return counts


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


ACTIVATION_SAMPLE = 65_536
"""Outputs of a layer that its shares look at, in whole rows of units; of more, a sample of them."""

SATURATION_MARGIN = 0.01
"""How near to a bound an output is saturated, as a share of the distance between the function's bounds."""


def activation_measures(
    outputs: npt.ArrayLike,
    *,
    dies: bool = False,
    bounds: tuple[float, float] | None = None,
    saturates: tuple[bool, bool] = (True, True),
) -> dict[str, float]:
    r"""`series.ACTIVATION_MEASURES` of one layer in one step.

        dead_share      = share of the units that are exactly 0 in every row looked at      [1]
        saturated_share = share of the outputs looked at with y <= low + 0.01 (high - low)
                          or y >= high - 0.01 (high - low)                                  [1]

    The rows are examples and positions, flattened. Looked at is every s-th row from the first one on, with
    s = `series.sample_stride(rows, max(1, 65536 // units))`: all units, in the rows that 65,536 outputs make.
    An output that is NaN is neither dead nor saturated. Without any output, both are NaN.

    Args:
      outputs: y, `[..., units]`.
      dies: Whether the function and its gradient are 0 on an interval of inputs; else `dead_share` is NaN.
      bounds: (low, high) of the function; without, `saturated_share` is NaN.
      saturates: At which of the two it saturates. The 0 of a relu6 is its rest, not a saturation.
    """
    y = np.asarray(outputs, np.float32)
    y = y.reshape(-1, y.shape[-1])
    y = y[:: sample_stride(len(y), max(1, ACTIVATION_SAMPLE // y.shape[1]))]
    dead = saturated = math.nan
    if dies and y.size:
        dead = float(np.mean(np.all(y == 0, axis=0)))
    if bounds is not None and y.size:
        low, high = bounds
        margin = SATURATION_MARGIN * (high - low)
        at_low = saturates[0] & (y <= np.float32(low + margin))
        at_high = saturates[1] & (y >= np.float32(high - margin))
        saturated = float(np.mean(at_low | at_high))
    return {"dead_share": dead, "saturated_share": saturated}


def tensor_range(tensor: npt.ArrayLike) -> dict[str, float]:
    r"""The numbers of `report.TensorRange`: of one tensor of a batch, over all of its entries.

    min, max  = extremes of the finite entries; NaN of none    [unit of the tensor]
    mean      = sum of the finite entries / their number; NaN of none
    nan, inf  = numbers of entries that are NaN, or infinite   [entries]
    """
    t = np.asarray(tensor, np.float64)
    finite = t[np.isfinite(t)]
    return {
        "min": float(finite.min()) if finite.size else math.nan,
        "max": float(finite.max()) if finite.size else math.nan,
        "mean": float(finite.mean()) if finite.size else math.nan,
        "nan": float(np.isnan(t).sum()),
        "inf": float(np.isinf(t).sum()),
    }
