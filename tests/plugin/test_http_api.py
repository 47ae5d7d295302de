"""`http_api.md` is what the routes answer, and so are the answers that the tests of the tab read."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.frame import decode_frame
from tests.plugin.record_answers import RECORDED, ask, write_log
from tests.plugin.server import Server

CONTRACT = (Path(__file__).parents[2] / "tb_stability" / "plugin" / "http_api.md").read_text()
NOT_FINITE = ("NaN", "Infinity", "-Infinity")


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("keras")
    folder = tmp_path_factory.mktemp("recorded")
    write_log(folder)
    return folder


@pytest.fixture(scope="module")
def answers(logdir: Path) -> list[dict[str, Any]]:
    return ask(logdir)


def content(answer: dict[str, Any]) -> Any:
    """The JSON of an answer; of a frame the header, with the names and types of its arrays."""
    body = answer["body"]
    return decode_frame(base64.b64decode(body))[0] if isinstance(body, str) else body


def shape(value: Any) -> object:
    """Names of members and kinds of values, whatever the numbers and however many."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(entry), sort_keys=True) for entry in value})
    if isinstance(value, bool) or value is None:
        return str(type(value))
    return "number" if isinstance(value, (int, float)) or value in NOT_FINITE else "text"


def names(value: Any, path: str = "") -> Iterator[str]:
    """Every member of a document, as `runs[].windows[].kind`."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield f"{path}.{name}"
            yield from names(member, f"{path}.{name}")
    for entry in value if isinstance(value, list) else ():
        yield from names(entry, f"{path}[]")


def example(label: str) -> Any:
    """The JSON example of the contract behind a line that begins so, without what its dots leave out."""
    (block,) = re.findall(rf"^{re.escape(label)}.*?```\n(.*?)```", CONTRACT, re.DOTALL | re.MULTILINE)
    plain = re.sub(r"\[(?:RUN|GROUP), \.\.\.\]|\[\.\.\.\]", "[]", block)
    return json.loads(re.sub(r", \.\.\.(?=[\]}])", "", plain))


def test_every_route_has_a_section(logdir: Path) -> None:
    described = set(re.findall(r"^## `(/\w+)", CONTRACT, re.MULTILINE))
    assert described == set(Server(logdir).plugin.get_plugin_apps()) - {"/*", "/index.js"}


def test_a_run_has_the_members_of_the_contract(answers: list[dict[str, Any]]) -> None:
    document = answers[0]["body"]
    fit = next(run for run in document["runs"] if run["run"] == "fit")
    assert fit["windows"]
    assert fit["diagnoses"]
    assert fit["findings"]
    assert set(document) == set(example("## `/runs`"))
    # The names of a configuration stand in the text.
    real, told = (
        {name for name in names(run) if not name.startswith(".configuration.")}
        for run in (fit, example("RUN:"))
    )
    assert real == told
    assert [name for name in fit["configuration"] if f"`{name}`" not in CONTRACT] == []
    assert all(set(run) == set(fit) for run in document["runs"])
    (group,) = document["groups"]
    assert set(group) == set(example("GROUP:"))


def test_a_layout_has_the_members_of_the_contract(answers: list[dict[str, Any]]) -> None:
    assert set(names(answers[1]["body"])) == set(names(example("## `/layout")))


def test_arrays_of_a_frame_stand_in_the_contract(answers: list[dict[str, Any]]) -> None:
    frames = [answer for answer in answers if isinstance(answer["body"], str)]
    assert len(frames) == 5
    for answer in frames:
        header = content(answer)
        section = CONTRACT.partition(f"## `{answer['route']}")[2].partition("\n## ")[0]
        for array in header["arrays"]:
            # By variable, or of a series: the contract says NAME, and V for a variable.
            last = array["name"].rpartition("/")[2]
            known = f"`{array['name']}`" in section or f"`NAME/{last}`" in section
            assert known or array["name"] in variables(answers), array["name"]
        assert [name for name in header if f'"{name}"' not in CONTRACT and f"`{name}`" not in CONTRACT] == []


def variables(answers: list[dict[str, Any]]) -> set[str]:
    return {v["name"] for layer in answers[1]["body"]["layers"] for v in layer["variables"]}


def test_the_recorded_answers_are_those_of_the_server(answers: list[dict[str, Any]]) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    asked = [(answer["route"], answer["query"], answer["status"]) for answer in recorded]
    assert asked == [(answer["route"], answer["query"], answer["status"]) for answer in answers]
    for old, new in zip(recorded, answers, strict=True):
        assert shape(content(old)) == shape(content(new)), "run `python tests/plugin/record_answers.py`"
        if isinstance(new["body"], str):
            described = [
                {array["name"]: array["dtype"] for array in content(answer)["arrays"]}
                for answer in (old, new)
            ]
            assert described[0] == described[1]
