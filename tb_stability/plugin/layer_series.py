"""The series of a layer, out of the recorded measures of its variables; see `http_api.md` for their units."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tb_stability.plugin.pooling import Series, Values, derive_series, quotient
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
    has["bn_drift"] = any(drifting_vectors(normalization) for normalization in layout.normalizations)
    return [measure for measure in HEATMAP_MEASURES if has[measure]]


def layer_series(rows: RunRows, layer: str) -> Iterator[NamedSeries]:
    """All series of one layer: of its variables, then of its normalization."""
    rows = rows.of_layer(layer)
    for i, variable in enumerate(rows.layout.layout.variables):
        for measure in _SERIES_OF_A_VARIABLE:
            series = (
                _update_ratio(rows, i) if measure == "update_ratio" else _variable_series(rows, measure, i)
            )
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


def drifting_vectors(normalization: Normalization) -> list[str]:
    """Those that `bn_drift` looks at."""
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


def _update_ratio(rows: RunRows, column: int) -> Series:
    update, weight = (_variable_series(rows, measure, column) for measure in ("update_norm", "weight_norm"))
    return quotient(update, weight)


def _absent(rows: RunRows) -> Series:
    return Series(np.full(len(rows.block), np.nan), np.zeros(len(rows.block), bool))
