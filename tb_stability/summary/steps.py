"""Rows as blocks of float32: the value of `stability/steps`.

There are blocks of single steps and blocks of spans; their width tells them
apart. The columns: `README.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import MAX_SCALARS, RowLayout
from tb_stability.summary.row import NO_NORMALIZATIONS, NO_VARIABLES, Row, exact_row, pack_step
from tb_stability.summary.step_block import Measures, Spread, StepBlock

MAX_OFFSET = 2**24
"""Steps that one block can span: float32 holds integers up to here exactly."""

_EXACT_HEAD, _SPAN_HEAD = 2, 4
"""Columns before the values."""


def row_bytes(layout: RowLayout, *, is_span: bool) -> int:
    """Size of a row in a block."""
    values = layout.columns - _EXACT_HEAD
    return 4 * (_SPAN_HEAD + 3 * values if is_span else layout.columns)


def pack_block(
    steps: Sequence[int], values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...]
) -> FloatArray:
    """Packs single steps into a block.

    Args:
      steps: Strictly increasing; at most `MAX_OFFSET` from first to last.
      values: One for each step; see `pack_step`.
      layout: What the entries of the measures stand for.
      scalars: Names of the scalar columns, in order; at most `MAX_SCALARS`.

    Returns:
      `[steps, columns]`.

    Raises:
      ValueError: If an argument breaks one of these rules.
    """
    if len(values) != len(steps):
        raise ValueError(f"values must have one entry a step: got {len(values)} for {len(steps)} steps.")
    rows = RowLayout(layout=layout, scalars=scalars)
    return pack_rows(
        [exact_row(pack_step(step, v, rows), rows) for step, v in zip(steps, values, strict=True)], rows
    )


def pack_rows(rows: Sequence[Row], layout: RowLayout) -> FloatArray:
    """Packs rows into a block.

    Args:
      rows: In increasing step order, at most `MAX_OFFSET` from the first step to the last; all with extremes,
        or none.
      layout: What the columns stand for; at most `MAX_SCALARS` scalars.

    Returns:
      `[rows, columns]`.

    Raises:
      ValueError: If an argument breaks one of these rules.
    """
    if len(layout.scalars) > MAX_SCALARS:
        raise ValueError(
            f"scalars must be at most {MAX_SCALARS} names: got {len(layout.scalars)}. Record fewer of them."
        )
    if not rows:
        return np.zeros((0, layout.columns), np.float32)
    firsts = np.array([row.first_step for row in rows], np.int64)
    lasts = np.array([row.last_step for row in rows], np.int64)
    if np.any(firsts[1:] <= lasts[:-1]):
        raise ValueError(
            f"steps must increase within a block: got {firsts[:10].tolist()}. Start a new block instead."
        )
    if lasts[-1] - firsts[0] > MAX_OFFSET:
        received = f"{firsts[0]} to {lasts[-1]}"
        raise ValueError(f"steps of one block must span at most {MAX_OFFSET}: got {received}.")
    are_spans = rows[0].extremes is not None
    if any((row.extremes is not None) is not are_spans for row in rows):
        raise ValueError("rows of one block must all have extremes, or none: got both. Write two blocks.")
    head = [firsts - firsts[0], np.array([row.mask for row in rows], np.int64)]
    values = [np.stack([row.mean for row in rows])]
    if are_spans:
        head += [lasts - firsts, np.array([row.count for row in rows], np.int64)]
        values += [np.stack([row.extremes[i] for row in rows if row.extremes]) for i in (0, 1)]
    return np.concatenate([np.stack(head, axis=1).astype(np.float32), *values], axis=1)


def unpack_block(rows: npt.NDArray[np.generic], first_step: int, layout: RowLayout) -> StepBlock:
    """The inverse of `pack_block` and `pack_rows`, for all rows at once.

    Args:
      rows: `[rows, columns]`, as it was read.
      first_step: The summary's step: the first step of the first row.
      layout: What the columns stand for.

    Raises:
      LogFormatError: If shape, steps or bits cannot have been written by us.
    """
    count = layout.columns - _EXACT_HEAD
    widths = (_EXACT_HEAD + count, _SPAN_HEAD + 3 * count)
    if rows.dtype != np.float32 or rows.ndim != 2 or rows.shape[1] not in widths:
        raise LogFormatError(
            f"the block at step {first_step} does not fit the layout of the run: got {rows.dtype} of shape "
            f"{list(rows.shape)}, expected float32 of shape [rows, {widths[0]}] or [rows, {widths[1]}]."
        )
    values = np.asarray(rows, np.float32)
    offsets = _integers(values[:, 0], MAX_OFFSET, first_step)
    masks = _integers(values[:, 1], 2 * NO_NORMALIZATIONS - 1, first_step)
    if np.any(masks & ((1 << MAX_SCALARS) - (1 << len(layout.scalars)))):
        raise LogFormatError(
            f"the block at step {first_step} is damaged: a scalar that it has not was observed."
        )
    spread: Spread | None = None
    last_offsets, start = offsets, _EXACT_HEAD
    if rows.shape[1] == widths[1]:
        spread = _unpack_spread(values, first_step + offsets, first_step, layout)
        last_offsets, start = spread.last_steps - first_step, _SPAN_HEAD
    if len(offsets) and (offsets[0] != 0 or np.any(offsets[1:] <= last_offsets[:-1])):
        raise LogFormatError(f"the block at step {first_step} is damaged: its steps do not increase.")
    mean = _unpack_measures(values[:, start : start + count], layout)
    return StepBlock(
        steps=first_step + offsets,
        scalars=mean.scalars,
        observed={name: masks & (1 << i) != 0 for i, name in enumerate(layout.scalars)},
        variables=mean.variables,
        normalizations=mean.normalizations,
        variables_observed=masks & NO_VARIABLES == 0,
        normalizations_observed=masks & NO_NORMALIZATIONS == 0,
        spread=spread,
    )


def _unpack_spread(
    values: FloatArray, steps: npt.NDArray[np.int64], first_step: int, layout: RowLayout
) -> Spread:
    """What a block of spans has beyond one of single steps."""
    lengths = _integers(values[:, 2], MAX_OFFSET, first_step)
    counts = _integers(values[:, 3], MAX_OFFSET, first_step)
    width = layout.columns - _EXACT_HEAD
    low, high = (values[:, _SPAN_HEAD + i * width : _SPAN_HEAD + (i + 1) * width] for i in (1, 2))
    if np.any((counts < 1) | (counts > lengths + 1)):
        raise LogFormatError(f"the block at step {first_step} is damaged: a row has an impossible length.")
    if np.any(low > high) or np.isinf(low).any() or np.isinf(high).any():
        raise LogFormatError(f"the block at step {first_step} is damaged: a minimum exceeds its maximum.")
    return Spread(steps + lengths, counts, _unpack_measures(low, layout), _unpack_measures(high, layout))


def _unpack_measures(values: FloatArray, layout: RowLayout) -> Measures:
    """The columns of values by name."""
    column = len(layout.scalars)
    groups: list[dict[str, FloatArray]] = []
    for measures, width in (
        (layout.variable_measures, len(layout.layout.variables)),
        (layout.normalization_measures, len(layout.layout.normalizations)),
    ):
        starts = {m: column + i * width for i, m in enumerate(measures)} if width else {}
        groups.append({m: values[:, start : start + width] for m, start in starts.items()})
        column += width * len(measures)
    return Measures({name: values[:, i] for i, name in enumerate(layout.scalars)}, *groups)


def _integers(column: FloatArray, largest: int, first_step: int) -> npt.NDArray[np.int64]:
    """A column of integers in 0..largest; NaN is none."""
    if not np.all((column >= 0) & (column <= largest) & (column == np.floor(column))):
        raise LogFormatError(
            f"the block at step {first_step} is damaged: a step or a mask is no integer in range."
        )
    return column.astype(np.int64)
