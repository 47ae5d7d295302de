"""Several steps as one row: the mean of every column, its minimum and its maximum."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import NO_NORMALIZATIONS, NO_VARIABLES, PackedStep, Row

_ABSENT = NO_VARIABLES | NO_NORMALIZATIONS
_INF = np.float32(np.inf)

_Number = TypeVar("_Number", bound=np.generic)


class SpanAccumulator:
    """Gathers consecutive steps until their row is taken.

    Of every column it keeps, over the steps at which it was observed: the plain mean, which is NaN or Inf
    as soon as one value was, and the smallest and the largest finite value, NaN where there was none. So
    neither a spike nor a NaN of a single step is lost.

    Args:
      layout: What the columns stand for.

    Attributes:
      first_step: The first step gathered; no meaning where there is none.
      count: Number of steps gathered.
    """

    def __init__(self, layout: RowLayout) -> None:
        self.first_step = 0
        self.count = 0
        self._last_step = 0
        self._layout = layout
        self._totals: _Totals | None = None

    def add(self, steps: Sequence[PackedStep]) -> None:
        """Gathers steps, in order."""
        if not steps:
            return
        if not self.count:
            self.first_step = steps[0].step
        self.count += len(steps)
        self._last_step = steps[-1].step
        totals = _reduce(steps, len(steps), self._layout)
        self._totals = totals if self._totals is None else self._totals.joined(totals)

    def take(self) -> Row:
        """Returns the row of what was gathered, at least one step, and starts anew."""
        if self._totals is None:
            raise ValueError("a row must stand for at least one step: got none. Add one first.")
        (row,) = self._totals.rows([(self.first_step, self._last_step)], self.count)
        self.count, self._totals = 0, None
        return row


def gather_rows(steps: Sequence[PackedStep], interval: int, layout: RowLayout) -> list[Row]:
    """As a `SpanAccumulator` that is taken after every `interval` steps, but for all of them at once.

    Args:
      steps: In order; a multiple of `interval`, 0 included.
      interval: Steps that a row stands for.
      layout: What the columns stand for.
    """
    if not steps:
        return []
    ends = [(steps[i].step, steps[i + interval - 1].step) for i in range(0, len(steps), interval)]
    return _reduce(steps, interval, layout).rows(ends, interval)


@dataclasses.dataclass(frozen=True)
class _Totals:
    """What is known of some spans; each `[spans, columns]`, over the steps at which a column was observed.

    Attributes:
      mask: `[spans]`, that of the row.
      count: Number of values.
      total: Their sum.
      low: The smallest finite one; Inf where there was none.
      high: The largest finite one; -Inf where there was none.
    """

    mask: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    total: npt.NDArray[np.float64]
    low: FloatArray
    high: FloatArray

    def joined(self, later: _Totals) -> _Totals:
        """Those of the same spans with more steps in them."""
        with np.errstate(invalid="ignore"):  # Inf - Inf
            total = self.total + later.total
        return _Totals(
            _join_masks(np.stack([self.mask, later.mask], axis=1)),
            self.count + later.count,
            total,
            np.minimum(self.low, later.low),
            np.maximum(self.high, later.high),
        )

    def rows(self, ends: Sequence[tuple[int, int]], steps: int) -> list[Row]:
        """The rows of spans of as many `steps` each, by their first and last step."""
        mean = (self.total / np.maximum(self.count, 1)).astype(np.float32)  # 0 where nothing was observed
        nothing = np.isinf(self.low)
        low, high = (np.where(nothing, np.float32(np.nan), x) for x in (self.low, self.high))
        return [
            Row(first, last, steps, int(self.mask[i]), mean[i], (low[i], high[i]))
            for i, (first, last) in enumerate(ends)
        ]


def _reduce(steps: Sequence[PackedStep], interval: int, layout: RowLayout) -> _Totals:
    """Reduces steps to spans of `interval` each."""
    scalars, columns = len(layout.scalars), layout.columns - 2
    layers = scalars + len(layout.variable_measures) * len(layout.layout.variables)
    full = [i for i, s in enumerate(steps) if s.variables is not None or s.normalizations is not None]
    width = columns if full else scalars  # of thinned steps there is nothing more to reduce
    values = np.zeros((len(steps), width), np.float32)
    observed = np.zeros(values.shape, bool)
    masks = np.array([step.mask for step in steps], np.int64)
    with np.errstate(over="ignore"):  # a float64 beyond float32 is kept as Inf
        values[:, :scalars] = [step.scalars for step in steps]
    observed[:, :scalars] = masks[:, None] & (1 << np.arange(scalars)) != 0
    for i in full:
        step = steps[i]
        if step.variables is not None:
            values[i, scalars:layers], observed[i, scalars:layers] = step.variables, True
        if step.normalizations is not None:
            values[i, layers:], observed[i, layers:] = step.normalizations, True
    finite = observed & np.isfinite(values)
    spans = (len(steps) // interval, interval, width)
    with np.errstate(invalid="ignore"):  # Inf - Inf
        total = values.reshape(spans).sum(axis=1, dtype=np.float64)  # what was not observed is 0
    return _Totals(
        _join_masks(masks.reshape(spans[:2])),
        _widened(observed.reshape(spans).sum(axis=1), columns, 0),
        _widened(total, columns, 0.0),
        _widened(np.where(finite, values, _INF).reshape(spans).min(axis=1), columns, _INF),
        _widened(np.where(finite, values, -_INF).reshape(spans).max(axis=1), columns, -_INF),
    )


def _widened(values: npt.NDArray[_Number], columns: int, nothing: float | np.float32) -> npt.NDArray[_Number]:
    """Adds columns in which nothing was observed."""
    spans, width = values.shape
    if width == columns:
        return values
    wide = np.full((spans, columns), nothing, values.dtype)
    wide[:, :width] = values
    return wide


def _join_masks(masks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The masks of spans, from those of their steps, `[spans, steps]`: observed at any of them."""
    any_bit, every_bit = np.bitwise_or.reduce(masks, axis=1), np.bitwise_and.reduce(masks, axis=1)
    joined: npt.NDArray[np.int64] = any_bit & ~_ABSENT | every_bit & _ABSENT
    return joined
