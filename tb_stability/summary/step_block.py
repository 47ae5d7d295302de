"""The measurements of several steps, as arrays over steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray, StepValues

_Entry = TypeVar("_Entry", bound=np.generic)


@dataclasses.dataclass(frozen=True)
class StepBlock:
    """The measurements of several steps.

    Attributes:
      steps: `[steps]`, int64, strictly increasing.
      scalars: `[steps]` float32 by name. No meaning where `observed` is false.
      observed: `[steps]` bool by the same names.
      variables: `[steps, variables]` by measure. No meaning where `variables_observed` is false.
      normalizations: `[steps, normalizations]` by measure. Likewise.
      variables_observed: `[steps]` bool.
      normalizations_observed: `[steps]` bool.
    """

    steps: npt.NDArray[np.int64]
    scalars: Mapping[str, FloatArray]
    observed: Mapping[str, npt.NDArray[np.bool_]]
    variables: Mapping[str, FloatArray]
    normalizations: Mapping[str, FloatArray]
    variables_observed: npt.NDArray[np.bool_]
    normalizations_observed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[tuple[int, StepValues]]:
        """Yields `(step, values)`, as they were recorded."""
        for i, step in enumerate(self.steps.tolist()):
            yield (
                step,
                StepValues(
                    scalars={n: float(x[i]) for n, x in self.scalars.items() if self.observed[n][i]},
                    variables=_row(self.variables, i) if self.variables_observed[i] else {},
                    normalizations=_row(self.normalizations, i) if self.normalizations_observed[i] else {},
                ),
            )

    def between(self, first: int, last: int) -> StepBlock:
        """The steps from `first` to `last`, both inclusive."""
        rows = slice(*np.searchsorted(self.steps, [first, last + 1]).tolist())
        return StepBlock(
            steps=self.steps[rows],
            scalars=_take(self.scalars, rows),
            observed=_take(self.observed, rows),
            variables=_take(self.variables, rows),
            normalizations=_take(self.normalizations, rows),
            variables_observed=self.variables_observed[rows],
            normalizations_observed=self.normalizations_observed[rows],
        )


def concatenate(blocks: Sequence[StepBlock]) -> StepBlock:
    """Joins blocks of one layout; at least one.

    Steps must increase from block to block; see `keep_newest` where a run was restarted.
    """
    return StepBlock(
        steps=np.concatenate([block.steps for block in blocks]),
        scalars=_join([block.scalars for block in blocks]),
        observed=_join([block.observed for block in blocks]),
        variables=_join([block.variables for block in blocks]),
        normalizations=_join([block.normalizations for block in blocks]),
        variables_observed=np.concatenate([block.variables_observed for block in blocks]),
        normalizations_observed=np.concatenate([block.normalizations_observed for block in blocks]),
    )


def keep_newest(blocks: Sequence[StepBlock]) -> list[StepBlock]:
    """Drops what a restart wrote anew; blocks are in the order in which they were written.

    Rows at or after the first step of a later block are dropped, and blocks of which nothing is left.
    """
    kept: list[StepBlock] = []
    limit: int | None = None
    for block in reversed(blocks):
        if not len(block):
            continue
        first = int(block.steps[0])
        rest = block if limit is None else block.between(first, limit - 1)
        if len(rest):
            kept.append(rest)
        limit = first if limit is None else min(limit, first)
    return kept[::-1]


def _take(group: Mapping[str, npt.NDArray[_Entry]], rows: slice) -> dict[str, npt.NDArray[_Entry]]:
    return {name: column[rows] for name, column in group.items()}


def _join(groups: Sequence[Mapping[str, npt.NDArray[_Entry]]]) -> dict[str, npt.NDArray[_Entry]]:
    return {name: np.concatenate([group[name] for group in groups]) for name in groups[0]}


def _row(group: Mapping[str, FloatArray], i: int) -> dict[str, FloatArray]:
    return {name: column[i] for name, column in group.items()}
