"""The series of a layer, out of the recorded measures of its variables; see `http_api.md` for their units."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tb_stability.plugin.pooling import Series, Values, derive_series
from tb_stability.plugin.rows import RunRows
from tb_stability.series import VECTOR_STATISTICS, Normalization
from tb_stability.summary.step_block import Measures

HEATMAP_MEASURES = ("grad_norm", "update_ratio", "weight_norm", "nonfinite", "bn_drift")
"""Measures of a whole layer."""

_NEEDED = {
    "grad_norm": {"grad_norm"},
    "update_ratio": {"update_norm", "weight_norm"},
    "weight_norm": {"weight_norm"},
    "nonfinite": {"grad_nan", "grad_inf"},
}
"""The measures of variables that those of a layer are made of."""

_SERIES_OF_A_VARIABLE = (
    "grad_norm",
    "update_ratio",
    "weight_norm",
    "grad_max",
    "grad_mean",
    "grad_zero_share",
    "grad_nan",
    "grad_inf",
)

_DRIFTING = ("gamma", "beta")
"""The vectors of a normalization layer that `bn_drift` looks at."""


@dataclasses.dataclass(frozen=True)
class NamedSeries:
    """One series of a layer.

    Attributes:
      name: `measure/of`, such as `update_ratio/dense/kernel`.
      measure: The measure, such as `update_ratio`.
      of: Variable or layer that it was measured on.
      series: Its values.
    """

    name: str
    measure: str
    of: str
    series: Series


def scalar_series(rows: RunRows) -> dict[str, Series]:
    """The series of the whole run by name, in the order of the layout."""
    return {name: _scalar_series(rows, name) for name in rows.layout.scalars}


def heatmap_measures(rows: RunRows) -> list[str]:
    """Those of `HEATMAP_MEASURES` that say something about this run."""
    layout, recorded = rows.layout.layout, set(rows.layout.variable_measures)
    has = {m: bool(layout.variables) and needed <= recorded for m, needed in _NEEDED.items()}
    has["bn_drift"] = any(_drifting(normalization) for normalization in layout.normalizations)
    return [measure for measure in HEATMAP_MEASURES if has[measure]]


def layer_measure(rows: RunRows, layer: str, measure: str) -> Series:
    """One measure of a whole layer; see `/heatmap` in `http_api.md`.

    Args:
      rows: The run.
      layer: One of its layers.
      measure: One of `HEATMAP_MEASURES`.
    """
    if measure == "bn_drift":
        return _bn_drift(rows, layer)
    columns = [i for i, variable in enumerate(rows.layout.layout.variables) if variable.layer == layer]
    return _VARIABLE_MEASURES[measure](rows, columns) if columns else _absent(rows)


def layer_series(rows: RunRows, layer: str) -> Iterator[NamedSeries]:
    """All series of one layer: of its variables, then of its normalization."""
    rows = rows.of_layer(layer)
    for i, variable in enumerate(rows.layout.layout.variables):
        for measure in _SERIES_OF_A_VARIABLE:
            is_ratio = measure == "update_ratio"
            series = _update_ratio(rows, [i]) if is_ratio else _variable_series(rows, measure, i)
            yield NamedSeries(f"{measure}/{variable.name}", measure, variable.name, series)
    for i, normalization in enumerate(rows.layout.layout.normalizations):
        for measure in _measures_of(normalization):
            series = _normalization_series(rows, measure, i)
            yield NamedSeries(f"{measure}/{layer}", measure, layer, series)


def _measures_of(normalization: Normalization) -> Iterator[str]:
    """Those of `series.NORMALIZATION_MEASURES` that a layer has."""
    for vector in normalization.vectors:
        yield from (f"{vector}_{statistic}" for statistic in VECTOR_STATISTICS)
    if normalization.kind == "BatchNormalization":
        yield "batch_statistics"


def _drifting(normalization: Normalization) -> list[str]:
    return [vector for vector in _DRIFTING if vector in normalization.vectors]


def _scalar_series(rows: RunRows, name: str) -> Series:
    def compute(measures: Measures) -> Values:
        return measures.scalars[name]

    return derive_series(rows.block, compute, rows.block.observed[name])


def _variable_series(rows: RunRows, measure: str, column: int) -> Series:
    if measure not in rows.block.variables:  # a writer that does not record it
        return _absent(rows)

    def compute(measures: Measures) -> Values:
        return measures.variables[measure][:, column].astype(np.float64)

    return derive_series(rows.block, compute, rows.block.variables_observed)


def _normalization_series(rows: RunRows, measure: str, column: int) -> Series:
    if measure not in rows.block.normalizations:
        return _absent(rows)

    def compute(measures: Measures) -> Values:
        return measures.normalizations[measure][:, column].astype(np.float64)

    return derive_series(rows.block, compute, rows.block.normalizations_observed)


def _norm(rows: RunRows, measure: str, columns: list[int]) -> Series:
    """L2 norm over several variables; NaN or Inf where one of them is. In float64, so nothing overflows."""
    if measure not in rows.block.variables:
        return _absent(rows)

    def compute(measures: Measures) -> Values:
        values = measures.variables[measure][:, columns].astype(np.float64)
        norm: Values = np.sqrt(np.square(values).sum(axis=1))
        return norm

    return derive_series(rows.block, compute, rows.block.variables_observed)


def _update_ratio(rows: RunRows, columns: list[int]) -> Series:
    """Update norm / weight norm; not defined where all weights are 0, as those of a fresh bias.

    Of a row of several steps the extremes are those of the update over the mean weight, which hardly moves
    within a row.
    """
    update, weight = _norm(rows, "update_norm", columns), _norm(rows, "weight_norm", columns)

    def ratio(norm: Values) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            quotient: Values = norm / weight.values
        return quotient

    return Series(
        ratio(update.values),
        update.present & weight.present & (weight.values != 0),
        None if update.low is None else ratio(update.low),
        None if update.high is None else ratio(update.high),
    )


def _nonfinite_share(rows: RunRows, columns: list[int]) -> Series:
    if not {"grad_nan", "grad_inf"} <= rows.block.variables.keys():
        return _absent(rows)
    entries = max(sum(rows.layout.layout.variables[i].size for i in columns), 1)

    def compute(measures: Measures) -> Values:
        counts = measures.variables["grad_nan"].astype(np.float64) + measures.variables["grad_inf"]
        share: Values = counts[:, columns].sum(axis=1) / entries
        return share

    return derive_series(rows.block, compute, rows.block.variables_observed)


def _bn_drift(rows: RunRows, layer: str) -> Series:
    for i, normalization in enumerate(rows.layout.layout.normalizations):
        measures = [f"{vector}_distance" for vector in _drifting(normalization)]
        if normalization.layer == layer and measures and set(measures) <= rows.block.normalizations.keys():
            return derive_series(
                rows.block, _drift(i, measures, normalization.channels), rows.block.normalizations_observed
            )
    return _absent(rows)


def _drift(column: int, measures: list[str], channels: int) -> Callable[[Measures], Values]:
    def compute(all_measures: Measures) -> Values:
        distances = [all_measures.normalizations[m][:, column].astype(np.float64) for m in measures]
        # np.maximum passes NaN on: a gamma that is not finite is seen.
        drift: Values = np.maximum.reduce(distances) / np.sqrt(max(channels, 1))
        return drift

    return compute


def _absent(rows: RunRows) -> Series:
    return Series(np.full(len(rows.block), np.nan), np.zeros(len(rows.block), bool))


_VARIABLE_MEASURES: Mapping[str, Callable[[RunRows, list[int]], Series]] = {
    "grad_norm": lambda rows, columns: _norm(rows, "grad_norm", columns),
    "update_ratio": _update_ratio,
    "weight_norm": lambda rows, columns: _norm(rows, "weight_norm", columns),
    "nonfinite": _nonfinite_share,
}
