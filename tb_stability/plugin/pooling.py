"""From steps to columns: every column of a chart stands for the same number of steps.

Extremes and counts are kept, not samples, so a spike or a NaN of a single step
is never lost, however far the chart is zoomed out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray

_Number = TypeVar("_Number", np.uint32, np.float64)

_LARGEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class Series:
    """Values over steps.

    Attributes:
      values: `[steps]`, any floating type. NaN and Inf are data.
      present: `[steps]`, bool. False where there is no value at all (not observed, or not defined):
        such a step counts for nothing, not even as NaN.
    """

    values: npt.NDArray[np.floating]
    present: npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Columns:
    """How steps are grouped.

    Attributes:
      starts: `[columns]`, index of the first step of each column.
      first_step: `[columns]`, int32.
      last_step: `[columns]`, int32.
    """

    starts: npt.NDArray[np.int64]
    first_step: npt.NDArray[np.int32]
    last_step: npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True)
class PooledSeries:
    """A series in columns.

    Attributes:
      min, max, mean: `[columns]`, over the finite values; NaN where there are none.
      nan: `[columns]`, uint32, number of values that were NaN.
      inf: `[columns]`, uint32, number of values that were infinite.
    """

    min: FloatArray
    max: FloatArray
    mean: FloatArray
    nan: npt.NDArray[np.uint32]
    inf: npt.NDArray[np.uint32]


def make_columns(steps: npt.NDArray[np.int64], limit: int) -> Columns:
    """Groups steps into at most `limit` columns of equally many recorded steps; the last may have fewer."""
    per_column = max(1, -(-len(steps) // limit))
    starts = np.arange(0, len(steps), per_column)
    ends = np.minimum(starts + per_column, len(steps)) - 1
    return Columns(starts, steps[starts].astype(np.int32), steps[ends].astype(np.int32))


def pool_series(series: Series, columns: Columns) -> PooledSeries:
    """Pools one series."""
    finite = np.isfinite(series.values) & series.present
    values = series.values.astype(np.float64)
    count = _pool(np.add, finite.astype(np.uint32), columns)
    total = _pool(np.add, np.where(finite, values, 0.0), columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _as_float32(total / count)  # 0 / 0 is the NaN that stands for "none"
    none = count == 0
    lowest = _pool(np.minimum, np.where(finite, values, np.inf), columns)
    return PooledSeries(
        min=np.where(none, np.float32(np.nan), _as_float32(lowest)),
        max=pool_max(series, columns),
        mean=mean,
        nan=_pool(np.add, (np.isnan(series.values) & series.present).astype(np.uint32), columns),
        inf=_pool(np.add, (np.isinf(series.values) & series.present).astype(np.uint32), columns),
    )


def pool_max(series: Series, columns: Columns) -> FloatArray:
    """The largest finite value of each column; NaN where there is none."""
    finite = np.isfinite(series.values) & series.present
    highest = _pool(np.maximum, np.where(finite, series.values.astype(np.float64), -np.inf), columns)
    return np.where(np.isneginf(highest), np.float32(np.nan), _as_float32(highest))


def count_nonfinite(series: Series, columns: Columns) -> npt.NDArray[np.uint32]:
    """Number of values of each column that were NaN or infinite."""
    return _pool(np.add, (~np.isfinite(series.values) & series.present).astype(np.uint32), columns)


def stack_heatmap(rows: Sequence[Series], columns: Columns) -> tuple[FloatArray, npt.NDArray[np.uint32]]:
    """`pool_max` and `count_nonfinite` of several series, each `[series, columns]`."""
    shape = (len(rows), len(columns.starts))
    highest = np.array([pool_max(row, columns) for row in rows], np.float32).reshape(shape)
    return highest, np.array([count_nonfinite(row, columns) for row in rows], np.uint32).reshape(shape)


def _pool(reduce: np.ufunc, values: npt.NDArray[_Number], columns: Columns) -> npt.NDArray[_Number]:
    if not len(columns.starts):  # reduceat takes no empty list
        return values[:0]
    pooled: npt.NDArray[_Number] = reduce.reduceat(values, columns.starts, dtype=values.dtype)
    return pooled


def _as_float32(values: npt.NDArray[np.generic]) -> FloatArray:
    """Finite values stay finite: one beyond float32 becomes its largest."""
    return np.clip(np.asarray(values, np.float64), -_LARGEST, _LARGEST).astype(np.float32)
