"""Whatever a log or a request holds, it is read, or refused with a sentence; quickly, and in bounded memory.

`benchmarks/fuzz.py` runs many more of these cases.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.plugin.foreign_layers import parse_histogram_name
from tb_stability.plugin.reader import replay_rows
from tb_stability.plugin.rows import decode_rows
from tb_stability.plugin.tensor_claims import TensorClaimError, check_claim
from tb_stability.runs import load
from tb_stability.series import NORMALIZATION_MEASURES, VARIABLE_MEASURES
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import parse_layout
from tb_stability.summary.metadata import check_plugin_content
from tb_stability.summary.report import parse_report
from tb_stability.writers import event_file
from tests.event_logs import write_run
from tests.fuzz import logs, mutations, payloads, served
from tests.fuzz.hostile import HOSTILE_VALUES
from tests.plugin.server import Server
from tests.plugin.test_breakage import claiming

DECODED, FILES, QUERIES = 300, 25, 300

JSON = st.recursive(
    st.sampled_from(HOSTILE_VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def str_of_path(value: object) -> str:
    """Of a test's parameter: short."""
    return str(value)[:40]


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    logs.record_diverging_run(folder / "exp")
    logs.write_foreign_run(folder / "other")
    return folder


@pytest.fixture(scope="module")
def whole(logdir: Path) -> logs.Payloads:
    return logs.read_payloads(logdir / "exp")


def test_the_cases_have_something_to_damage(logdir: Path, whole: logs.Payloads) -> None:
    own, other = load(logdir)
    assert own.windows
    assert own.diagnoses
    assert other.source.histograms == 2
    assert len(whole.blocks) > 2


def test_damaged_payloads_are_decoded_or_refused(whole: logs.Payloads) -> None:
    refused = sum(payloads.decoder_case(whole, random.Random(f"test/{i}")) for i in range(DECODED))
    assert DECODED * 0.2 < refused < DECODED * 0.8  # else the damage is too small, or too large


@given(document=JSON, name=st.sampled_from(["windows", "verdict", "steps", "model", "variables", "scalars"]))
@settings(max_examples=60, deadline=None)
def test_any_member_of_a_document_is_read_or_refused(document: object, name: str) -> None:
    for parse in (parse_report, parse_layout):
        with pytest.raises(LogFormatError):  # the others are missing
            parse(json.dumps({"version": 1, name: document}))


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_bytes_are_no_document(data: bytes) -> None:
    for parse in (parse_report, parse_layout, lambda content: check_plugin_content(content, "x")):
        with pytest.raises(LogFormatError):
            parse(data)


@pytest.mark.parametrize("depth", [500, 100_000])
def test_a_document_that_is_nothing_but_depth_is_refused(depth: int) -> None:
    for parse in (parse_report, parse_layout, lambda content: check_plugin_content(content, "x")):
        with pytest.raises(LogFormatError):
            parse(mutations.nested(depth))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("normalizations", 0, "channels"), 10**400),
        (("normalizations", 0, "channels"), 2**60),
        (("variables", 0, "shape"), [2**40, 2**40]),
        (("variables", 0, "shape"), [1] * 33),
        (("activations", 0, "units"), 2**60),
        (("variable_measures",), [f"m{i}" for i in range(1_500_000)]),
    ],
    ids=str_of_path,
)
def test_what_is_too_large_to_exist_is_refused(
    whole: logs.Payloads, path: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(whole.layout)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(LogFormatError, match=r"too large to exist|columns, where"):
        parse_layout(json.dumps(document))


def test_a_number_that_no_float_can_hold_is_refused(whole: logs.Payloads) -> None:
    document = json.loads(whole.report)
    document["windows"][0]["peak_score"] = 10**400
    with pytest.raises(LogFormatError, match="'peak_score' should be a number, got 1000"):
        parse_report(json.dumps(document))


@pytest.mark.parametrize("measures", [VARIABLE_MEASURES, NORMALIZATION_MEASURES], ids=["layers", "bn"])
def test_a_measure_under_another_name_is_a_missing_one(whole: logs.Payloads, measures: Sequence[str]) -> None:
    for name in measures:
        layout = whole.layout.replace(f'"{name}"', '"something"')
        assert layout != whole.layout
        report = replay_rows(decode_rows([(0, layout.encode())], whole.blocks))
        assert "non_finite" in {window.kind for window in report.windows}


def test_damaged_files_are_answered_or_refused_by_every_route_and_by_the_command(
    logdir: Path, tmp_path: Path
) -> None:
    sources = sorted(logdir.rglob("*tfevents*"))
    answered, codes = 0, set()
    for i in range(FILES):
        chance = random.Random(f"test/{i}")
        source = sources[i % len(sources)]
        folder = tmp_path / str(i)
        place = "exp/stability" if source.parent.name == "stability" else "exp"
        served.damage_file(source, folder / place / source.name, chance)
        answered += served.routes_case(folder)
        codes.add(served.command_case(folder, chance.choice(["text", "json", "markdown"])))
    assert answered > 5 * FILES
    assert codes == {0, 1, 2}


def test_hostile_queries_are_answered_with_data_or_a_sentence(logdir: Path) -> None:
    server = Server(logdir)
    statuses = {served.query_case(server, random.Random(f"test/{i}")) for i in range(QUERIES)}
    assert statuses == {200, 400, 404}


def test_a_run_whose_tensors_claim_a_terabyte_takes_no_memory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "good", range(10))
    monkeypatch.setattr(event_file, "array_value", claiming)
    write_run(tmp_path / "huge", range(10))
    with payloads.bounded("/runs"):
        good, huge = Server(tmp_path).get("/runs").get_json()["runs"]
    assert good["problems"] == []
    assert "claims to have 1000000000000 entries" in huge["problems"][0]
    assert huge["verdict"]["status"] == good["verdict"]["status"]  # the report can be read


def test_small_constant_tensors_may_have_one_number_for_all() -> None:
    value = claiming("x", None)
    with pytest.raises(TensorClaimError, match="claims to have"):
        check_claim(value.tensor)
    for dimension, size in zip(value.tensor.tensor_shape.dim, (30, 3), strict=True):
        dimension.size = size
    check_claim(value.tensor)
    for _ in range(40):
        value.tensor.tensor_shape.dim.add(size=1)
    with pytest.raises(TensorClaimError, match="42 dimensions"):
        check_claim(value.tensor)


def test_a_long_name_takes_no_time() -> None:
    with payloads.bounded("a name"):
        assert parse_histogram_name("x/" + "norm" * 25_000 + "!/weight") is None


def test_a_record_that_is_no_event_is_left_out_and_said(logdir: Path, tmp_path: Path) -> None:
    (source,) = (logdir / "exp" / "stability").iterdir()
    content = list(logs.records(source.read_bytes()))
    content[3:3] = [b"\xff\xff\xff"]
    (tmp_path / "exp" / "stability").mkdir(parents=True)
    logs.write_records(tmp_path / "exp" / "stability" / source.name, content)
    write_run(tmp_path / "other", range(10))
    damaged, other = load(tmp_path)
    assert "records that cannot be read were left out" in damaged.problems[-1]
    assert damaged.windows == load(logdir)[0].windows
    assert other.problems == ()
