"""`GET /report`: the same file as a download, on both of TensorBoard's loaders (`Server` has one)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tb_stability.cli.main import main
from tests.event_logs import DIVERGED, write_run
from tests.html_report.conftest import SCRIPT
from tests.plugin.server import Server
from tests.tensorboard_process import StartTensorBoard

MADE = re.compile(r"read 20\d\d-\d\d-\d\d \d\d:\d\d UTC")


@pytest.fixture(scope="module")
def server(logdir: Path) -> Server:
    return Server(logdir)


def test_it_is_the_file_of_the_command(server: Server, logdir: Path, tmp_path: Path) -> None:
    answer = server.get("/report")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="stability_report.html"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    main(["report", str(logdir), "-o", str(tmp_path / "report.html")])
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    served = answer.get_data(as_text=True)
    # The server does not say more of the sampling than the command, and was asked at another minute.
    assert MADE.sub("", served) == MADE.sub("", written)


def test_runs_can_be_named_one_after_the_other(server: Server) -> None:
    answer = server.get("/report", run=["spike", SCRIPT.replace("/", "\u2215")])
    assert re.findall(r'<section id="(run-\d+)"', answer.get_data(as_text=True)) == ["run-0", "run-1"]
    assert "<bdi>healthy</bdi>" not in answer.get_data(as_text=True)


def test_a_run_that_is_not_there(server: Server) -> None:
    answer = server.get("/report", run=["healthy", "<b>nope</b>"])
    assert (answer.status_code, answer.content_type) == (404, "application/json")
    assert answer.get_json() == {"error": "there is no run '<b>nope</b>' with data for this tab."}


def test_the_other_loader_serves_it_too(tmp_path: Path, tensorboard_server: StartTensorBoard) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    server = tensorboard_server(tmp_path, load_fast="true")
    server.get_when("data/plugin/stability/runs", lambda d: d["runs"] and d["runs"][0]["state"] == "ended")
    page = server.get("data/plugin/stability/report?run=bad").decode()
    assert page.startswith("<!doctype html>")
    assert "Training diverged" in page
    assert "Loss over steps" in page
