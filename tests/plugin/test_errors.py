"""Requests and logs that cannot be answered as they should: a sentence, and the right status."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_stability.series import (
    Layout,
)
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import LAYOUT, step_values, write_run
from tests.plugin.served import frame
from tests.plugin.server import Server


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
