"""Scalars of a step that are known outside of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tb_stability.series import StepValues


def with_scalars(values: StepValues, scalars: Mapping[str, float]) -> StepValues:
    """Returns the values of a step with more scalars."""
    # Not `dataclasses.replace`, which takes its time: this runs at every step.
    return StepValues(
        {**values.scalars, **scalars},
        values.variables,
        values.normalizations,
        values.activations,
        values.histograms,
    )


def with_seconds(values: Sequence[StepValues], calls: Sequence[float]) -> list[StepValues]:
    """Adds the wall time of each update: of its call, where every call made equally many."""
    each, rest = divmod(len(values), max(1, len(calls)))
    if not calls:
        return list(values)
    seconds = [sum(calls) / len(values)] * len(values)
    if each and not rest:
        seconds = [call / each for call in calls for _ in range(each)]
    return [
        with_scalars(value, {"step_seconds": second}) for value, second in zip(values, seconds, strict=True)
    ]
