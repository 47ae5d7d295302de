"""The recorded steps of a run, put together from the points that TensorBoard kept."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.plugin.joined import join_lazily, pick_columns
from tb_stability.plugin.restarts import MAX_STEP, drop_rewritten
from tb_stability.series import FloatArray, Layout
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import RowLayout, parse_layout
from tb_stability.summary.step_block import Measures, StepBlock, keep_newest
from tb_stability.summary.steps import MAX_OFFSET, unpack_block


@dataclasses.dataclass(frozen=True)
class RunRows:
    """The steps of one run.

    Attributes:
      layout: What the measures speak of: the last layout of the run, with those scalars of all that were
        ever observed.
      blocks: The rows as they were read; at least one block, in the order of their steps. Before the
        variables changed the last time, none are observed.
      problems: Sentences about what could not be read.
    """

    layout: RowLayout
    blocks: tuple[StepBlock, ...]
    problems: tuple[str, ...] = ()

    @functools.cached_property
    def block(self) -> StepBlock:
        """The rows as one block. What is looked at of it stays in memory as long as this object."""
        return join_lazily(self.blocks)

    @property
    def step_count(self) -> int:
        """How many steps the rows stand for."""
        return sum(block.step_count for block in self.blocks)

    @property
    def byte_count(self) -> int:
        """How much memory the values of the rows take."""
        numbers = self.layout.columns * sum((1 if b.spread is None else 3) * len(b) for b in self.blocks)
        return 4 * numbers

    def of_layer(self, layer: str) -> RunRows:
        """The rows with what was measured of one layer alone."""
        layout = self.layout.layout
        variables = [i for i, variable in enumerate(layout.variables) if variable.layer == layer]
        normalizations = [i for i, found in enumerate(layout.normalizations) if found.layer == layer]
        own = dataclasses.replace(
            layout,
            variables=tuple(layout.variables[i] for i in variables),
            normalizations=tuple(layout.normalizations[i] for i in normalizations),
        )
        return RunRows(
            dataclasses.replace(self.layout, layout=own),
            tuple(pick_columns(block, variables, normalizations) for block in self.blocks),
        )

    def between(self, first: int = 0, last: int = MAX_STEP) -> RunRows:
        """The rows that have a step from `first` to `last`, both inclusive; as an object of its own."""
        blocks = [block.between(first, last) for block in self.blocks]
        kept = tuple(block for block in blocks if len(block))
        return dataclasses.replace(self, blocks=kept or tuple(blocks[:1]))


def empty_rows(*problems: str) -> RunRows:
    """A run without steps."""
    layout = RowLayout(layout=Layout(), scalars=())
    return RunRows(layout, (_empty_block(layout),), problems)


def decode_rows(
    layouts: Sequence[tuple[int, bytes]], blocks: Sequence[tuple[int, npt.NDArray[np.generic]]]
) -> RunRows:
    """Decodes what was kept of a run; each argument as `(step, value)`, in the order of writing.

    A damaged block is left out. Where the variables changed during the run, only those of the last layout
    are used, since the series of the two do not compare; scalars are joined by name. What is left out is
    said in `problems`.

    Raises:
      LogFormatError: If a layout is damaged, or a newer version wrote it.
    """
    if not blocks:
        return empty_rows()
    known = [parse_layout(text) for _, text in drop_rewritten(layouts)]
    if not known:
        return empty_rows("The steps of this run cannot be shown: its log has no layout.")
    layout, layers_from = _join_layouts(known)
    decoded, problems, damaged = [], [], []
    for step, rows in drop_rewritten(blocks):
        own = next((k for k in reversed(known) if k.first_step <= step), None)
        try:
            if not 0 <= step <= MAX_STEP - MAX_OFFSET:
                raise LogFormatError(f"the block at step {step} is damaged: no run has so many steps.")
            if own is None:
                raise LogFormatError(f"what describes the block at step {step} is missing.")
            decoded.append(_conform(unpack_block(rows, step, own), layout, layers_from))
        except LogFormatError as error:
            damaged.append(str(error))
    if damaged:
        problems.append(f"{len(damaged)} of {len(blocks)} blocks of steps could not be read: {damaged[0]}")
    if layers_from > known[0].first_step:
        problems.append(
            f"The variables of the model changed at step {layers_from}: its layers are shown from there on."
        )
    kept = tuple(keep_newest(decoded)) or (_empty_block(layout),)
    observed = tuple(name for name in layout.scalars if any(block.observed[name].any() for block in kept))
    return RunRows(dataclasses.replace(layout, scalars=observed), kept, tuple(problems))


def _empty_block(layout: RowLayout) -> StepBlock:
    return unpack_block(np.zeros((0, layout.columns), np.float32), 0, layout)


def _join_layouts(known: Sequence[RowLayout]) -> tuple[RowLayout, int]:
    """The last layout with the scalars of all, and the step from which on its variables were measured."""
    last = known[-1]
    layers_from = last.first_step
    for layout in reversed(known):
        if _layer_columns(layout) != _layer_columns(last):
            break
        layers_from = layout.first_step
    scalars = tuple(dict.fromkeys(name for layout in known for name in layout.scalars))
    return dataclasses.replace(last, scalars=scalars), layers_from


def _layer_columns(layout: RowLayout) -> RowLayout:
    """What the columns behind the scalars stand for."""
    layers = dataclasses.replace(layout.layout, activations=())
    return dataclasses.replace(layout, layout=layers, scalars=(), first_step=0, activation_measures=())


def _conform(block: StepBlock, layout: RowLayout, layers_from: int) -> StepBlock:
    """A block with the columns of `layout`; with scalars alone where it is from before `layers_from`."""
    count = len(block)
    nothing, never = np.zeros(count, np.float32), np.zeros(count, bool)
    is_before = count > 0 and int(block.steps[0]) < layers_from
    empty = _empty_block(layout)

    def conform(measures: Measures) -> Measures:
        scalars = {name: measures.scalars.get(name, nothing) for name in layout.scalars}
        if not is_before:
            return dataclasses.replace(measures, scalars=scalars)
        return Measures(scalars, _zeros(empty.variables, count), _zeros(empty.normalizations, count))

    mean, spread = conform(block.mean), block.spread
    return StepBlock(
        steps=block.steps,
        scalars=mean.scalars,
        observed={name: block.observed.get(name, never) for name in layout.scalars},
        variables=mean.variables,
        normalizations=mean.normalizations,
        variables_observed=never if is_before else block.variables_observed,
        normalizations_observed=never if is_before else block.normalizations_observed,
        spread=None
        if spread is None
        else dataclasses.replace(spread, low=conform(spread.low), high=conform(spread.high)),
    )


def _zeros(group: Mapping[str, FloatArray], count: int) -> dict[str, FloatArray]:
    return {measure: np.zeros((count, columns.shape[1]), np.float32) for measure, columns in group.items()}
