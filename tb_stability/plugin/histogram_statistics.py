"""What a histogram summary still tells of the numbers that it was made of.

A histogram of TensorBoard is `[bins, 3]`: left edge, right edge, number of entries. The numbers of a bin are
taken to be spread evenly over it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

MOST_QUANTILES = 4096
"""Longest vector that is reconstructed; of a longer one, evenly spaced quantiles."""


def as_histogram(array: npt.NDArray[np.generic]) -> Values | None:
    """The array as a histogram; None where it is none: in a damaged log it may be anything.

    Of numbers that are all x, `tf.summary.histogram` makes bins that are all from x - 0.5 to x + 0.5: they
    become x.
    """
    if array.ndim != 2 or array.shape[1] != 3 or not np.issubdtype(array.dtype, np.floating):
        return None
    histogram = array.astype(np.float64)
    counts = histogram[:, 2]
    if not np.isfinite(counts).all() or (counts < 0).any():
        return None
    edges = histogram[:, :2]
    if len(edges) > 1 and (edges == edges[0]).all():
        edges[:] = edges[0].mean()
    return histogram


def is_finite(histogram: Values) -> bool:
    """Whether all numbers were finite: `tf.summary.histogram` makes all edges NaN where one was not.

    One of `SummaryWriter.add_histogram` has an outer edge that is NaN or infinite then. One without bins
    says nothing, and counts as finite.
    """
    return bool(np.isfinite(histogram).all())


def entry_count(histogram: Values) -> int:
    """Number of entries; 0 where it is not known."""
    total = float(histogram[:, 2].sum())
    return int(total) if math.isfinite(total) and total >= 0 else 0


def l2_norm(histogram: Values) -> float:
    """The L2 norm of the numbers; NaN where they were not finite.

        sqrt(sum n_i (l_i^2 + l_i r_i + r_i^2) / 3)

    which is exact where a bin holds numbers that are spread evenly over it.
    """
    if not is_finite(histogram):
        return math.nan
    left, right, count = histogram.T
    return float(np.sqrt((count * (left * left + left * right + right * right) / 3).sum()))


def mean(histogram: Values) -> float:
    """The mean of the numbers; NaN where they were not finite, or there were none."""
    total = entry_count(histogram)
    if not is_finite(histogram) or not total:
        return math.nan
    left, right, count = histogram.T
    return float((count * (left + right) / 2).sum() / total)


def largest_magnitude(histogram: Values) -> float:
    """The largest |x|; NaN where they were not finite, or there were none."""
    used = histogram[histogram[:, 2] > 0]
    return float(np.abs(used[:, :2]).max()) if len(used) and is_finite(histogram) else math.nan


def sorted_entries(histogram: Values) -> Values:
    """The numbers themselves in increasing order, as far as the bins tell; empty where not finite.

    Two vectors are at least as far apart as their sorted entries are, whatever their order: so the distance
    between two of these is a lower bound (the Wasserstein distance), and 0 where no entry moved.
    """
    used = histogram[histogram[:, 2] > 0]
    total = entry_count(histogram)
    if not len(used) or not is_finite(histogram):
        return np.zeros(0)
    size = min(total, MOST_QUANTILES)
    positions = (np.arange(size) + 0.5) * (total / size)
    ends = np.cumsum(used[:, 2])
    bins = np.minimum(np.searchsorted(ends, positions, side="left"), len(used) - 1)
    left, right, count = used[bins].T
    inside = (positions - (ends[bins] - count)) / count
    entries: Values = left + np.clip(inside, 0.0, 1.0) * (right - left)
    return entries


def distance(first: Values, second: Values, size: int) -> float:
    """The least L2 distance of two vectors of `size` entries, by `sorted_entries`; NaN where unknown."""
    if not len(first) or len(first) != len(second):
        return math.nan
    return float(np.sqrt(np.square(first - second).mean() * size))
