"""Runs whose variables, scalars or steps changed on the way: what their routes show."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tb_stability.series import (
    Layout,
    StepValues,
)
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, LAYOUT, step_values, write_run
from tests.plugin.served import frame
from tests.plugin.server import Server


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
