"""Rows that stand for several steps, in the routes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import LAYOUT, step_values, write_run
from tests.plugin.served import frame
from tests.plugin.server import Server


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
    assert run["source"] == {
        "recorded": True,
        "sampled": False,
        "kept": 100,
        "of": 100,
        "axis": "step",
        "tags": {},
        "histograms": 0,
    }
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
