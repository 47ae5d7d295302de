"""The recorded rows of several steps, as arrays over rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray, StepValues

_Entry = TypeVar("_Entry", bound=np.generic)


@dataclasses.dataclass(frozen=True)
class Measures:
    """One number for every row and column.

    Attributes:
      scalars: `[rows]` by name.
      variables: `[rows, variables]` by measure.
      normalizations: `[rows, normalizations]` by measure.
    """

    scalars: Mapping[str, FloatArray]
    variables: Mapping[str, FloatArray]
    normalizations: Mapping[str, FloatArray]


@dataclasses.dataclass(frozen=True)
class Spread:
    """What there is to say of rows that stand for several steps.

    Attributes:
      last_steps: `[rows]`, int64, the last step of each row; the next row begins behind it.
      counts: `[rows]`, int64, how many steps each row stands for, 1 or more.
      low: The smallest finite value of those steps; NaN where there was none.
      high: The largest finite value; likewise.
    """

    last_steps: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    low: Measures
    high: Measures


@dataclasses.dataclass(frozen=True)
class StepBlock:
    """The measurements of several rows; a row stands for one step, or for several that follow each other.

    Of a row of several steps, a value is the plain mean over the steps at which it was observed: not finite
    where one of them was not.

    Attributes:
      steps: `[rows]`, int64, the first step of each row, strictly increasing.
      scalars: `[rows]` float32 by name. No meaning where `observed` is false.
      observed: `[rows]` bool by the same names: whether at any step of the row.
      variables: `[rows, variables]` by measure. No meaning where `variables_observed` is false.
      normalizations: `[rows, normalizations]` by measure. Likewise.
      variables_observed: `[rows]` bool.
      normalizations_observed: `[rows]` bool.
      spread: None where every row is one step.
    """

    steps: npt.NDArray[np.int64]
    scalars: Mapping[str, FloatArray]
    observed: Mapping[str, npt.NDArray[np.bool_]]
    variables: Mapping[str, FloatArray]
    normalizations: Mapping[str, FloatArray]
    variables_observed: npt.NDArray[np.bool_]
    normalizations_observed: npt.NDArray[np.bool_]
    spread: Spread | None = None

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[tuple[int, StepValues]]:
        """Yields `(last step of the row, values)`: as they were recorded, or their means."""
        for i, step in enumerate(self.last_steps.tolist()):
            yield (
                step,
                StepValues(
                    scalars={n: float(x[i]) for n, x in self.scalars.items() if self.observed[n][i]},
                    variables=_row(self.variables, i) if self.variables_observed[i] else {},
                    normalizations=_row(self.normalizations, i) if self.normalizations_observed[i] else {},
                ),
            )

    @property
    def last_steps(self) -> npt.NDArray[np.int64]:
        """`[rows]`, the last step of each row."""
        return self.steps if self.spread is None else self.spread.last_steps

    @property
    def step_count(self) -> int:
        """How many steps the rows stand for."""
        return len(self.steps) if self.spread is None else int(self.spread.counts.sum())

    @property
    def mean(self) -> Measures:
        """The values themselves."""
        return Measures(self.scalars, self.variables, self.normalizations)

    def between(self, first: int, last: int) -> StepBlock:
        """The rows that have a step from `first` to `last`, both inclusive."""
        start = int(np.searchsorted(self.last_steps, first))
        stop = max(start, int(np.searchsorted(self.steps, last, side="right")))
        return self._take(slice(start, stop))

    def before(self, step: int) -> StepBlock:
        """The rows before a step; one that reaches it ends before it.

        Its values stay those of all its steps: what they were without the last ones is not known.
        """
        block = self._take(slice(0, int(np.searchsorted(self.steps, step))))
        if block.spread is None or not len(block) or block.spread.last_steps[-1] < step:
            return block
        last_steps = np.minimum(block.spread.last_steps, step - 1)
        counts = np.minimum(block.spread.counts, last_steps - block.steps + 1)
        spread = dataclasses.replace(block.spread, last_steps=last_steps, counts=counts)
        return dataclasses.replace(block, spread=spread)

    def _take(self, rows: slice) -> StepBlock:
        if rows.indices(len(self)) == (0, len(self), 1):
            return self
        spread = self.spread
        return StepBlock(
            steps=self.steps[rows],
            scalars=_take(self.scalars, rows),
            observed=_take(self.observed, rows),
            variables=_take(self.variables, rows),
            normalizations=_take(self.normalizations, rows),
            variables_observed=self.variables_observed[rows],
            normalizations_observed=self.normalizations_observed[rows],
            spread=None
            if spread is None
            else Spread(
                spread.last_steps[rows],
                spread.counts[rows],
                _take_measures(spread.low, rows),
                _take_measures(spread.high, rows),
            ),
        )


def concatenate(blocks: Sequence[StepBlock]) -> StepBlock:
    """Joins blocks of one layout; at least one.

    Steps must increase from block to block; see `keep_newest` where a run was restarted.
    """
    mean = _join_measures([block.mean for block in blocks])
    return StepBlock(
        steps=np.concatenate([block.steps for block in blocks]),
        scalars=mean.scalars,
        observed=_join([block.observed for block in blocks]),
        variables=mean.variables,
        normalizations=mean.normalizations,
        variables_observed=np.concatenate([block.variables_observed for block in blocks]),
        normalizations_observed=np.concatenate([block.normalizations_observed for block in blocks]),
        spread=None if all(block.spread is None for block in blocks) else _join_spreads(blocks),
    )


def keep_newest(blocks: Sequence[StepBlock]) -> list[StepBlock]:
    """Drops what was written anew; blocks are in the order in which they were written.

    Rows at or after the first step of a later block are dropped, a row that reaches into one is clipped,
    and blocks of which nothing is left are dropped.
    """
    kept: list[StepBlock] = []
    limit: int | None = None
    for block in reversed(blocks):
        if not len(block):
            continue
        first = int(block.steps[0])
        rest = block if limit is None else block.before(limit)
        if len(rest):
            kept.append(rest)
        limit = first if limit is None else min(limit, first)
    return kept[::-1]


def _join_spreads(blocks: Sequence[StepBlock]) -> Spread:
    spreads = [
        block.spread or Spread(block.steps, np.ones(len(block), np.int64), block.mean, block.mean)
        for block in blocks
    ]
    return Spread(
        last_steps=np.concatenate([spread.last_steps for spread in spreads]),
        counts=np.concatenate([spread.counts for spread in spreads]),
        low=_join_measures([spread.low for spread in spreads]),
        high=_join_measures([spread.high for spread in spreads]),
    )


def _join_measures(parts: Sequence[Measures]) -> Measures:
    return Measures(
        _join([part.scalars for part in parts]),
        _join([part.variables for part in parts]),
        _join([part.normalizations for part in parts]),
    )


def _take_measures(measures: Measures, rows: slice) -> Measures:
    return Measures(
        _take(measures.scalars, rows),
        _take(measures.variables, rows),
        _take(measures.normalizations, rows),
    )


def _take(group: Mapping[str, npt.NDArray[_Entry]], rows: slice) -> dict[str, npt.NDArray[_Entry]]:
    return {name: column[rows] for name, column in group.items()}


def _join(groups: Sequence[Mapping[str, npt.NDArray[_Entry]]]) -> dict[str, npt.NDArray[_Entry]]:
    return {name: np.concatenate([group[name] for group in groups]) for name in groups[0]}


def _row(group: Mapping[str, FloatArray], i: int) -> dict[str, FloatArray]:
    return {name: column[i] for name, column in group.items()}
