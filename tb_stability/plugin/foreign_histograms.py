"""The histograms of weights and gradients of a run that something else wrote, as measures over steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_stability.plugin import histogram_statistics as statistics
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign_index import ForeignSeries
from tb_stability.plugin.foreign_layers import ForeignLayers, arrange_layers, parse_histogram_name
from tb_stability.plugin.histogram_statistics import Values
from tb_stability.plugin.restarts import drop_rewritten, is_possible
from tb_stability.plugin.timeline import Timeline
from tb_stability.series import NORMALIZATION_VECTORS, VECTOR_STATISTICS, FloatArray, Layout

TAGS_AT_ONCE = 32
"""Histograms that are read in one request: the fast loader can hand over 256 MiB at a time."""

Item = TypeVar("Item")

_damaged = np.errstate(over="ignore", invalid="ignore")
"""A damaged histogram has any numbers: their squares may be infinite, and a difference of two NaN."""


@dataclasses.dataclass(frozen=True)
class HistogramRows:
    """What the histograms say.

    Attributes:
      layout: Of which variables and normalizations.
      steps: At which steps; strictly increasing.
      variables: `[steps, variables]` by measure. NaN where a weight or a gradient was not finite.
      normalizations: `[steps, normalizations]` by measure.
      problems: Sentences about what could not be read.
    """

    layout: Layout
    steps: tuple[int, ...]
    variables: Mapping[str, FloatArray]
    normalizations: Mapping[str, FloatArray]
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Summary:
    """What is kept of a histogram: its numbers, and for a vector of a normalization its sorted entries."""

    size: int
    norm: float
    largest: float
    mean: float
    entries: Values


_MEASURES: Mapping[str, Callable[[_Summary], float]] = {
    "grad_norm": lambda summary: summary.norm,
    "grad_max": lambda summary: summary.largest,
    "grad_mean": lambda summary: summary.mean,
    "weight_norm": lambda summary: summary.norm,
}


def read_histogram_rows(
    experiment: Experiment, histograms: Sequence[ForeignSeries], timeline: Timeline
) -> HistogramRows:
    """Reads histograms; a variable without one at a step keeps the numbers of the one before.

    Args:
      experiment: Where to read.
      histograms: In the order of the network.
      timeline: Of the loss, on whose steps they are put where they count others.
    """
    read: dict[str, dict[int, _Summary]] = {}
    moved = damaged = 0
    for tag, points in _read(experiment, histograms):
        kept = drop_rewritten((step, (time, array)) for step, time, array in points if is_possible(step))
        damaged += sum(not is_possible(step) for step, _, _ in points)
        is_other = timeline.is_other([(step, time) for step, (time, _) in kept])
        summaries = [
            (timeline.step_at(time) if is_other else step, summarize_histogram(tag, array))
            for step, (time, array) in kept
        ]
        by_step = {step: summary for step, summary in summaries if summary is not None}
        moved += is_other
        damaged += sum(summary is None for _, summary in summaries)
        if by_step:
            read[tag] = by_step
    tags = [one.tag for one in histograms if one.tag in read]
    layers = arrange_layers(tags, {tag: max(one.size for one in read[tag].values()) for tag in tags})
    used = {*layers.weights.values(), *layers.gradients.values(), *layers.vectors.values()}
    steps = sorted({step for tag in used for step in read[tag]})
    problems = []
    if moved:
        problems.append(
            f"{moved} of {len(tags)} histograms count other steps than the loss: they were put where the "
            "loss was when they were written."
        )
    if damaged:
        problems.append(f"{damaged} histograms are damaged and were left out.")
    return HistogramRows(
        layers.layout,
        tuple(steps),
        _variables(layers, read, steps),
        _vectors(layers, read, steps),
        tuple(problems),
    )


def _read(
    experiment: Experiment, histograms: Sequence[ForeignSeries]
) -> Iterator[tuple[str, list[tuple[int, float, npt.NDArray[np.generic]]]]]:
    """Yields tags with their points `(step, wall time, histogram)`; all are in one folder."""
    for start in range(0, len(histograms), TAGS_AT_ONCE):
        some = histograms[start : start + TAGS_AT_ONCE]
        yield from experiment.read_histograms(some[0].folder, [one.tag for one in some]).items()


@_damaged
def summarize_histogram(tag: str, array: npt.NDArray[np.generic]) -> _Summary | None:
    """What is kept of one histogram; None where it is none."""
    histogram = statistics.as_histogram(array)
    if histogram is None:
        return None
    name = parse_histogram_name(tag)
    is_vector = name is not None and name.is_normalization and not name.is_gradient
    return _Summary(
        statistics.entry_count(histogram),
        statistics.l2_norm(histogram),
        statistics.largest_magnitude(histogram),
        statistics.mean(histogram),
        statistics.sorted_entries(histogram) if is_vector else np.zeros(0),
    )


@_damaged
def _variables(
    layers: ForeignLayers, read: Mapping[str, Mapping[int, _Summary]], steps: Sequence[int]
) -> dict[str, FloatArray]:
    """The measures of all variables."""
    found: dict[str, FloatArray] = {}
    for measure, compute in _MEASURES.items():
        tags = layers.gradients if measure.startswith("grad") else layers.weights
        if tags and steps:
            columns = [_held(read[tags[v.name]], steps, compute) for v in layers.layout.variables]
            found[measure] = np.array(columns).T.astype(np.float32)
    return found


@_damaged
def _vectors(
    layers: ForeignLayers, read: Mapping[str, Mapping[int, _Summary]], steps: Sequence[int]
) -> dict[str, FloatArray]:
    """The statistics of the vectors of all normalizations; NaN where a layer lacks the vector."""
    present = [vector for vector in NORMALIZATION_VECTORS if any(v == vector for _, v in layers.vectors)]
    shape = (len(steps), len(layers.layout.normalizations))
    found = {
        f"{vector}_{statistic}": np.full(shape, np.nan, np.float32)
        for vector in present
        for statistic in VECTOR_STATISTICS
    }
    for column, normalization in enumerate(layers.layout.normalizations):
        for vector in normalization.vectors:
            by_step = read[layers.vectors[normalization.layer, vector]]
            for statistic, values in _vector_statistics(by_step, steps, normalization.channels).items():
                found[f"{vector}_{statistic}"][:, column] = values
    return found


def _vector_statistics(
    by_step: Mapping[int, _Summary], steps: Sequence[int], channels: int
) -> dict[str, list[float]]:
    """`series.VECTOR_STATISTICS`; the distances are the least that the histograms allow."""
    summaries = list(by_step.values())
    first = summaries[0]
    before = dict(zip(by_step, [first, *summaries], strict=False))

    def end(index: int) -> Callable[[_Summary], float]:
        return lambda own: float(own.entries[index]) if len(own.entries) else np.nan

    def distance(pair: tuple[_Summary, _Summary]) -> float:
        return statistics.distance(pair[0].entries, pair[1].entries, channels)

    return {
        "norm": _held(by_step, steps, lambda own: own.norm),
        "min": _held(by_step, steps, end(0)),
        "max": _held(by_step, steps, end(-1)),
        "distance": _held({step: (own, first) for step, own in by_step.items()}, steps, distance),
        "change": _held({step: (own, before[step]) for step, own in by_step.items()}, steps, distance),
    }


def _held(by_step: Mapping[int, Item], steps: Iterable[int], compute: Callable[[Item], float]) -> list[float]:
    """A number for each step: of the last item so far; before the first one, of that."""
    values: list[float] = []
    value = compute(next(iter(by_step.values())))
    for step in steps:
        if step in by_step:
            value = compute(by_step[step])
        values.append(value)
    return values
