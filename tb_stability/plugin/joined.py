"""Blocks of rows as one, joined a measure at a time.

The rows of a large run are a hundred megabytes. They stay in the blocks in which they were read; a request
joins those measures that it looks at, and lets go of them when it is answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tb_stability.series import FloatArray
from tb_stability.summary.step_block import Measures, Spread, StepBlock

Group = Callable[[StepBlock], Mapping[str, FloatArray]]


class JoinedMeasures(Mapping[str, FloatArray]):
    """One group of measures over several blocks. A measure is joined when it is first asked for, then kept.

    Args:
      blocks: At least one, all with the same measures.
      group: Takes the group out of a block.
    """

    def __init__(self, blocks: Sequence[StepBlock], group: Group) -> None:
        self._parts = [group(block) for block in blocks]
        self._joined: dict[str, FloatArray] = {}

    def __getitem__(self, measure: str) -> FloatArray:
        if measure not in self._joined:
            self._joined[measure] = np.concatenate([part[measure] for part in self._parts])
        return self._joined[measure]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts[0])

    def __len__(self) -> int:
        return len(self._parts[0])


def join_lazily(blocks: Sequence[StepBlock]) -> StepBlock:
    """Joins blocks of one layout, at least one, whose steps increase from block to block."""
    mean = _join_measures(blocks, lambda block: block.mean)
    return StepBlock(
        steps=np.concatenate([block.steps for block in blocks]),
        scalars=mean.scalars,
        observed={
            name: np.concatenate([block.observed[name] for block in blocks]) for name in blocks[0].observed
        },
        variables=mean.variables,
        normalizations=mean.normalizations,
        variables_observed=np.concatenate([block.variables_observed for block in blocks]),
        normalizations_observed=np.concatenate([block.normalizations_observed for block in blocks]),
        spread=None if all(block.spread is None for block in blocks) else _join_spreads(blocks),
    )


def pick_columns(block: StepBlock, variables: Sequence[int], normalizations: Sequence[int]) -> StepBlock:
    """The block with some of its variables and normalizations; without a copy where these are neighbours."""

    def pick(measures: Measures) -> Measures:
        return Measures(
            measures.scalars,
            {name: x[:, _indices(variables)] for name, x in measures.variables.items()},
            {name: x[:, _indices(normalizations)] for name, x in measures.normalizations.items()},
        )

    mean, spread = pick(block.mean), block.spread
    if spread is not None:
        spread = dataclasses.replace(spread, low=pick(spread.low), high=pick(spread.high))
    return dataclasses.replace(
        block, variables=mean.variables, normalizations=mean.normalizations, spread=spread
    )


def _indices(columns: Sequence[int]) -> slice | list[int]:
    if not columns or columns[-1] - columns[0] != len(columns) - 1:
        return list(columns)
    return slice(columns[0], columns[-1] + 1)


def _join_spreads(blocks: Sequence[StepBlock]) -> Spread:
    """A row of a single step is its own minimum and maximum."""
    counts = [np.ones(len(b), np.int64) if b.spread is None else b.spread.counts for b in blocks]
    return Spread(
        last_steps=np.concatenate([block.last_steps for block in blocks]),
        counts=np.concatenate(counts),
        low=_join_measures(blocks, lambda b: b.mean if b.spread is None else b.spread.low),
        high=_join_measures(blocks, lambda b: b.mean if b.spread is None else b.spread.high),
    )


def _join_measures(blocks: Sequence[StepBlock], pick: Callable[[StepBlock], Measures]) -> Measures:
    return Measures(
        JoinedMeasures(blocks, lambda block: pick(block).scalars),
        JoinedMeasures(blocks, lambda block: pick(block).variables),
        JoinedMeasures(blocks, lambda block: pick(block).normalizations),
    )
