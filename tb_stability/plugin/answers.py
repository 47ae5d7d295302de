"""The answers of `http_api.md`: from a query to JSON or to a frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tb_stability.plugin import arguments
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.frames import encode_frame
from tb_stability.plugin.heatmap import most_columns, pool_heatmap
from tb_stability.plugin.layer_series import (
    HEATMAP_MEASURES,
    heatmap_measures,
    layer_series,
    scalar_series,
)
from tb_stability.plugin.pooling import Columns, Series, make_columns, pool_series
from tb_stability.plugin.reader import RunReader, UnknownNameError
from tb_stability.plugin.rows import RunRows
from tb_stability.plugin.run import runs_document
from tb_stability.series import ACTIVATION_MEASURES, HISTOGRAM_EXPONENTS, Layout

_BINS = {
    "exponents": list(HISTOGRAM_EXPONENTS),
    "order": ["negative", "zero", "positive", "nan", "-inf", "inf"],
}
"""What the bins of a histogram are; see `series.HISTOGRAM_BINS`."""

Query = Mapping[str, str]
Answer = dict[str, object] | bytes


def answer_runs(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/runs`: the report of every run."""
    return runs_document(experiment.logdir, reader.read_runs(experiment))


def answer_layout(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/layout?run=R`: the layers and series of a run."""
    name = arguments.get_text(query, "run", "/layout?run=exp1")
    rows = reader.read_rows(experiment, name)
    recorded = rows.layout.layout
    normalizations = {n.layer: n for n in recorded.normalizations}
    variables: dict[str, list[object]] = {}
    for v in recorded.variables:
        members_of = {"name": v.name, "role": v.role, "shape": list(v.shape)}
        variables.setdefault(v.layer, []).append(members_of)
    layers = []
    for layer in recorded.layers:
        found = normalizations.get(layer)
        members = None
        if found is not None:
            members = {
                "kind": found.kind,
                "vectors": list(found.vectors),
                "channels": found.channels,
                "trainable": found.trainable,
            }
        layers.append({"name": layer, "variables": variables.get(layer, []), "normalization": members})
    return {
        "run": name,
        "scalars": list(rows.layout.scalars),
        "layers": layers,
        "activations": [dataclasses.asdict(activation) for activation in recorded.activations],
        "heatmap_measures": heatmap_measures(rows),
    }


def answer_steps(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/steps?run=R`: the scalar series of a run."""
    name = arguments.get_text(query, "run", "/steps?run=exp1")
    rows, columns = _read(reader, experiment, name, query)
    return encode_frame({"run": name}, _step_arrays(columns) | _pooled_arrays(scalar_series(rows), columns))


def answer_heatmap(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/heatmap?run=R&measure=M`: one measure for all layers."""
    example = "/heatmap?run=exp1&measure=grad_norm"
    name = arguments.get_text(query, "run", example)
    measure = arguments.get_choice(query, "measure", HEATMAP_MEASURES, example)
    first, last = arguments.get_step_range(query)
    limit = arguments.get_columns(query)
    rows = reader.read_rows(experiment, name).between(first, last)
    limit = min(limit, most_columns(rows.layout.layout))
    columns = make_columns(rows.block.steps, limit, rows.block.spread)
    highest, nonfinite = pool_heatmap(rows, measure, columns)
    return encode_frame(
        {"run": name, "measure": measure, "layers": list(rows.layout.layout.layers)},
        _step_arrays(columns) | {"max": highest, "nonfinite": nonfinite},
    )


def answer_layer(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/layer?run=R&layer=L`: all series of one layer."""
    example = "/layer?run=exp1&layer=dense"
    name = arguments.get_text(query, "run", example)
    layer = arguments.get_text(query, "layer", example)
    rows, columns = _read(reader, experiment, name, query)
    _require_layer(rows.layout.layout, name, layer)
    named = list(layer_series(rows, layer))
    header = {
        "run": name,
        "layer": layer,
        "series": [{"name": s.name, "measure": s.measure, "of": s.of} for s in named],
    }
    return encode_frame(
        header, _step_arrays(columns) | _pooled_arrays({s.name: s.series for s in named}, columns)
    )


def answer_activations(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/activations?run=R`: the dead and saturated shares of all activations."""
    name = arguments.get_text(query, "run", "/activations?run=exp1")
    samples = reader.read_activations(experiment, name)
    described = [dataclasses.asdict(activation) for activation in samples.layout.activations]
    arrays: dict[str, npt.NDArray[np.generic]] = {"step": samples.steps.astype(np.int32)}
    nothing = np.full((len(samples.steps), len(described)), np.nan, np.float32)
    for measure in ACTIVATION_MEASURES:
        arrays[measure] = samples.measures.get(measure, nothing).T  # a writer may not record it
    return encode_frame({"run": name, "activations": described}, arrays)


def answer_histograms(reader: RunReader, experiment: Experiment, query: Query) -> Answer:
    """`/histograms?run=R&layer=L`: the histograms of the gradients of one layer."""
    example = "/histograms?run=exp1&layer=dense"
    name = arguments.get_text(query, "run", example)
    layer = arguments.get_text(query, "layer", example)
    limit = arguments.get_columns(query)
    samples = reader.read_histograms(experiment, name)
    _require_layer(samples.layout, name, layer)
    columns = make_columns(samples.steps, limit)
    variables = [(i, v.name) for i, v in enumerate(samples.layout.variables) if v.layer == layer]
    arrays: dict[str, npt.NDArray[np.generic]] = {"step": columns.first_step}
    arrays |= {variable: _sum_columns(samples.counts[:, i], columns) for i, variable in variables}
    return encode_frame({"run": name, "layer": layer, "bins": _BINS}, arrays)


def _require_layer(layout: Layout, run: str, layer: str) -> None:
    if layer not in layout.layers:
        raise UnknownNameError(f"run {run!r} has no layer {layer!r}.")


def _read(reader: RunReader, experiment: Experiment, name: str, query: Query) -> tuple[RunRows, Columns]:
    """The rows that were asked for, and their columns."""
    first, last = arguments.get_step_range(query)
    limit = arguments.get_columns(query)
    rows = reader.read_rows(experiment, name)
    part = rows.between(first, last)
    return part, make_columns(part.block.steps, limit, part.block.spread)


def _step_arrays(columns: Columns) -> dict[str, npt.NDArray[np.generic]]:
    return {"first_step": columns.first_step, "last_step": columns.last_step}


def _pooled_arrays(series: Mapping[str, Series], columns: Columns) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, one in series.items():
        pooled = pool_series(one, columns)
        arrays |= {f"{name}/{part}": getattr(pooled, part) for part in ("min", "max", "mean", "nan", "inf")}
    return arrays


def _sum_columns(counts: npt.NDArray[np.uint16], columns: Columns) -> npt.NDArray[np.uint32]:
    """Adds up the histograms of each column; `[samples, bins]` to `[columns, bins]`."""
    if not len(columns.starts):  # reduceat takes no empty list
        return counts.astype(np.uint32)
    summed: npt.NDArray[np.uint32] = np.add.reduceat(counts, columns.starts, axis=0, dtype=np.uint32)
    return summed
