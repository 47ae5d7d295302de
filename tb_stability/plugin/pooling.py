"""From rows to columns: every column of a chart stands for about the same number of rows.

Extremes and counts are kept, not samples, so a spike or a NaN of a single step
is never lost, however far the chart is zoomed out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray
from tb_stability.summary.step_block import Measures, Spread, StepBlock

Values = npt.NDArray[np.floating]
_Number = TypeVar("_Number", np.uint32, np.float64)

_LARGEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class Series:
    """Values over rows; of one series, or of several that are pooled alike, `[rows, series]`.

    Attributes:
      values: `[rows]`, any floating type. NaN and Inf are data. Where a row stands for several steps it is
        their mean, which is not finite where one of them was not.
      present: `[rows]`, bool. False where there is no value at all (not observed, or not defined):
        such a row counts for nothing, not even as NaN.
      low: `[rows]`, the smallest finite value of the steps of each row; None where every row is one step.
      high: `[rows]`, the largest finite value; likewise.
    """

    values: Values
    present: npt.NDArray[np.bool_]
    low: Values | None = None
    high: Values | None = None


@dataclasses.dataclass(frozen=True)
class Columns:
    """How rows are grouped.

    Attributes:
      starts: `[columns]`, index of the first row of each column.
      first_step: `[columns]`, int32.
      last_step: `[columns]`, int32.
      counts: `[rows]`, how many steps each row stands for; None where it is one each.
    """

    starts: npt.NDArray[np.int64]
    first_step: npt.NDArray[np.int32]
    last_step: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64] | None = None


@dataclasses.dataclass(frozen=True)
class PooledSeries:
    """A series in columns.

    Attributes:
      min, max: `[columns]`, over the finite values of all steps; NaN where there are none.
      mean: `[columns]`, over the finite values of the rows, each weighted with its number of steps.
      nan: `[columns]`, uint32, number of rows with a value that was NaN.
      inf: `[columns]`, uint32, number of rows with one that was infinite, and none that was NaN.
    """

    min: FloatArray
    max: FloatArray
    mean: FloatArray
    nan: npt.NDArray[np.uint32]
    inf: npt.NDArray[np.uint32]


def derive_series(
    block: StepBlock, compute: Callable[[Measures], Values], present: npt.NDArray[np.bool_]
) -> Series:
    """A series that is computed from measures: by one formula for their means, minima and maxima.

    Right for a formula that does not decrease in any of them, such as a norm over several variables: then
    every step lies between `low` and `high`. The formula of the means is near the mean of the formula.

    Args:
      block: The rows.
      compute: The formula; from measures to `[rows]`. Called once where every row is one step.
      present: `[rows]`, where the result has a meaning.
    """
    values = compute(block.mean)
    if block.spread is None:
        return Series(values, present)
    return Series(values, present, compute(block.spread.low), compute(block.spread.high))


def quotient(update: Series, weight: Series) -> Series:
    """Update norm / weight norm; not defined where all weights are 0, as those of a fresh bias.

    Of a row of several steps the extremes are those of the update over the mean weight, which hardly moves
    within a row: of `weight` only the values are looked at.
    """

    def ratio(norm: Values) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            divided: Values = norm / weight.values
        return divided

    return Series(
        ratio(update.values),
        update.present & weight.present & (weight.values != 0),
        None if update.low is None else ratio(update.low),
        None if update.high is None else ratio(update.high),
    )


def make_columns(steps: npt.NDArray[np.int64], limit: int, spread: Spread | None = None) -> Columns:
    """Groups rows into at most `limit` columns of equally many rows; the last may have fewer.

    Args:
      steps: `[rows]`, the first step of each row.
      limit: The most columns.
      spread: That of the block, where rows stand for several steps.
    """
    per_column = max(1, -(-len(steps) // limit))
    starts = np.arange(0, len(steps), per_column)
    ends = np.minimum(starts + per_column, len(steps)) - 1
    last_steps = steps if spread is None else spread.last_steps
    return Columns(
        starts,
        steps[starts].astype(np.int32),
        last_steps[ends].astype(np.int32),
        None if spread is None else spread.counts,
    )


def pool_series(series: Series, columns: Columns) -> PooledSeries:
    """Pools one series."""
    finite = np.isfinite(series.values) & series.present
    weights = finite.astype(np.float64) if columns.counts is None else np.where(finite, columns.counts, 0.0)
    values = np.where(finite, series.values, 0.0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        # 0 / 0 is the NaN that stands for "none"
        mean = _as_float32(_pool(np.add, values * weights, columns) / _pool(np.add, weights, columns))
    return PooledSeries(
        min=_pool_finite(np.minimum, np.inf, series.low, series, columns),
        max=pool_max(series, columns),
        mean=mean,
        nan=_pool(np.add, (np.isnan(series.values) & series.present).astype(np.uint32), columns),
        inf=_pool(np.add, (np.isinf(series.values) & series.present).astype(np.uint32), columns),
    )


def pool_max(series: Series, columns: Columns) -> FloatArray:
    """The largest finite value of each column; NaN where there is none."""
    return _pool_finite(np.maximum, -np.inf, series.high, series, columns)


def count_nonfinite(series: Series, columns: Columns) -> npt.NDArray[np.uint32]:
    """Number of rows of each column with a value that was NaN or infinite."""
    return _pool(np.add, (~np.isfinite(series.values) & series.present).astype(np.uint32), columns)


def _pool_finite(
    reduce: np.ufunc, nothing: float, extremes: Values | None, series: Series, columns: Columns
) -> FloatArray:
    """Pools the finite extremes; `nothing` is what changes no result of `reduce`."""
    values = series.values if extremes is None else extremes
    finite = np.isfinite(values) & series.present
    pooled = _pool(reduce, np.where(finite, values, nothing).astype(np.float64), columns)
    return np.where(np.isinf(pooled), np.float32(np.nan), _as_float32(pooled))


def _pool(reduce: np.ufunc, values: npt.NDArray[_Number], columns: Columns) -> npt.NDArray[_Number]:
    if len(columns.starts) == len(values):  # a row each; and reduceat takes no empty list
        return values
    pooled: npt.NDArray[_Number] = reduce.reduceat(values, columns.starts, dtype=values.dtype)
    return pooled


def _as_float32(values: npt.NDArray[np.generic]) -> FloatArray:
    """Finite values stay finite: one beyond float32 becomes its largest."""
    return np.clip(np.asarray(values, np.float64), -_LARGEST, _LARGEST).astype(np.float32)
