"""One row of the log, packed: a step as it was measured, or what is kept of several steps."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tb_stability.series import NORMALIZATION_MEASURES, VARIABLE_MEASURES, FloatArray, StepValues
from tb_stability.summary.layout import MAX_SCALARS, RowLayout

NO_VARIABLES, NO_NORMALIZATIONS = 1 << MAX_SCALARS, 1 << MAX_SCALARS + 1
"""Bits of the mask behind those of the scalars: nothing was measured of the variables (normalizations)."""

_VARIABLE_MEASURES = tuple(VARIABLE_MEASURES)


class PackedStep(NamedTuple):  # no dataclass: one is made at every step, and frozen ones take their time
    """The measurements of one step, as numbers in the order of the columns.

    Attributes:
      step: The step.
      mask: Which scalars and groups were observed; see `README.md`.
      scalars: `[scalars]`; 0 where not observed. They become float32 with the row: many at once.
      variables: `[measures * variables]`, measure by measure; None where not observed.
      normalizations: `[measures * normalizations]`; likewise.
    """

    step: int
    mask: int
    scalars: Sequence[float]
    variables: FloatArray | None
    normalizations: FloatArray | None


@dataclasses.dataclass(frozen=True)
class Row:
    """A row: one step, or several that follow each other.

    Attributes:
      first_step: The first step.
      last_step: The last one.
      count: Number of steps that it stands for; less than the distance where some are missing in between.
      mask: What was observed at any of them.
      mean: `[columns]`, the values of the step, or their means.
      extremes: `[columns]` each, smallest and largest finite value; None for the row of a single step that
        is kept as it was measured.
    """

    first_step: int
    last_step: int
    count: int
    mask: int
    mean: FloatArray
    extremes: tuple[FloatArray, FloatArray] | None = None


def pack_step(step: int, values: StepValues, layout: RowLayout) -> PackedStep:
    """Packs one step.

    Args:
      step: The step.
      values: Its measurements. Scalars may be missing, and `variables` or `normalizations` may be empty;
        where they are not, every measure of `series.py` must be there. What has no column is left out.
      layout: What the columns stand for; its measures are those of `series.py`.

    Raises:
      ValueError: If an array does not fit the layout.
    """
    mask = _scalars_mask(tuple(values.scalars), layout.scalars)
    numbers = [values.scalars.get(name, 0.0) for name in layout.scalars]
    described = layout.layout
    variables = _pack_group(values.variables, _VARIABLE_MEASURES, len(described.variables))
    normalizations = _pack_group(values.normalizations, NORMALIZATION_MEASURES, len(described.normalizations))
    if variables is None and described.variables:
        mask |= NO_VARIABLES
    if normalizations is None and described.normalizations:
        mask |= NO_NORMALIZATIONS
    return PackedStep(step, mask, numbers, variables, normalizations)


def exact_row(step: PackedStep, layout: RowLayout) -> Row:
    """The row of a single step, as it was measured; zeros where nothing was."""
    start = len(layout.scalars)
    middle = start + len(layout.variable_measures) * len(layout.layout.variables)
    mean = np.zeros(layout.columns - 2, np.float32)
    with np.errstate(over="ignore"):  # a float64 beyond float32 is kept as Inf
        mean[:start] = step.scalars
    if step.variables is not None:
        mean[start:middle] = step.variables
    if step.normalizations is not None:
        mean[middle:] = step.normalizations
    return Row(step.step, step.step, 1, step.mask, mean)


@functools.lru_cache(maxsize=64)  # nearly all steps have the same ones
def _scalars_mask(observed: tuple[str, ...], columns: tuple[str, ...]) -> int:
    """The bits of the scalars that were observed."""
    return sum(1 << i for i, name in enumerate(columns) if name in observed)


def _pack_group(group: Mapping[str, FloatArray], measures: tuple[str, ...], width: int) -> FloatArray | None:
    """All measures of a group, one after the other; None where nothing was measured."""
    if not group or not width:
        return None
    for measure in measures:
        if measure not in group or group[measure].shape != (width,):
            received = f"an array of shape {group[measure].shape}" if measure in group else "nothing"
            raise ValueError(
                f"a step must have {measure!r} with {width} entries, as the layout says, or nothing of "
                f"its kind: got {received}."
            )
    with np.errstate(over="ignore"):
        return np.concatenate([group[measure] for measure in measures]).astype(np.float32, copy=False)
