"""The series of a layer, out of the recorded measures of its variables; see `http_api.md` for their units."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tb_stability.plugin.pooling import Series
from tb_stability.plugin.rows import RunRows
from tb_stability.series import VECTOR_STATISTICS

HEATMAP_MEASURES = ("grad_norm", "update_ratio", "weight_norm", "nonfinite", "bn_drift")
"""Measures of a whole layer."""


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
    return {name: Series(rows.block.scalars[name], rows.block.observed[name]) for name in rows.layout.scalars}


def heatmap_measures(rows: RunRows) -> list[str]:
    """Those of `HEATMAP_MEASURES` that say something about this run."""
    layout = rows.layout.layout
    has = {
        measure: layout.normalizations if measure == "bn_drift" else layout.variables
        for measure in HEATMAP_MEASURES
    }
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
    layout = rows.layout.layout
    for i, variable in enumerate(layout.variables):
        if variable.layer == layer:
            for measure, series in {
                "grad_norm": _variable_series(rows, "grad_norm", i),
                "update_ratio": _update_ratio(rows, [i]),
                "weight_norm": _variable_series(rows, "weight_norm", i),
                "grad_max": _variable_series(rows, "grad_max", i),
            }.items():
                yield NamedSeries(f"{measure}/{variable.name}", measure, variable.name, series)
    for i, normalization in enumerate(layout.normalizations):
        if normalization.layer == layer:
            for vector in normalization.vectors:
                for statistic in VECTOR_STATISTICS:
                    measure = f"{vector}_{statistic}"
                    series = _normalization_series(rows, measure, i)
                    yield NamedSeries(f"{measure}/{layer}", measure, layer, series)


def _variable_series(rows: RunRows, measure: str, column: int) -> Series:
    values = rows.block.variables.get(measure)
    if values is None:  # a writer that does not record it
        return _absent(rows)
    return Series(values[:, column].astype(np.float64), rows.block.variables_observed)


def _normalization_series(rows: RunRows, measure: str, column: int) -> Series:
    values = rows.block.normalizations.get(measure)
    if values is None:
        return _absent(rows)
    return Series(values[:, column].astype(np.float64), rows.block.normalizations_observed)


def _norm(rows: RunRows, measure: str, columns: list[int]) -> Series:
    """L2 norm over several variables; NaN or Inf where one of them is. In float64, so nothing overflows."""
    values = rows.block.variables.get(measure)
    if values is None:
        return _absent(rows)
    norm = np.sqrt(np.square(values[:, columns].astype(np.float64)).sum(axis=1))
    return Series(norm, rows.block.variables_observed)


def _update_ratio(rows: RunRows, columns: list[int]) -> Series:
    """Update norm / weight norm; not defined where all weights are 0, as those of a fresh bias."""
    update, weight = _norm(rows, "update_norm", columns), _norm(rows, "weight_norm", columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = update.values / weight.values
    return Series(ratio, update.present & weight.present & (weight.values != 0))


def _nonfinite_share(rows: RunRows, columns: list[int]) -> Series:
    sizes = sum(rows.layout.layout.variables[i].size for i in columns)
    counts = rows.block.variables.get("grad_nonfinite")
    if counts is None:
        return _absent(rows)
    share = counts[:, columns].astype(np.float64).sum(axis=1) / max(sizes, 1)
    return Series(share, rows.block.variables_observed)


def _bn_drift(rows: RunRows, layer: str) -> Series:
    for i, normalization in enumerate(rows.layout.layout.normalizations):
        distances = [
            rows.block.normalizations[f"{vector}_distance"][:, i].astype(np.float64)
            for vector in ("gamma", "beta")
            if vector in normalization.vectors and f"{vector}_distance" in rows.block.normalizations
        ]
        if normalization.layer == layer and distances:
            # np.maximum passes NaN on: a gamma that is not finite is seen.
            drift = np.maximum.reduce(distances) / np.sqrt(max(normalization.channels, 1))
            return Series(drift, rows.block.normalizations_observed)
    return _absent(rows)


def _absent(rows: RunRows) -> Series:
    return Series(np.full(len(rows.block), np.nan), np.zeros(len(rows.block), bool))


_VARIABLE_MEASURES: Mapping[str, Callable[[RunRows, list[int]], Series]] = {
    "grad_norm": lambda rows, columns: _norm(rows, "grad_norm", columns),
    "update_ratio": _update_ratio,
    "weight_norm": lambda rows, columns: _norm(rows, "weight_norm", columns),
    "nonfinite": _nonfinite_share,
}
