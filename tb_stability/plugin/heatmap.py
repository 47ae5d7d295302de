"""One measure of all layers over steps, some hundred layers at a time; see `/heatmap` in `http_api.md`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from tb_stability.plugin.layer_series import drifting_vectors
from tb_stability.plugin.pooling import Columns, Series, Values, count_nonfinite, pool_max, quotient
from tb_stability.plugin.rows import RunRows
from tb_stability.series import FloatArray, Layout
from tb_stability.summary.step_block import Measures

MOST_CELLS = 1 << 24
"""Of a heatmap: it has fewer columns where there are very many layers."""

_NUMBERS_AT_ONCE = 1 << 21
"""Rows times variables that are looked at together: 16 MB as float64."""


@dataclasses.dataclass(frozen=True)
class _Part:
    """Some layers that follow each other, and what they have.

    Attributes:
      layers: Their number.
      ranks: The first variables of all layers, then the second ones of those that have one, and so on: which
        layers of the part these are, and the indices of their variables.
      normalizations: Indices of their normalizations.
      normalized: Of these, which layer of the part it is.
    """

    layers: int
    ranks: tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], ...]
    normalizations: npt.NDArray[np.intp]
    normalized: npt.NDArray[np.intp]


def pool_heatmap(rows: RunRows, measure: str, columns: Columns) -> tuple[FloatArray, npt.NDArray[np.uint32]]:
    """The largest finite value of each layer and column, and how many were not finite; `[layers, columns]`.

    Args:
      rows: The run.
      measure: One of `layer_series.HEATMAP_MEASURES`.
      columns: The columns of its rows.
    """
    shape = (len(columns.starts), len(rows.layout.layout.layers))
    highest, nonfinite = np.zeros(shape, np.float32), np.zeros(shape, np.uint32)
    first = 0
    for part in _parts(rows.layout.layout, max(1, _NUMBERS_AT_ONCE // max(1, len(rows.block)))):
        series = _MEASURES[measure](rows, part)
        highest[:, first : first + part.layers] = pool_max(series, columns)
        nonfinite[:, first : first + part.layers] = count_nonfinite(series, columns)
        first += part.layers
    return highest.T, nonfinite.T


def most_columns(layout: Layout) -> int:
    """Columns that a heatmap of these layers may have."""
    return max(1, MOST_CELLS // max(1, len(layout.layers)))


def _parts(layout: Layout, most: int) -> Iterator[_Part]:
    """Cuts the layers into parts of about `most` layers and variables."""
    variables: dict[str, list[int]] = {}
    for i, variable in enumerate(layout.variables):
        variables.setdefault(variable.layer, []).append(i)
    normalizations: dict[str, list[int]] = {}
    for i, normalization in enumerate(layout.normalizations):
        normalizations.setdefault(normalization.layer, []).append(i)
    chosen: list[str] = []
    size = 0
    for layer in layout.layers:
        chosen.append(layer)
        size += 1 + len(variables.get(layer, ()))
        if size >= most:
            yield _part(chosen, variables, normalizations)
            chosen, size = [], 0
    if chosen:
        yield _part(chosen, variables, normalizations)


def _part(
    layers: list[str], variables: Mapping[str, list[int]], normalizations: Mapping[str, list[int]]
) -> _Part:
    groups = [variables.get(layer, []) for layer in layers]
    ranks = []
    for nth in range(max(map(len, groups), default=0)):
        owners = [i for i, group in enumerate(groups) if len(group) > nth]
        ranks.append((np.array(owners, np.intp), np.array([groups[i][nth] for i in owners], np.intp)))
    own = [(i, n) for i, layer in enumerate(layers) for n in normalizations.get(layer, ())]
    return _Part(
        len(layers),
        tuple(ranks),
        np.array([n for _, n in own], np.intp),
        np.array([i for i, _ in own], np.intp),
    )


def _highest(rows: RunRows, compute: Callable[[Measures], Values], present: npt.NDArray[np.bool_]) -> Series:
    """As `derive_series`, without the smallest values: a heatmap does not show them."""
    spread = rows.block.spread
    return Series(compute(rows.block.mean), present, high=None if spread is None else compute(spread.high))


def _sums(values: npt.NDArray[np.generic], part: _Part, *, squared: bool = False) -> Values:
    """`[rows, variables of the run]` to sums by layer, in float64; NaN for a layer without variables."""
    sums = np.full((len(values), part.layers), np.nan)
    for nth, (owners, variables) in enumerate(part.ranks):
        own = values[:, variables].astype(np.float64)
        if squared:
            np.square(own, out=own)
        sums[:, owners] = own if nth == 0 else sums[:, owners] + own
    return sums


def _present(
    observed: npt.NDArray[np.bool_], part: _Part, owners: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Where the layers `owners` have a value: in the observed rows."""
    present = np.zeros((len(observed), part.layers), bool)
    present[:, owners] = observed[:, None]
    return present


def _variables_present(rows: RunRows, part: _Part) -> npt.NDArray[np.bool_]:
    owners = part.ranks[0][0] if part.ranks else np.zeros(0, np.intp)
    return _present(rows.block.variables_observed, part, owners)


def _absent(rows: RunRows, part: _Part) -> Series:
    shape = (len(rows.block), part.layers)
    return Series(np.full(shape, np.nan), np.zeros(shape, bool))


def _norms(measures: Measures, part: _Part, measure: str) -> Values:
    """L2 norm over the variables of each layer; NaN or Inf where one of them is. In float64: no overflow."""
    return np.sqrt(_sums(measures.variables[measure], part, squared=True))


def _norm(rows: RunRows, part: _Part, measure: str) -> Series:
    if measure not in rows.block.variables:
        return _absent(rows, part)
    return _highest(rows, lambda measures: _norms(measures, part, measure), _variables_present(rows, part))


def _update_ratio(rows: RunRows, part: _Part) -> Series:
    if not {"update_norm", "weight_norm"} <= rows.block.variables.keys():
        return _absent(rows, part)
    update = _norm(rows, part, "update_norm")
    return quotient(update, Series(_norms(rows.block.mean, part, "weight_norm"), update.present))


def _nonfinite_share(rows: RunRows, part: _Part) -> Series:
    if not {"grad_nan", "grad_inf"} <= rows.block.variables.keys():
        return _absent(rows, part)
    sizes = np.array([variable.size for variable in rows.layout.layout.variables], np.float64)
    entries = np.maximum(_sums(sizes[None], part), 1.0)

    def compute(measures: Measures) -> Values:
        counts = (_sums(measures.variables[measure], part) for measure in ("grad_nan", "grad_inf"))
        share: Values = sum(counts, np.zeros(1)) / entries
        return share

    return _highest(rows, compute, _variables_present(rows, part))


def _bn_drift(rows: RunRows, part: _Part) -> Series:
    """The further of gamma and beta, as a root mean square over the channels."""
    found = [rows.layout.layout.normalizations[i] for i in part.normalizations]
    known = rows.block.normalizations.keys()
    vectors = [drifting_vectors(normalization) for normalization in found]
    chosen = [i for i, own in enumerate(vectors) if own and {f"{v}_distance" for v in own} <= known]
    scale = np.sqrt([max(found[i].channels, 1) for i in chosen])

    def compute(measures: Measures) -> Values:
        drift = np.full((len(rows.block), part.layers), np.nan)
        furthest = np.full((len(drift), len(chosen)), -np.inf)
        for vector in {v for i in chosen for v in vectors[i]}:
            has = np.array([k for k, i in enumerate(chosen) if vector in vectors[i]], np.intp)
            own = part.normalizations[[chosen[k] for k in has]]
            distances = measures.normalizations[f"{vector}_distance"][:, own].astype(np.float64)
            # np.maximum passes NaN on: a gamma that is not finite is seen.
            furthest[:, has] = np.maximum(furthest[:, has], distances)
        drift[:, part.normalized[chosen]] = furthest / scale
        return drift

    if not chosen:
        return _absent(rows, part)
    present = _present(rows.block.normalizations_observed, part, part.normalized[chosen])
    return _highest(rows, compute, present)


_MEASURES: Mapping[str, Callable[[RunRows, _Part], Series]] = {
    "grad_norm": lambda rows, part: _norm(rows, part, "grad_norm"),
    "update_ratio": _update_ratio,
    "weight_norm": lambda rows, part: _norm(rows, part, "weight_norm"),
    "nonfinite": _nonfinite_share,
    "bn_drift": _bn_drift,
}
