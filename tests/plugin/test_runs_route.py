"""`/runs`: the report of every run, through TensorBoard's own application."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tb_stability.plugin.reader import MOST_RUNS_IN_FULL
from tb_stability.plugin.run import Run, Source, runs_document
from tb_stability.report import Cost, RunReport, Steps, TensorRange, Verdict
from tb_stability.summary.report import report_members
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, write_run
from tests.plugin.server import Server


def test_the_report_is_the_one_in_the_log(tmp_path: Path) -> None:
    report = write_run(tmp_path / "exp1", losses=DIVERGED)
    document = Server(tmp_path).get("/runs").get_json()
    (run,) = document["runs"]
    assert (document["version"], document["logdir"], document["groups"]) == (1, str(tmp_path), [])
    assert run["run"] == "exp1"
    assert run["verdict"]["status"] == "diverged"
    assert {name: run[name] for name in report_members(report)} == report_members(report)
    assert run["source"] == {
        "recorded": True,
        "sampled": False,
        "kept": 100,
        "of": 100,
        "axis": "step",
        "tags": {},
        "histograms": 0,
    }
    assert (run["state"], run["problems"]) == ("ended", [])


def test_a_log_directory_that_is_the_run_itself_is_called_dot(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert [r["run"] for r in Server(tmp_path).get("/runs").get_json()["runs"]] == ["."]
    assert [r["run"] for r in Server(tmp_path / "stability").get("/runs").get_json()["runs"]] == ["."]


def test_runs_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("b", "a/deep", "c"):
        write_run(tmp_path / name, range(3))
    assert [r["run"] for r in Server(tmp_path).get("/runs").get_json()["runs"]] == ["a/deep", "b", "c"]


def test_an_empty_log_directory_has_no_runs(tmp_path: Path) -> None:
    assert Server(tmp_path).get("/runs").get_json()["runs"] == []


def test_a_run_that_grows_is_read_again(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(50))
    server = Server(tmp_path)
    assert server.get("/runs").get_json()["runs"][0]["steps"]["last"] == 49
    write_run(tmp_path / "exp1", range(50, 120))
    server.reload()
    (run,) = server.get("/runs").get_json()["runs"]
    assert run["steps"]["last"] == 119
    assert run["source"]["kept"] == 120


def test_a_run_that_was_killed_early_is_judged_by_its_steps(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", losses=DIVERGED, state=None)
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert (run["verdict"]["status"], run["state"]) == ("diverged", "running")
    assert run["windows"][0]["start_step"] == 60
    assert "made from the 100 steps" in run["problems"][0]


@pytest.mark.parametrize("cap", [1, 5])
def test_windows_are_complete_however_few_points_tensorboard_keeps(tmp_path: Path, cap: int) -> None:
    report = write_run(tmp_path / "exp1", range(600), losses=DIVERGED, block_steps=20)
    (run,) = Server(tmp_path, {"stability": cap, "stability_windows": cap}).get("/runs").get_json()["runs"]
    assert run["windows"] == report_members(report)["windows"] != []
    assert run["source"] == {
        "recorded": True,
        "sampled": True,
        "kept": 20 * cap,
        "of": 600,
        "axis": "step",
        "tags": {},
        "histograms": 0,
    }


def test_a_newer_version_is_refused_with_a_sentence_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "ours")
    monkeypatch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
    write_run(tmp_path / "newer")
    server = Server(tmp_path)
    newer, ours = server.get("/runs").get_json()["runs"]
    assert newer["verdict"]["status"] == "unknown"
    assert "version 2" in newer["verdict"]["why"]
    assert newer["verdict"]["next"].startswith("Upgrade the viewer")
    assert "pip install -U tb-stability" in newer["problems"][0]
    assert ours["verdict"]["status"] == "healthy"
    answer = server.get("/steps", run="newer")
    assert answer.status_code == 422
    assert "version 2" in answer.get_json()["error"]


def test_a_newer_report_in_an_older_log_is_refused_but_its_steps_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_stability.summary.report.VERSION", 2)  # of the writer
    write_run(tmp_path / "exp1")
    monkeypatch.undo()
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert "report of the run was written in version 2" in run["problems"][0]
    assert run["source"]["kept"] == 100


def test_a_truncated_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", losses=DIVERGED, block_steps=10)
    (file,) = (tmp_path / "exp1" / "stability").iterdir()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.8)])
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert run["state"] == "running"
    assert 60 <= run["steps"]["last"] < 99
    assert run["verdict"]["status"] == "diverged"


def test_a_file_that_is_garbage_breaks_nothing(tmp_path: Path) -> None:
    write_run(tmp_path / "ours")
    (tmp_path / "garbage" / "stability").mkdir(parents=True)
    (tmp_path / "garbage" / "stability" / "events.out.tfevents.1.host").write_bytes(bytes(range(256)) * 50)
    assert [r["run"] for r in Server(tmp_path).get("/runs").get_json()["runs"]] == ["ours"]


def test_after_a_restart_the_newer_writing_of_a_step_wins(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(100), losses=DIVERGED)
    report = write_run(tmp_path / "exp1", range(50, 80))
    server = Server(tmp_path)
    (run,) = server.get("/runs").get_json()["runs"]
    assert run["verdict"]["status"] == report.verdict.status == "healthy"
    assert run["source"] == {
        "recorded": True,
        "sampled": False,
        "kept": 80,
        "of": 80,
        "axis": "step",
        "tags": {},
        "histograms": 0,
    }


def test_what_recording_cost_and_what_the_first_batch_held_is_served(tmp_path: Path) -> None:
    ranges = (
        TensorRange("input", "image", (32, 28), "float32", 0.0, 255.0, 33.5, 0, 0),
        TensorRange("target", "", (32,), "float32", math.nan, math.nan, math.nan, 32, 0),
    )
    cost = Cost(0.03, math.nan, 10, 4, "a sentence")
    verdict = Verdict("healthy", "", "", "")
    writer = EventFileWriter(str(tmp_path / "exp1"))
    writer.write_report(9, RunReport(Steps(0, 9, 10, 10), (), verdict, (), cost, ranges), state="ended")
    writer.close()
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    members = {"budget": 0.03, "share": "NaN", "every": 10, "full_steps": 4, "text": "a sentence"}
    assert run["cost"] == members
    image = {"role": "input", "name": "image", "shape": [32, 28], "dtype": "float32"}
    target = {"role": "target", "name": "", "shape": [32], "dtype": "float32"}
    assert run["first_batch"] == [
        {**image, "min": 0.0, "max": 255.0, "mean": 33.5, "nan": 0, "inf": 0},
        {**target, "min": "NaN", "max": "NaN", "mean": "NaN", "nan": 32, "inf": 0},
    ]


def test_numbers_that_json_has_not_are_strings_and_numpy_numbers_are_numbers() -> None:
    window = Window("non_finite", "loss", None, (), np.int64(3), 3, None, 3, math.inf, "critical")
    report = RunReport(Steps(0, np.int64(9), 10, 10), (window,), Verdict("diverged", "", "", ""), ())
    run = Run("exp1", report, Source(True, False, 10, 10), "ended")
    (member,) = json.loads(json.dumps(runs_document("logs", [run]), allow_nan=False))["runs"]
    assert member["windows"][0]["peak_score"] == "Infinity"
    assert member["steps"]["last"] == 9


def test_a_list_of_many_runs_reads_no_steps_but_those_of_runs_that_were_looked_at(tmp_path: Path) -> None:
    for i in range(MOST_RUNS_IN_FULL + 1):
        write_run(tmp_path / f"exp{i}", range(60), losses=DIVERGED, block_steps=20)
    server = Server(tmp_path, {"stability": 1, "stability_windows": 1})
    reports = {run["run"]: run for run in server.get("/runs").get_json()["runs"]}
    assert {run["source"]["kept"] for run in reports.values()} == {60}
    assert server.get("/steps", run="exp3").status_code == 200
    for run in server.get("/runs").get_json()["runs"]:
        assert (run["source"]["kept"], run["source"]["sampled"]) == (
            (20, True) if run["run"] == "exp3" else (60, False)
        )
        assert run["windows"] == reports[run["run"]]["windows"]


def test_of_large_runs_a_list_reads_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_stability.plugin.reader.MOST_BYTES_IN_FULL", 1)
    for i in range(3):
        write_run(tmp_path / f"exp{i}", range(60), block_steps=20)
    server = Server(tmp_path, {"stability": 1, "stability_windows": 1})
    for read in ([20, 60, 60], [20, 20, 60], [20, 20, 20], [20, 20, 20]):
        assert [run["source"]["kept"] for run in server.get("/runs").get_json()["runs"]] == read
