"""A real `tensorboard` process, with each of its loaders, with and without TensorFlow.

The two loaders share no code: one is in Rust. They sample, order and check
what they read in ways of their own.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_stability.recorder import Recorder
from tb_stability.report import RunReport
from tb_stability.series import HISTOGRAM_BINS
from tb_stability.summary.report import report_members
from tb_stability.summary.steps import pack_block
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, LAYOUT, SCALARS, losses, step_values, write_run, write_scalars
from tests.plugin.frame import decode_frame
from tests.tensorboard_process import StartTensorBoard, TensorBoardProcess

RUNS = "data/plugin/stability/runs"
LONG_STEPS = 20_000
SPIKES = {step: 40.0 for first in range(1000, LONG_STEPS, 1500) for step in (first, first + 1)}
LOADERS = pytest.mark.parametrize("load_fast", ["true", "false"])


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunReport]:
    """A run of 20,000 steps with many short windows, and its report."""
    logdir = tmp_path_factory.mktemp("long")
    report = write_run(logdir / "long", range(LONG_STEPS), losses=SPIKES)
    assert len(report.windows) >= 10  # else the tests below say little
    return logdir, report


def read_runs(server: TensorBoardProcess, expected: int) -> list[dict[str, Any]]:
    """The runs, once `expected` of them are there and loaded to their end."""

    def ready(document: Any) -> bool:
        runs = document["runs"]
        return len(runs) == expected and all(r["state"] != "running" for r in runs)

    runs: list[dict[str, Any]] = server.get_when(RUNS, ready)["runs"]
    return runs


@LOADERS
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param((), id="default flags"),
        pytest.param(("--samples_per_plugin=stability=5,stability_windows=1",), id="few samples"),
        pytest.param(("--samples_per_plugin=stability=0,stability_windows=0",), id="all samples"),
    ],
)
def test_every_window_of_a_long_run_is_listed(
    long_run: tuple[Path, RunReport],
    tensorboard_server: StartTensorBoard,
    load_fast: str,
    flags: tuple[str, ...],
) -> None:
    logdir, report = long_run
    server = tensorboard_server(logdir, *flags, load_fast=load_fast)
    (run,) = read_runs(server, 1)
    assert {name: run[name] for name in report_members(report)} == report_members(report)
    sampled = "stability=5" in str(flags)
    assert run["source"]["sampled"] is sampled
    assert run["source"]["kept"] == (5 * 64 - 32 if sampled else LONG_STEPS)  # the last block has 32 steps


@pytest.mark.slow
@LOADERS
def test_an_environment_without_tensorflow_shows_the_same(
    long_run: tuple[Path, RunReport],
    tensorboard_server: StartTensorBoard,
    viewer_python: Path,
    load_fast: str,
) -> None:
    logdir, report = long_run
    server = tensorboard_server(logdir, load_fast=load_fast, python=viewer_python)
    (run,) = read_runs(server, 1)
    assert run["windows"] == report_members(report)["windows"]
    assert run["source"]["kept"] == LONG_STEPS
    _, arrays = decode_frame(server.get("data/plugin/stability/steps?run=long&cols=10"))
    assert arrays["loss/max"].max() == 40


@LOADERS
def test_logs_in_every_state_are_read(
    tmp_path: Path, tensorboard_server: StartTensorBoard, monkeypatch: pytest.MonkeyPatch, load_fast: str
) -> None:
    write_run(tmp_path / "restarted", range(100), losses=DIVERGED)
    restarted = write_run(tmp_path / "restarted", range(50, 80))
    write_run(tmp_path / "truncated", losses=DIVERGED, block_steps=10)
    (file,) = (tmp_path / "truncated" / "stability").iterdir()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.8)])
    write_run(tmp_path / "damaged", losses=DIVERGED, block_steps=10)
    (file,) = (tmp_path / "damaged" / "stability").iterdir()
    values = [step_values(step, loss=math.nan) for step in range(70, 80)]
    block = pack_block(range(70, 80), values, LAYOUT, SCALARS).tobytes()
    file.write_bytes(file.read_bytes().replace(block, bytes(255 - byte for byte in block)))
    monkeypatch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
    write_run(tmp_path / "newer")
    monkeypatch.undo()
    write_scalars(tmp_path / "plain" / "train", "epoch_loss", [*losses(20), (20, math.nan)])
    write_scalars(tmp_path / "unrelated", "accuracy", losses(5))

    server = tensorboard_server(tmp_path, load_fast=load_fast)
    document = server.get_when(RUNS, lambda d: len(d["runs"]) == 5 and d["runs"][3]["steps"]["last"] == 79)
    damaged, newer, plain, again, truncated = document["runs"]
    assert [r["run"] for r in document["runs"]] == ["damaged", "newer", "plain", "restarted", "truncated"]
    # The Python loader stops at the damage, the Rust loader checks no payload and goes on.
    assert (damaged["state"], damaged["source"]["kept"]) == (
        ("ended", 90) if load_fast == "true" else ("running", 70)
    )
    assert ("blocks of steps could not be read" in str(damaged["problems"])) is (load_fast == "true")
    assert "version 2" in newer["problems"][0]
    assert (plain["state"], plain["verdict"]["status"]) == ("foreign", "diverged")
    assert (again["verdict"]["status"], again["windows"]) == (restarted.verdict.status, [])
    assert again["source"]["kept"] == 80
    _, arrays = decode_frame(server.get("data/plugin/stability/steps?run=restarted"))
    assert arrays["first_step"].tolist() == list(range(80))
    assert arrays["loss/nan"].sum() == 0
    assert (truncated["state"], truncated["verdict"]["status"]) == ("running", "diverged")
    assert 60 <= truncated["steps"]["last"] < 99
    assert "Traceback" not in server.output


@LOADERS
def test_a_run_is_followed_while_it_is_written(
    tmp_path: Path, tensorboard_server: StartTensorBoard, load_fast: str
) -> None:
    write_run(tmp_path / "live", range(50), state="running")
    server = tensorboard_server(tmp_path, "--path_prefix=/some/where", load_fast=load_fast)
    assert server.url.endswith("/some/where/")
    (run,) = server.get_when(RUNS, lambda d: d["runs"])["runs"]
    assert run["state"] == "running"
    write_run(tmp_path / "live", range(50, 120))
    server.get_when(
        RUNS, lambda d: d["runs"][0]["steps"]["last"] == 119 and d["runs"][0]["source"]["kept"] == 120
    )


@LOADERS
def test_a_long_run_is_read_as_it_was_recorded(
    tmp_path: Path, tensorboard_server: StartTensorBoard, load_fast: str
) -> None:
    """Spans, single steps that replace some of them, and samples."""
    recorder = Recorder(lambda: EventFileWriter(str(tmp_path / "long")))
    values = [step_values(step) for step in range(6000)]
    for step in range(5000, 5020):
        values[step] = dataclasses.replace(values[step], scalars={"loss": 1e4, "learning_rate": 0.01})
    counts = np.full((len(LAYOUT.variables), HISTOGRAM_BINS), 40_000, np.uint16)
    values[4992] = dataclasses.replace(values[4992], histograms=counts)
    for first in range(0, 6000, 8):
        recorder.record(values[first : first + 8], LAYOUT, first_step=first)
        if first == 4992:  # what was written as spans is replaced
            recorder.flush()
    recorder.close()
    assert any(window.start_step == 5000 for window in recorder.windows)

    server = tensorboard_server(tmp_path, load_fast=load_fast)
    (run,) = read_runs(server, 1)
    assert run["source"] == {
        "recorded": True,
        "sampled": False,
        "kept": 6000,
        "of": 6000,
        "axis": "step",
        "tags": {},
        "histograms": 0,
    }
    assert run["problems"] == []
    _, arrays = decode_frame(server.get("data/plugin/stability/steps?run=long&cols=4000"))
    first, last = arrays["first_step"], arrays["last_step"]
    assert (first[0], last[-1]) == (0, 5999)
    assert (first[1:] == last[:-1] + 1).all()
    assert set(range(4968, 5020)) <= set(first[first == last].tolist())
    assert first[arrays["loss/max"] == 1e4].tolist() == list(range(5000, 5020))
    assert len(first) < 3000
    _, arrays = decode_frame(server.get("data/plugin/stability/histograms?run=long&layer=dense"))
    assert arrays["step"].tolist() == [4992]
    assert (arrays["dense/kernel"] == 40_000).all()


def test_below_a_path_and_with_several_logdirs_everything_is_found(
    tmp_path: Path, tensorboard_server: StartTensorBoard
) -> None:
    report = write_run(tmp_path / "a" / "exp", losses=DIVERGED)
    write_run(tmp_path / "b")
    spec = f"--logdir_spec=first:{tmp_path / 'a'},second:{tmp_path / 'b'}"
    server = tensorboard_server(tmp_path, spec, "--path_prefix=/some/where", load_fast="false")
    assert server.url.endswith("/some/where/")
    runs = read_runs(server, 2)
    assert [run["run"] for run in runs] == ["first/exp", "second"]
    assert runs[0]["windows"] == report_members(report)["windows"] != []
    _, arrays = decode_frame(server.get("data/plugin/stability/steps?run=second"))
    assert arrays["first_step"].tolist() == list(range(100))
    assert b"render" in server.get("data/plugin/stability/index.js")
