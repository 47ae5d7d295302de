"""`/layout`, `/steps`, `/heatmap`, `/layer`: the recorded numbers, as `http_api.md` says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_stability.series import (
    NORMALIZATION_MEASURES,
    VARIABLE_MEASURES,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, LAYOUT, step_values, write_run
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server

Arrays = dict[str, np.ndarray]


def frame(server: Server, route: str, **query: str) -> tuple[dict[str, Any], Arrays]:
    answer = server.get(route, **query)
    assert answer.status_code == 200, answer.get_data()
    assert answer.content_type == "application/octet-stream"
    return decode_frame(answer.get_data())


def write_steps(
    log_dir: Path, values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...] = ()
) -> None:
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, layout, scalars)
    writer.write_steps(range(len(values)), values, layout, scalars)
    writer.close()


def test_the_layout_has_the_layers_in_network_order(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(3))
    assert Server(tmp_path).get("/layout", run="exp1").get_json() == {
        "run": "exp1",
        "scalars": ["loss", "learning_rate"],
        "layers": [
            {
                "name": "dense",
                "variables": [
                    {"name": "dense/kernel", "role": "kernel", "shape": [4, 3]},
                    {"name": "dense/bias", "role": "bias", "shape": [3]},
                ],
                "normalization": None,
            },
            {
                "name": "bn",
                "variables": [{"name": "bn/gamma", "role": "gamma", "shape": [3]}],
                "normalization": {
                    "vectors": ["gamma", "beta", "moving_mean", "moving_variance"],
                    "channels": 3,
                    "trainable": True,
                    "kind": "BatchNormalization",
                },
            },
        ],
        "activations": [],
        "heatmap_measures": ["grad_norm", "update_ratio", "weight_norm", "nonfinite", "bn_drift"],
    }


def test_a_run_without_gradients_has_no_layers(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(3), layout=Layout())
    server = Server(tmp_path)
    layout = server.get("/layout", run="exp1").get_json()
    assert (layout["layers"], layout["heatmap_measures"]) == ([], [])
    header, arrays = frame(server, "/heatmap", run="exp1", measure="grad_norm")
    assert header["layers"] == []
    assert arrays["max"].shape == (0, 3)


def test_the_steps_are_the_recorded_ones(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(10, 20), losses={15: math.nan, 16: math.inf})
    header, arrays = frame(Server(tmp_path), "/steps", run="exp1")
    assert (header["version"], header["run"]) == (1, "exp1")
    assert arrays["first_step"].tolist() == arrays["last_step"].tolist() == list(range(10, 20))
    expected = [step_values(s).scalars["loss"] for s in range(10, 20)]
    expected[5] = expected[6] = math.nan
    for part in ("min", "max", "mean"):
        np.testing.assert_array_equal(arrays[f"loss/{part}"], np.float32(expected))
    assert arrays["loss/nan"].tolist() == [0] * 5 + [1] + [0] * 4
    assert arrays["loss/inf"].tolist() == [0] * 6 + [1] + [0] * 3


def test_a_scalar_that_was_not_observed_is_neither_a_value_nor_nan(tmp_path: Path) -> None:
    write_steps(tmp_path / "exp1", [StepValues({"loss": 1.0}), StepValues({})], Layout(), ("loss",))
    _, arrays = frame(Server(tmp_path), "/steps", run="exp1")
    assert arrays["loss/nan"].tolist() == [0, 0]
    assert np.isnan(arrays["loss/max"]).tolist() == [False, True]


def test_a_step_without_gradients_is_no_step_with_nan_gradients(tmp_path: Path) -> None:
    values = [step_values(step) for step in range(3)]
    values[1] = StepValues({"loss": 1.0})
    write_steps(tmp_path / "exp1", values, LAYOUT, ("loss",))
    server = Server(tmp_path)
    for measure in ("grad_norm", "update_ratio", "nonfinite", "weight_norm"):
        _, arrays = frame(server, "/heatmap", run="exp1", measure=measure)
        assert np.isnan(arrays["max"][0]).tolist() == [False, True, False], measure
        assert not arrays["nonfinite"].any(), measure
    _, arrays = frame(server, "/heatmap", run="exp1", measure="bn_drift")
    assert np.isnan(arrays["max"][1]).tolist() == [False, True, False]


def test_a_spike_and_a_nan_of_one_step_are_in_the_coarsest_view(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(500), losses={123: 1e6, 321: math.nan})
    _, arrays = frame(Server(tmp_path), "/steps", run="exp1", cols="2")
    assert (arrays["first_step"].tolist(), arrays["last_step"].tolist()) == ([0, 250], [249, 499])
    assert arrays["loss/max"][0] == 1e6
    assert arrays["loss/nan"].tolist() == [0, 1]


def write_spans(log_dir: Path, losses: Sequence[float], interval: int) -> None:
    """A run of which a row stands for `interval` steps."""
    layout = RowLayout(LAYOUT, ("loss",))
    span, rows = SpanAccumulator(layout), []
    for step, loss in enumerate(losses):
        span.add([pack_step(step, step_values(step, loss=loss), layout)])
        if span.count == interval or step == len(losses) - 1:
            rows.append(span.take())
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, LAYOUT, ("loss",))
    writer.write_rows(rows, layout)
    writer.close()


def test_rows_of_several_steps_show_what_every_step_would(tmp_path: Path) -> None:
    losses = np.random.default_rng(0).uniform(1, 2, 1000).astype(np.float32)
    losses[[300, 700]] = 1e6, math.nan
    write_spans(tmp_path / "exp1", losses.tolist(), 8)
    server = Server(tmp_path)
    _, arrays = frame(server, "/steps", run="exp1", cols="5")
    assert (arrays["first_step"].tolist(), arrays["last_step"].tolist()) == (
        [0, 200, 400, 600, 800],
        [199, 399, 599, 799, 999],
    )
    columns = losses.reshape(5, 200)
    np.testing.assert_array_equal(arrays["loss/max"], np.nanmax(columns, axis=1))
    np.testing.assert_array_equal(arrays["loss/min"], np.nanmin(columns, axis=1))
    assert arrays["loss/nan"].tolist() == [0, 0, 0, 1, 0]
    np.testing.assert_allclose(arrays["loss/mean"][:3], columns[:3].mean(axis=1), rtol=1e-6)
    _, arrays = frame(server, "/heatmap", run="exp1", measure="update_ratio")
    assert arrays["last_step"][0] == 7
    np.testing.assert_allclose(arrays["max"][0], 1e-3, rtol=0.01)


def test_a_run_of_several_steps_a_row_is_judged_by_their_means(tmp_path: Path) -> None:
    write_spans(tmp_path / "exp1", [2.0] * 90 + [math.nan] * 10, 8)
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert run["verdict"]["status"] == "diverged"
    assert run["source"] == {"recorded": True, "sampled": False, "kept": 100, "of": 100}
    assert (run["steps"]["first"], run["steps"]["last"], run["steps"]["recorded"]) == (7, 99, 100)
    assert {(w["kind"], w["start_step"]) for w in run["windows"]} == {("non_finite", 95)}


def test_a_restart_clips_the_row_that_it_begins_in(tmp_path: Path) -> None:
    write_spans(tmp_path / "exp1", [2.0] * 100, 16)
    write_run(tmp_path / "exp1", range(40, 50))
    server = Server(tmp_path)
    _, arrays = frame(server, "/steps", run="exp1")
    assert arrays["first_step"].tolist() == [0, 16, 32, *range(40, 50)]
    assert arrays["last_step"].tolist() == [15, 31, *range(39, 50)]
    assert server.get("/runs").get_json()["runs"][0]["source"]["kept"] == 50


def test_a_part_of_the_steps_can_be_asked_for(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(100))
    _, arrays = frame(Server(tmp_path), "/steps", run="exp1", **{"from": "40", "to": "42"})
    assert arrays["first_step"].tolist() == [40, 41, 42]
    header, arrays = frame(Server(tmp_path), "/steps", run="exp1", **{"from": "4000"})
    assert {a["name"]: a["shape"] for a in header["arrays"]}["loss/min"] == [0]


def test_the_heatmap_measures_are_those_of_their_definition(tmp_path: Path) -> None:
    layout = Layout(
        (Variable("a/kernel", "a", "kernel", (2, 3)), Variable("a/bias", "a", "bias", (4,))),
        (Normalization("bn", ("gamma", "beta"), 4, True),),
    )
    normalizations = {m: np.float32([math.nan]) for m in NORMALIZATION_MEASURES}
    normalizations |= {"gamma_distance": np.float32([1]), "beta_distance": np.float32([6])}
    variables = {
        **{m: np.float32([1, 1]) for m in VARIABLE_MEASURES},
        "grad_norm": np.float32([3, 4]),
        "grad_nan": np.float32([2, 0]),
        "grad_inf": np.float32([0, 3]),
        "weight_norm": np.float32([0, 10]),
        "update_norm": np.float32([6, 8]),
    }
    write_steps(tmp_path / "exp1", [StepValues({}, variables, normalizations)], layout)
    server = Server(tmp_path)
    expected = {
        "grad_norm": [5, math.nan],
        "update_ratio": [1, math.nan],
        "weight_norm": [10, math.nan],
        "nonfinite": [0.5, math.nan],
        "bn_drift": [math.nan, 3],
    }
    for measure, values in expected.items():
        header, arrays = frame(server, "/heatmap", run="exp1", measure=measure)
        assert header["layers"] == ["a", "bn"]
        np.testing.assert_array_equal(arrays["max"], np.float32(values)[:, None], err_msg=measure)
        assert arrays["nonfinite"].tolist() == [[0], [0]], measure
    header, arrays = frame(server, "/layer", run="exp1", layer="a")
    assert arrays["grad_norm/a/bias/max"].tolist() == [4]
    assert arrays["update_ratio/a/bias/max"] == np.float32(0.8)
    # A variable that is all zero has no ratio: that is no Inf.
    assert np.isnan(arrays["update_ratio/a/kernel/max"])
    assert arrays["update_ratio/a/kernel/inf"].tolist() == [0]


def test_gradients_that_are_not_finite_are_counted_and_hide_no_finite_ones(tmp_path: Path) -> None:
    values = [step_values(s) for s in range(4)]
    values[1].variables["grad_norm"][0] = math.nan
    values[2].variables["grad_norm"][0] = math.inf
    values[3].variables["grad_norm"][0] = 1e30  # its square is beyond float32
    write_steps(tmp_path / "exp1", values, LAYOUT, ("loss",))
    _, arrays = frame(Server(tmp_path), "/heatmap", run="exp1", measure="grad_norm", cols="1")
    assert arrays["max"][0] == np.float32(1e30)
    assert arrays["nonfinite"].tolist() == [[2], [0]]


def test_a_layer_has_the_series_of_its_variables_and_of_its_normalization(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(3))
    header, arrays = frame(Server(tmp_path), "/layer", run="exp1", layer="bn")
    names = [series["name"] for series in header["series"]]
    assert names[:8] == [
        f"{measure}/bn/gamma"
        for measure in (
            "grad_norm",
            "update_ratio",
            "weight_norm",
            "grad_max",
            "grad_mean",
            "grad_zero_share",
            "grad_nan",
            "grad_inf",
        )
    ]
    assert len(names) == 8 + 21
    assert header["series"][-2] == {
        "name": "moving_variance_change/bn",
        "measure": "moving_variance_change",
        "of": "bn",
    }
    for name in names:
        assert {f"{name}/{part}" for part in ("min", "max", "mean", "nan", "inf")} <= arrays.keys()
        assert arrays[f"{name}/max"].shape == (3,)


def test_where_the_variables_change_the_layers_of_the_last_layout_are_shown(tmp_path: Path) -> None:
    frozen = Layout(LAYOUT.variables[:1])
    write_run(tmp_path / "exp1", range(50), layout=frozen)
    write_run(tmp_path / "exp1", range(50, 70))
    server = Server(tmp_path)
    _, arrays = frame(server, "/heatmap", run="exp1", measure="grad_norm")
    assert arrays["first_step"].tolist() == list(range(70))
    assert np.isnan(arrays["max"]).tolist() == [[True] * 50 + [False] * 20] * 2
    assert not arrays["nonfinite"].any()
    _, arrays = frame(server, "/steps", run="exp1")
    assert np.isfinite(arrays["loss/max"]).all()
    assert "changed at step 50" in server.get("/runs").get_json()["runs"][0]["problems"][0]


def test_a_scalar_that_comes_later_leaves_the_steps_before_it_as_they_are(tmp_path: Path) -> None:
    values = [step_values(step) for step in range(6)]
    values[5] = StepValues(
        {**values[5].scalars, "val_loss": 0.5}, values[5].variables, values[5].normalizations
    )
    writer = EventFileWriter(str(tmp_path / "exp1"))
    for steps, scalars in ((range(5), ("loss",)), (range(5, 6), ("loss", "val_loss"))):
        writer.write_layout(steps[0], LAYOUT, scalars)
        writer.write_steps(steps, [values[step] for step in steps], LAYOUT, scalars)
    writer.close()
    server = Server(tmp_path)
    _, arrays = frame(server, "/steps", run="exp1")
    np.testing.assert_array_equal(arrays["val_loss/max"], np.float32([math.nan] * 5 + [0.5]))
    assert not arrays["val_loss/nan"].any()
    _, arrays = frame(server, "/heatmap", run="exp1", measure="grad_norm")
    assert np.isfinite(arrays["max"]).all()
    (run,) = server.get("/runs").get_json()["runs"]
    assert not any("changed" in problem for problem in run["problems"])


def test_a_killed_run_whose_variables_changed_is_judged_by_what_was_measured(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(50), layout=Layout(LAYOUT.variables[:1]), state=None)
    write_run(tmp_path / "exp1", range(50, 90), state=None)
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert (run["verdict"]["status"], run["windows"], run["steps"]["observed"]) == ("healthy", [], 90)


def test_a_layout_that_a_restart_replaced_is_forgotten(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(50), layout=Layout(LAYOUT.variables[:1]))
    write_run(tmp_path / "exp1", range(30))
    _, arrays = frame(Server(tmp_path), "/layer", run="exp1", layer="bn")
    assert arrays["first_step"].tolist() == list(range(30))


def test_a_change_of_the_variables_that_a_restart_undid_is_forgotten(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(100))
    write_run(tmp_path / "exp1", range(100, 120), layout=Layout(LAYOUT.variables[:1]))
    write_run(tmp_path / "exp1", range(50, 80))
    server = Server(tmp_path)
    _, arrays = frame(server, "/heatmap", run="exp1", measure="grad_norm")
    assert np.isfinite(arrays["max"]).all()
    assert arrays["first_step"].tolist() == list(range(80))
    assert server.get("/runs").get_json()["runs"][0]["problems"] == []


def test_after_a_restart_no_step_comes_twice(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(100), losses=DIVERGED)
    write_run(tmp_path / "exp1", range(50, 80))
    _, arrays = frame(Server(tmp_path), "/steps", run="exp1")
    assert arrays["first_step"].tolist() == list(range(80))
    assert arrays["loss/nan"].sum() == 0


@pytest.mark.parametrize(
    ("route", "query", "status", "sentence"),
    [
        ("/layout", {}, 400, "the query needs 'run', as in /layout?run=exp1"),
        ("/layout", {"run": "nope"}, 404, "there is no run 'nope'"),
        ("/steps", {"run": "exp1", "cols": "0"}, 400, "'cols' must be an integer from 1 to 4000: got '0'"),
        ("/steps", {"run": "exp1", "cols": "4001"}, 400, "got '4001'"),
        ("/steps", {"run": "exp1", "cols": "9" * 5000}, 400, "must be an integer"),
        ("/steps", {"run": "exp1", "from": "-1"}, 400, "'from' must be an integer"),
        ("/steps", {"run": "exp1", "to": "1e3"}, 400, "'to' must be an integer"),
        ("/steps", {"run": "exp1", "from": "9", "to": "3"}, 400, "must not be greater"),
        ("/heatmap", {"run": "exp1"}, 400, "the query needs 'measure'"),
        ("/heatmap", {"run": "exp1", "measure": "colour"}, 400, "must be one of grad_norm, update_ratio"),
        ("/layer", {"run": "exp1"}, 400, "the query needs 'layer'"),
        ("/layer", {"run": "exp1", "layer": "nope"}, 404, "has no layer 'nope'"),
    ],
)
def test_a_wrong_query_is_answered_with_a_sentence(
    tmp_path: Path, route: str, query: dict[str, str], status: int, sentence: str
) -> None:
    write_run(tmp_path / "exp1", range(3))
    answer = Server(tmp_path).get(route, **query)
    assert answer.status_code == status
    assert list(answer.get_json()) == ["error"]
    assert sentence in answer.get_json()["error"]


def test_only_get_is_answered(tmp_path: Path) -> None:
    assert Server(tmp_path).post("/runs").status_code == 405


def test_a_damaged_block_is_left_out_and_said(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(20), state=None)
    writer = EventFileWriter(str(tmp_path / "exp1"))
    writer.write_steps(
        [20, 21], [step_values(20), step_values(21)], Layout(), ("loss",)
    )  # not the layout's shape
    writer.write_steps([22], [step_values(22)], LAYOUT, ("loss", "learning_rate"))
    writer.close()
    server = Server(tmp_path)
    _, arrays = frame(server, "/steps", run="exp1")
    assert arrays["first_step"].tolist() == [*range(20), 22]
    assert "1 of 3 blocks of steps could not be read: the block at step 20" in str(
        server.get("/runs").get_json()["runs"][0]["problems"]
    )
