"""`/layer` and `/heatmap`: kinds of normalization, gradients that are not finite, rows of several steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_stability.series import (
    NORMALIZATION_MEASURES,
    NORMALIZATION_VECTORS,
    VARIABLE_MEASURES,
    VECTOR_STATISTICS,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.writers.event_file import EventFileWriter
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

Arrays = dict[str, np.ndarray]

KINDS = Layout(
    (Variable("gn/gamma", "gn", "gamma", (4,)),),
    (
        Normalization("bn", NORMALIZATION_VECTORS, 4, True),
        Normalization("ln", ("gamma", "beta"), 4, True, "LayerNormalization"),
        Normalization("gn", ("gamma",), 4, True, "GroupNormalization"),
        Normalization("unit", (), 0, True, "UnitNormalization"),
    ),
)
DENSE = Layout((Variable("a/kernel", "a", "kernel", (2, 3)), Variable("a/bias", "a", "bias", (4,))))


def frame(server: Server, route: str, **query: str) -> tuple[dict[str, Any], Arrays]:
    answer = server.get(route, run="exp1", **query)
    assert answer.status_code == 200, answer.get_data()
    return decode_frame(answer.get_data())


def normalizations(layout: Layout, **known: Sequence[float]) -> dict[str, np.ndarray]:
    """All measures of normalizations: those given, and NaN for the others."""
    nothing = np.full(len(layout.normalizations), math.nan, np.float32)
    return {measure: np.float32(known.get(measure, nothing)) for measure in NORMALIZATION_MEASURES}


def variables(layout: Layout, **known: Sequence[float]) -> dict[str, np.ndarray]:
    """All measures of variables: those given, and zero for the others."""
    zero = np.zeros(len(layout.variables), np.float32)
    return {measure: np.float32(known.get(measure, zero)) for measure in VARIABLE_MEASURES}


def write(log_dir: Path, values: Sequence[StepValues], layout: Layout) -> None:
    """Writes steps, a row each."""
    scalars = tuple(values[0].scalars)
    writer = EventFileWriter(str(log_dir / "exp1"))
    writer.write_layout(0, layout, scalars)
    writer.write_steps(range(len(values)), values, layout, scalars)
    writer.close()


def write_one_row(log_dir: Path, values: Mapping[int, StepValues], layout: Layout) -> None:
    """Writes steps as one row."""
    columns = RowLayout(layout, tuple(next(iter(values.values())).scalars))
    span = SpanAccumulator(columns)
    span.add([pack_step(step, value, columns) for step, value in values.items()])
    writer = EventFileWriter(str(log_dir / "exp1"))
    writer.write_layout(0, layout, columns.scalars)
    writer.write_rows([span.take()], columns)
    writer.close()


def test_the_layout_tells_the_kind_of_every_normalization(tmp_path: Path) -> None:
    write(tmp_path, [StepValues({"loss": 1.0})], KINDS)
    layers = Server(tmp_path).get("/layout", run="exp1").get_json()["layers"]
    assert {layer["name"]: layer["normalization"] for layer in layers} == {
        n.layer: {
            "kind": n.kind,
            "vectors": list(n.vectors),
            "channels": n.channels,
            "trainable": True,
        }
        for n in KINDS.normalizations
    }


def test_a_normalization_has_the_series_of_its_vectors_and_what_it_normalised_with(tmp_path: Path) -> None:
    known = normalizations(KINDS, gamma_norm=[2, 3, 4, math.nan], batch_statistics=[1, *[math.nan] * 3])
    write(tmp_path, [StepValues({"loss": 1.0}, variables(KINDS), known)], KINDS)
    server = Server(tmp_path)
    of = {
        layer: [series["measure"] for series in frame(server, "/layer", layer=layer)[0]["series"]]
        for layer in ("bn", "ln", "unit")
    }
    statistics = {v: [f"{v}_{statistic}" for statistic in VECTOR_STATISTICS] for v in NORMALIZATION_VECTORS}
    assert of["bn"] == [*itertools.chain.from_iterable(statistics.values()), "batch_statistics"]
    assert of["ln"] == statistics["gamma"] + statistics["beta"]
    assert of["unit"] == []
    _, arrays = frame(server, "/layer", layer="bn")
    assert (arrays["gamma_norm/bn/max"], arrays["batch_statistics/bn/mean"]) == (2, 1)
    _, arrays = frame(server, "/layer", layer="gn")
    assert arrays["gamma_norm/gn/max"] == 4


def test_the_drift_is_that_of_any_normalization_with_gamma_or_beta(tmp_path: Path) -> None:
    known = normalizations(
        KINDS, gamma_distance=[1, 2, 8, math.nan], beta_distance=[6, 1, math.nan, math.nan]
    )
    write(tmp_path, [StepValues({"loss": 1.0}, variables(KINDS), known)], KINDS)
    server = Server(tmp_path)
    header, arrays = frame(server, "/heatmap", measure="bn_drift")
    drift = dict(zip(header["layers"], arrays["max"][:, 0].tolist(), strict=True))
    assert (drift["bn"], drift["ln"], drift["gn"]) == (3, 1, 4)
    assert math.isnan(drift["unit"])
    assert not arrays["nonfinite"].any()


@pytest.mark.parametrize(("vectors", "offered"), [((), False), (("beta",), True)])
def test_the_drift_is_offered_where_there_is_something_to_drift(
    tmp_path: Path, vectors: tuple[str, ...], offered: bool
) -> None:
    layout = Layout(DENSE.variables, (Normalization("n", vectors, 2, True, "UnitNormalization"),))
    write(tmp_path, [StepValues({"loss": 1.0})], layout)
    measures = Server(tmp_path).get("/layout", run="exp1").get_json()["heatmap_measures"]
    assert ("bn_drift" in measures) is offered


def test_gradients_are_told_by_mean_zeros_nan_and_inf_and_the_last_two_make_a_share(tmp_path: Path) -> None:
    known = variables(DENSE, grad_mean=[-0.5, 2], grad_zero_share=[0.25, 0], grad_nan=[3, 0], grad_inf=[1, 1])
    write(tmp_path, [StepValues({"loss": 1.0}, known)], DENSE)
    server = Server(tmp_path)
    header, arrays = frame(server, "/layer", layer="a")
    measures = ["grad_norm", "update_ratio", "weight_norm", "grad_max"]
    measures += ["grad_mean", "grad_zero_share", "grad_nan", "grad_inf"]
    assert [s["name"] for s in header["series"]] == [
        f"{m}/{v}" for v in ("a/kernel", "a/bias") for m in measures
    ]
    of_kernel = {m: arrays[f"{m}/a/kernel/mean"][0] for m in measures[4:]}
    assert of_kernel == {"grad_mean": -0.5, "grad_zero_share": 0.25, "grad_nan": 3, "grad_inf": 1}
    _, arrays = frame(server, "/heatmap", measure="nonfinite")
    assert arrays["max"].tolist() == [[0.5]]  # 5 of 10 entries


def test_a_row_of_several_steps_has_their_extremes_and_says_which_they_are(tmp_path: Path) -> None:
    values = {
        step: StepValues(
            {"loss": loss},
            variables(
                DENSE, grad_norm=[3 * x, 4 * x], update_norm=[x, 0], weight_norm=[10, 0], grad_nan=[x, 0]
            ),
        )
        for step, loss, x in ((32, 1.0, 1), (33, 9.0, 5), (34, 2.0, 3))
    }
    values[35] = StepValues({"loss": 4.0})  # a thinned step
    write_one_row(tmp_path, values, DENSE)
    server = Server(tmp_path)
    _, arrays = frame(server, "/steps", **{"from": "34"})
    assert (arrays["first_step"].tolist(), arrays["last_step"].tolist()) == ([32], [35])
    assert [arrays[f"loss/{part}"][0] for part in ("min", "mean", "max")] == [1, 4, 9]
    _, arrays = frame(server, "/heatmap", measure="grad_norm")
    assert arrays["max"].tolist() == [[25]]
    _, arrays = frame(server, "/heatmap", measure="nonfinite")
    assert arrays["max"].tolist() == [[0.5]]
    _, arrays = frame(server, "/layer", layer="a")
    ratio = [arrays[f"update_ratio/a/kernel/{part}"][0] for part in ("min", "mean", "max")]
    assert ratio == [np.float32(0.1), np.float32(0.3), np.float32(0.5)]
    assert np.isnan(arrays["update_ratio/a/bias/max"])
    assert not arrays["update_ratio/a/bias/inf"].any()
    assert server.get("/runs").get_json()["runs"][0]["source"]["kept"] == 4


def test_a_gradient_that_was_nan_at_one_step_of_a_row_is_seen_and_hides_no_finite_one(tmp_path: Path) -> None:
    values = {
        step: StepValues({"loss": 1.0}, variables(DENSE, grad_norm=[norm, 0]))
        for step, norm in enumerate([2.0, math.nan, 7.0])
    }
    write_one_row(tmp_path, values, DENSE)
    _, arrays = frame(Server(tmp_path), "/heatmap", measure="grad_norm")
    assert (arrays["max"].tolist(), arrays["nonfinite"].tolist()) == ([[7]], [[1]])
