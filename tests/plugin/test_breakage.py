"""Restarts, clocks that jump, and broken logs, on both loaders: right, or said."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.summary_pb2 import Summary

from tb_stability.writers.summaries import array_value
from tests.event_logs import DIVERGED, losses, write_run, write_scalars
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server
from tests.tensorboard_process import StartTensorBoard

RUNS = "data/plugin/stability/runs"


def claiming(tag: str, array: object) -> Summary.Value:
    """One number that says that it is 10^12, as which TensorBoard would make it."""
    value = array_value(tag, np.ones(1, np.float32))
    value.tensor.tensor_content = b""
    value.tensor.float_val[:] = [1.0]
    value.tensor.tensor_shape.dim[0].size = 10**6
    value.tensor.tensor_shape.dim.add(size=10**6)
    return value


class Clock:
    """A clock for `time.time`, set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def by_name(document: Any) -> dict[str, dict[str, Any]]:
    return {run["run"]: run for run in document["runs"]}


def losses_of(arrays: Any) -> Iterable[float]:
    return arrays["loss/max"][arrays["loss/nan"] == 0].tolist()


def test_a_restart_is_seen_although_the_clock_went_back_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(2000.0)
    monkeypatch.setattr("tb_stability.writers.event_file.time.time", clock)
    write_run(tmp_path / "exp1", range(50))
    write_run(tmp_path / "exp1", range(50, 100), losses=DIVERGED)
    server = Server(tmp_path)
    assert by_name(server.get("/runs").get_json())["exp1"]["verdict"]["status"] == "diverged"
    clock.now = 1000.0
    write_run(tmp_path / "exp1", range(40, 80))
    server.reload()
    run = by_name(server.get("/runs").get_json())["exp1"]
    assert (run["verdict"]["status"], run["steps"]["last"]) == ("healthy", 79)
    _, arrays = decode_frame(server.get("/steps", run="exp1").get_data())
    assert arrays["first_step"].tolist() == list(range(80))


def test_a_foreign_loss_that_goes_back_with_the_clock_is_judged_anew(tmp_path: Path) -> None:
    server = Server(tmp_path)
    write_scalars(tmp_path / "exp1", "loss", [*losses(40), *((s, math.nan) for s in range(40, 60))])
    server.reload()
    assert by_name(server.get("/runs").get_json())["exp1"]["verdict"]["status"] == "diverged"
    write_scalars(tmp_path / "exp1", "loss", losses(50)[30:])
    server.reload()
    run = by_name(server.get("/runs").get_json())["exp1"]
    assert (run["verdict"]["status"], run["source"]["kept"]) == ("healthy", 50)


@pytest.mark.parametrize("load_fast", ["true", "false"])
def test_an_open_tensorboard_follows_runs_that_are_replaced_deleted_or_broken(
    tmp_path: Path, tensorboard_server: StartTensorBoard, monkeypatch: pytest.MonkeyPatch, load_fast: str
) -> None:
    write_run(tmp_path / "kept", range(30))
    write_run(tmp_path / "replaced", losses=DIVERGED)
    write_run(tmp_path / "deleted", range(20))
    # Two processes at once: one file after the other is read, and the later file is the run.
    write_run(tmp_path / "twice", losses=dict.fromkeys(range(100), 5.0))
    write_run(tmp_path / "twice", range(100))
    # The same step once more, as after a checkpoint that was written before the step.
    write_run(tmp_path / "again", range(50), losses={49: math.nan})
    write_run(tmp_path / "again", range(49, 70))
    clock = Clock(2_000_000_000.0)
    with monkeypatch.context() as patch:
        patch.setattr("tb_stability.writers.event_file.time.time", clock)
        write_run(tmp_path / "clock", losses=DIVERGED)
        clock.now = 1_000_000_000.0
        write_run(tmp_path / "clock", range(50, 80))
    with monkeypatch.context() as patch:
        patch.setattr("tb_stability.writers.event_file.array_value", claiming)
        write_run(tmp_path / "claims", range(10))
    write_run(tmp_path / "zeros", range(40), block_steps=10)
    (file,) = (tmp_path / "zeros" / "stability").iterdir()
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :])

    server = tensorboard_server(tmp_path, load_fast=load_fast)
    names = {"again", "claims", "clock", "deleted", "kept", "replaced", "twice", "zeros"}

    def loaded(document: Any) -> bool:
        runs = by_name(document)
        return set(runs) == names and all(runs[n]["state"] == "ended" for n in names - {"zeros"})

    runs = by_name(server.get_when(RUNS, loaded))
    assert runs["replaced"]["verdict"]["status"] == "diverged"
    assert (runs["twice"]["source"]["kept"], runs["twice"]["windows"]) == (100, [])
    _, arrays = decode_frame(server.get("data/plugin/stability/steps?run=twice"))
    assert arrays["first_step"].tolist() == list(range(100))
    assert max(losses_of(arrays)) < 5
    assert (runs["again"]["source"]["kept"], runs["again"]["windows"]) == (70, [])
    assert (runs["clock"]["verdict"]["status"], runs["clock"]["source"]["kept"]) == ("healthy", 80)
    assert "claims to have 1000000000000 entries" in runs["claims"]["problems"][0]
    assert runs["claims"]["verdict"]["status"] == "healthy"  # by its report
    zeros = runs["zeros"]
    assert zeros["source"]["kept"] < 40
    assert zeros["state"] == "running" or zeros["problems"]

    shutil.rmtree(tmp_path / "replaced")
    shutil.rmtree(tmp_path / "deleted")
    after = write_run(tmp_path / "replaced", range(60))
    replaced = by_name(
        server.get_when(RUNS, lambda d: by_name(d)["replaced"]["steps"]["last"] == 59, seconds=60)
    )["replaced"]
    assert replaced["verdict"]["status"] == after.verdict.status == "healthy"
    assert replaced["source"]["kept"] == 60
    server.get_when(RUNS, lambda d: "deleted" not in by_name(d), seconds=60)
    assert "Traceback" not in server.output
