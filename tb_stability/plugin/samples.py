"""What is sampled of a run beside its rows: gradient histograms and activations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.plugin.restarts import drop_rewritten
from tb_stability.series import HISTOGRAM_BINS, FloatArray, Layout
from tb_stability.summary.layout import RowLayout

Points = Sequence[tuple[int, npt.NDArray[np.generic]]]
"""The points of one tag, `(step, array)` in the order of writing."""


@dataclasses.dataclass(frozen=True)
class Histograms:
    """The gradient histograms of a run.

    Attributes:
      layout: Whose variables they are.
      steps: `[samples]`, int64, strictly increasing.
      counts: `[samples, variables, HISTOGRAM_BINS]`, uint16, numbers of entries.
    """

    layout: Layout
    steps: npt.NDArray[np.int64]
    counts: npt.NDArray[np.uint16]


@dataclasses.dataclass(frozen=True)
class Activations:
    """What was measured of the activations of a run.

    Attributes:
      layout: Whose activations they are.
      steps: `[samples]`, int64, strictly increasing.
      measures: `[samples, activations]` by measure; see `ACTIVATION_MEASURES`.
    """

    layout: Layout
    steps: npt.NDArray[np.int64]
    measures: Mapping[str, FloatArray]


def decode_histograms(points: Points, layout: RowLayout) -> Histograms:
    """Decodes the histograms that fit the last layout of a run; others are of variables of before."""
    shape = (len(layout.layout.variables), HISTOGRAM_BINS)
    steps, arrays = _fitting(points, shape, np.dtype(np.uint16))
    return Histograms(layout.layout, steps, arrays.astype(np.uint16))


def decode_activations(points: Points, layout: RowLayout) -> Activations:
    """Decodes the samples that fit the last layout of a run; others are of activations that it had before."""
    shape = (len(layout.activation_measures), len(layout.layout.activations))
    steps, arrays = _fitting(points, shape, np.dtype(np.float32))
    measures = {m: arrays[:, i].astype(np.float32) for i, m in enumerate(layout.activation_measures)}
    return Activations(layout.layout, steps, measures)


def _fitting(
    points: Points, shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.generic]]:
    """Steps and arrays of the points of one shape and type."""
    kept = [(step, x) for step, x in drop_rewritten(points) if x.shape == shape and x.dtype == dtype]
    arrays = np.stack([x for _, x in kept]) if kept else np.zeros((0, *shape), dtype)
    return np.array([step for step, _ in kept], np.int64), arrays
