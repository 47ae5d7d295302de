"""The published schema of `--format json`, held against real documents."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tb_stability.cli.main import main
from tb_stability.report import Status
from tb_stability.verdict import STATUSES
from tests.cli.check_schema import SCHEMA, closed
from tests.event_logs import DIVERGED, losses, write_run, write_scalars
from tests.plugin.server import Server


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of every kind: broken, healthy, of another tool, newer than this package."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "bad", losses=DIVERGED)
    write_run(folder / "good")
    write_run(folder / "killed", range(20), state=None)
    write_scalars(folder / "keras" / "train", "epoch_loss", [*losses(20), (20, math.nan)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
        write_run(folder / "newer", range(3))
    return folder


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    main(["check", *map(str, arguments), "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_check_prints_has_no_member_that_the_schema_does_not_name(
    logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validator = jsonschema.Draft202012Validator(closed(SCHEMA))
    plain = document(capsys, logdir)
    assert len(plain["runs"]) == 5
    assert "baseline" not in plain
    compared = document(capsys, logdir, "--baseline", "good")
    for printed in (plain, compared, Server(logdir).get("/runs").get_json()):
        assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(printed)] == []
    assert any(run["cost"] is None for run in plain["runs"])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), 2),
        (("runs", 0, "verdict", "status"), "fine"),
        (("runs", 0, "windows", 0, "peak_score"), "1"),
        (("runs", 0, "windows", 0, "start_step"), None),
        (("runs", 0, "source", "axis"), "hour"),
        (("runs", 0, "state"), None),
        (("baseline", "differences", 0, "worse"), "yes"),
    ],
)
def test_it_refuses_what_is_no_such_document(
    logdir: Path, capsys: pytest.CaptureFixture[str], place: tuple[str | int, ...], value: object
) -> None:
    printed = document(capsys, logdir, "--baseline", "good")
    target: Any = printed
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(printed, SCHEMA)


def test_it_lets_members_of_a_later_version_pass(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = document(capsys, logdir)
    printed["runs"][0]["later"] = printed["later"] = {"x": 1}
    jsonschema.validate(printed, SCHEMA)


def test_it_names_every_status() -> None:
    statuses: list[Status] = SCHEMA["$defs"]["status"]["enum"]
    assert set(statuses) == set(STATUSES)
