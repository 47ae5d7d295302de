"""What the pictures of a run show: its rows, pooled as the tab pools them: no spike and no NaN is lost."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tb_stability.plugin.heatmap import pool_heatmap
from tb_stability.plugin.layer_series import heatmap_measures, scalar_series
from tb_stability.plugin.pooling import Columns, PooledSeries, make_columns, pool_series
from tb_stability.plugin.rows import RunRows
from tb_stability.series import FloatArray

LINE_COLUMNS = 480
"""Points of a line: a picture has not many more pixels."""

HEATMAP_COLUMNS = 480
HEATMAP_ROWS = 120
"""Cells of a heatmap; more layers share rows."""

_LINES = ("loss", "val_loss", "learning_rate", "grad_norm", "clipped_grad_norm")
_HEATMAPS = ("grad_norm", "update_ratio")


@dataclasses.dataclass(frozen=True)
class Heatmap:
    """One measure of all layers on a grid: every column stands for equally many steps.

    Attributes:
      rows: The layers of each row, by their place in the network: `(first, last)`.
      max: `[rows, columns]`, the largest finite value; NaN where there is none.
      nonfinite: `[rows, columns]`, whether a value was NaN or infinite.
      held: Whether some cells show what was measured before them: of a thinned run, not every step is.
    """

    rows: tuple[tuple[int, int], ...]
    max: FloatArray
    nonfinite: npt.NDArray[np.bool_]
    held: bool


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The data of all pictures of a run.

    Attributes:
      first_step, last_step: What they show.
      columns: Those of the lines.
      lines: By the name of the scalar; those that the run has.
      layers: In network order.
      heatmaps: By measure; those that the run has.
    """

    first_step: int
    last_step: int
    columns: Columns
    lines: Mapping[str, PooledSeries]
    layers: tuple[str, ...]
    heatmaps: Mapping[str, Heatmap]


def pool_pictures(rows: RunRows, steps: tuple[int, int] | None = None) -> Pictures | None:
    """Pools the rows of a run; None where there are none.

    Args:
      rows: All rows.
      steps: The first and the last step to show; None for all.
    """
    # An object of its own, so that what is joined here is gone thereafter.
    rows = rows.between() if steps is None else rows.between(*steps)
    if not len(rows.block):
        return None
    block = rows.block
    lines = make_columns(block.steps, LINE_COLUMNS, block.spread)
    cells = make_columns(block.steps, 2 * HEATMAP_COLUMNS, block.spread)
    layers = rows.layout.layout.layers
    heatmaps = {}
    for measure in heatmap_measures(rows):
        if measure in _HEATMAPS and layers:
            highest, counts = pool_heatmap(rows, measure, cells)
            heatmaps[measure] = make_heatmap(highest, counts > 0, cells)
    return Pictures(
        first_step=int(lines.first_step[0]),
        last_step=int(lines.last_step[-1]),
        columns=lines,
        lines={name: pool_series(one, lines) for name, one in scalar_series(rows).items() if name in _LINES},
        layers=tuple(layers),
        heatmaps=heatmaps,
    )


def make_heatmap(highest: FloatArray, nonfinite: npt.NDArray[np.bool_], columns: Columns) -> Heatmap:
    """Puts cells of equally many rows on a grid of steps.

    Args:
      highest: `[layers, columns]`, as in `Heatmap.max`.
      nonfinite: `[layers, columns]`.
      columns: What the cells stand for.
    """
    highest, nonfinite, held = _hold(highest, nonfinite)
    count = min(len(highest), HEATMAP_ROWS)
    edges = np.linspace(0, len(highest), count + 1).astype(int)
    highest = np.fmax.reduceat(highest, edges[:-1], axis=0)
    nonfinite = np.logical_or.reduceat(nonfinite, edges[:-1], axis=0)
    first, last = int(columns.first_step[0]), int(columns.last_step[-1])
    width = min(HEATMAP_COLUMNS, last - first + 1)
    pixels = first + np.linspace(0, last - first + 1, width + 1)
    # The cells with a step inside of a pixel; `last_step` belongs to its cell.
    start = np.searchsorted(columns.last_step, pixels[:-1] - 1, side="right")
    stop = np.searchsorted(columns.first_step, pixels[1:], side="left")
    grid = np.full((count, width), np.nan, np.float32)
    bad = np.zeros((count, width), bool)
    for pixel in range(width):
        cells = slice(start[pixel], stop[pixel])
        if start[pixel] < stop[pixel]:
            grid[:, pixel] = np.fmax.reduce(highest[:, cells], axis=1)
            bad[:, pixel] = nonfinite[:, cells].any(axis=1)
    rows = tuple((int(a), int(b) - 1) for a, b in itertools.pairwise(edges))
    return Heatmap(rows, grid, bad, held)


def _hold(
    highest: FloatArray, nonfinite: npt.NDArray[np.bool_]
) -> tuple[FloatArray, npt.NDArray[np.bool_], bool]:
    """Fills cells in which nothing was measured: a value holds until the next one.

    The last one holds for as many columns as the one before it.
    """
    columns = highest.shape[1]
    source = np.full(highest.shape, -1)
    for layer, measured in enumerate(~np.isnan(highest) | nonfinite):
        places = np.flatnonzero(measured)
        if len(places):
            distance = int(places[-1] - places[-2]) if len(places) > 1 else 1
            end = min(columns, int(places[-1]) + distance)
            source[layer, places[0] : end] = np.repeat(places, np.diff([*places, end]))
    known = source >= 0
    held = bool((known & (source != np.arange(columns))).any())
    taken = np.maximum(source, 0)
    values = np.where(known, np.take_along_axis(highest, taken, axis=1), np.float32(np.nan))
    return values, np.take_along_axis(nonfinite, taken, axis=1) & known, held
