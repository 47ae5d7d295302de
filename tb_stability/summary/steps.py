"""Steps as blocks of float32 rows: the value of `stability/steps`.

A row is a step. Column 0 is its step minus the block's first step, column 1
says which scalars were observed, then come the scalars, the measures of the
variables and those of the normalization layers; see `README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.series import NORMALIZATION_MEASURES, VARIABLE_MEASURES, FloatArray, Layout, StepValues
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import MAX_SCALARS, RowLayout
from tb_stability.summary.step_block import StepBlock

_NO_VARIABLES, _NO_NORMALIZATIONS = 1 << MAX_SCALARS, 1 << MAX_SCALARS + 1
"""Bits of column 1 behind those of the scalars: nothing was measured of the variables (normalizations)."""

MAX_OFFSET = 2**24
"""Steps that one block can span: float32 holds integers up to here exactly."""


def pack_block(
    steps: Sequence[int], values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...]
) -> FloatArray:
    """Packs steps into rows.

    Args:
      steps: Strictly increasing; at most `MAX_OFFSET` from first to last.
      values: One for each step. Scalars may be missing, and `variables` or `normalizations` may be empty;
        where they are not, every measure of `series.py` must be there. What has no column is left out.
      layout: What the entries of the measures stand for.
      scalars: Names of the scalar columns, in order; at most `MAX_SCALARS`.

    Returns:
      `[steps, columns]`.

    Raises:
      ValueError: If an argument breaks one of these rules.
    """
    offsets = np.asarray(steps, np.int64) - (steps[0] if len(steps) else 0)
    if len(values) != len(steps):
        raise ValueError(f"values must have one entry a step: got {len(values)} for {len(steps)} steps.")
    if np.any(np.diff(offsets) <= 0):
        raise ValueError(
            f"steps must increase within a block: got {list(steps)[:10]}. Start a new block instead."
        )
    if len(steps) and offsets[-1] > MAX_OFFSET:
        raise ValueError(f"steps of one block must span at most {MAX_OFFSET}: got {steps[0]} to {steps[-1]}.")
    if len(scalars) > MAX_SCALARS:
        raise ValueError(
            f"scalars must be at most {MAX_SCALARS} names: got {len(scalars)}. Record fewer of them."
        )
    numbers = np.array([[v.scalars.get(name, 0.0) for name in scalars] for v in values])
    with np.errstate(over="ignore"):  # a float64 beyond float32 is kept as Inf
        parts: list[npt.NDArray[np.number]] = [
            offsets[:, None],
            np.array([_mask(v, layout, scalars) for v in values], np.int64)[:, None],
            numbers.reshape(len(steps), len(scalars)),
        ]
        for measure in VARIABLE_MEASURES if layout.variables else ():
            parts.append(_stack([v.variables for v in values], measure, len(layout.variables)))
        for measure in NORMALIZATION_MEASURES if layout.normalizations else ():
            parts.append(_stack([v.normalizations for v in values], measure, len(layout.normalizations)))
        return np.concatenate([part.astype(np.float32) for part in parts], axis=1)


def unpack_block(rows: npt.NDArray[np.generic], first_step: int, layout: RowLayout) -> StepBlock:
    """The inverse of `pack_block`, for all rows at once.

    Args:
      rows: `[steps, columns]`, as it was read.
      first_step: The summary's step: that of the first row.
      layout: What the columns stand for.

    Raises:
      LogFormatError: If shape, steps or bits cannot have been written by us.
    """
    if rows.dtype != np.float32 or rows.ndim != 2 or rows.shape[1] != layout.columns:
        raise LogFormatError(
            f"the block at step {first_step} does not fit the layout of the run: got {rows.dtype} of shape "
            f"{list(rows.shape)}, expected float32 of shape [steps, {layout.columns}]."
        )
    values = np.asarray(rows, np.float32)
    offsets = _integers(values[:, 0], MAX_OFFSET, first_step)
    masks = _integers(values[:, 1], 2 * _NO_NORMALIZATIONS - 1, first_step)
    if np.any(masks & ((1 << MAX_SCALARS) - (1 << len(layout.scalars)))):
        raise LogFormatError(
            f"the block at step {first_step} is damaged: a scalar that it has not was observed."
        )
    if len(offsets) and (offsets[0] != 0 or np.any(np.diff(offsets) <= 0)):
        raise LogFormatError(f"the block at step {first_step} is damaged: its steps do not increase.")
    column = 2
    scalars: dict[str, FloatArray] = {}
    observed: dict[str, npt.NDArray[np.bool_]] = {}
    for i, name in enumerate(layout.scalars):
        scalars[name] = values[:, column]
        observed[name] = masks & (1 << i) != 0
        column += 1
    groups: list[dict[str, FloatArray]] = []
    for measures, width in (
        (layout.variable_measures, len(layout.layout.variables)),
        (layout.normalization_measures, len(layout.layout.normalizations)),
    ):
        starts = {m: column + i * width for i, m in enumerate(measures)} if width else {}
        groups.append({m: values[:, start : start + width] for m, start in starts.items()})
        column += width * len(measures)
    variables, normalizations = groups
    return StepBlock(
        steps=first_step + offsets,
        scalars=scalars,
        observed=observed,
        variables=variables,
        normalizations=normalizations,
        variables_observed=masks & _NO_VARIABLES == 0,
        normalizations_observed=masks & _NO_NORMALIZATIONS == 0,
    )


def _mask(values: StepValues, layout: Layout, scalars: Sequence[str]) -> int:
    """Column 1 of a row."""
    mask = sum(1 << i for i, name in enumerate(scalars) if name in values.scalars)
    if layout.variables and not values.variables:
        mask |= _NO_VARIABLES
    if layout.normalizations and not values.normalizations:
        mask |= _NO_NORMALIZATIONS
    return mask


def _stack(rows: Sequence[Mapping[str, FloatArray]], measure: str, width: int) -> FloatArray:
    """One measure of all steps, `[steps, width]`; zeros where nothing was measured."""
    stacked = np.zeros((len(rows), width), np.float32)
    for i, row in enumerate(rows):
        if row and (measure not in row or row[measure].shape != (width,)):
            received = f"an array of shape {row[measure].shape}" if measure in row else "nothing"
            raise ValueError(
                f"a step must have {measure!r} with {width} entries, as the layout says, or nothing of "
                f"its kind: got {received}."
            )
        if row:
            stacked[i] = row[measure]
    return stacked


def _integers(column: FloatArray, largest: int, first_step: int) -> npt.NDArray[np.int64]:
    """A column of integers in 0..largest; NaN is none."""
    if not np.all((column >= 0) & (column <= largest) & (column == np.floor(column))):
        raise LogFormatError(
            f"the block at step {first_step} is damaged: a step or a mask is no integer in range."
        )
    return column.astype(np.int64)
