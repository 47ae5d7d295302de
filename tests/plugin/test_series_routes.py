"""`/layout`, `/steps`, `/heatmap`, `/layer`: the recorded numbers, as `http_api.md` says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tb_stability.series import (
    NORMALIZATION_MEASURES,
    VARIABLE_MEASURES,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tests.event_logs import LAYOUT, step_values, write_run
from tests.plugin.served import frame, write_steps
from tests.plugin.server import Server


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
