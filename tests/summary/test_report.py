"""The report document."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.checks import Check
from tb_stability.report import Cost, RunReport, Steps, TensorRange, Verdict
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.report import dump_report, parse_report, report_members
from tb_stability.windows import Window

WINDOW = Window(
    "non_finite", "grad_norm/dense/kernel", "dense", ("dense", "bn"), 3, 4, None, 5, math.inf, "critical"
)
REPORT = RunReport(
    steps=Steps(0, 99, 100, 90),
    windows=(WINDOW,),
    verdict=Verdict("diverged", "text", "why", "next"),
    checks=(Check("loss_spike", "ran"), Check("dead_units", "skipped", "no activations")),
    cost=Cost(0.03, 0.018, 1, 100, "Stability cost 1.8 % of step time, every step observed."),
    first_batch=(
        TensorRange("input", "image", (32, 28, 28), "uint8", 0.0, 255.0, 33.3, 0, 0),
        TensorRange("target", "", (32,), "float32", -math.inf, math.inf, 0.0, 3, 1),
    ),
)


def with_score(score: float) -> RunReport:
    window = Window("loss_spike", "loss", None, (), 3, 4, 9, 5, score, "warning")
    return RunReport(REPORT.steps, (window,), REPORT.verdict, REPORT.checks)


@pytest.mark.parametrize("state", ["running", "ended"])
def test_a_report_comes_back_as_it_was(state: Any) -> None:
    assert parse_report(dump_report(REPORT, state)) == (REPORT, state)


@given(st.floats(allow_nan=False))
def test_every_score_comes_back(score: float) -> None:
    assert parse_report(dump_report(with_score(score), "ended"))[0].windows[0].peak_score == score


def test_a_score_that_is_nan_is_a_string_in_json() -> None:
    text = dump_report(with_score(math.nan), "ended")
    assert json.loads(text)["windows"][0]["peak_score"] == "NaN"
    assert math.isnan(parse_report(text)[0].windows[0].peak_score)


def test_numpy_numbers_are_written_as_numbers() -> None:
    window = Window(
        "loss_spike", "loss", None, (), np.int64(3), np.int64(4), None, np.int64(5), np.float32(2), "info"
    )
    report = RunReport(
        Steps(np.int64(0), np.int64(9), np.int64(10), np.int64(10)), (window,), REPORT.verdict, REPORT.checks
    )
    assert json.loads(json.dumps(report_members(report)))["windows"][0]["peak_score"] == 2.0


def test_a_run_without_steps_has_null_steps() -> None:
    report = RunReport(Steps(None, None, 0, 0), (), Verdict("unknown", "", "", ""), ())
    assert parse_report(dump_report(report, "running"))[0] == report


def test_a_cost_that_is_not_known_yet_is_no_number() -> None:
    cost = Cost(math.inf, math.nan, 1, 0, "")
    text = dump_report(dataclasses.replace(REPORT, cost=cost), "running")
    assert (json.loads(text)["cost"]["budget"], json.loads(text)["cost"]["share"]) == ("Infinity", "NaN")
    assert repr(parse_report(text)[0].cost) == repr(cost)


def test_a_report_without_cost_and_first_batch_is_read() -> None:
    document = json.loads(dump_report(REPORT, "ended"))
    del document["cost"], document["first_batch"]
    bare = dataclasses.replace(REPORT, cost=None, first_batch=())
    assert parse_report(json.dumps(document))[0] == bare
    assert parse_report(dump_report(bare, "ended"))[0] == bare


def test_members_that_are_not_known_are_ignored() -> None:
    document = json.loads(dump_report(REPORT, "ended")) | {"advice": [1, 2]}
    document["windows"][0]["colour"] = "red"
    assert parse_report(json.dumps(document)) == (REPORT, "ended")


def _damage(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(dump_report(REPORT, "ended"))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no JSON text"),
        ("[" * 100_000, "no JSON text"),
        (_damage(lambda d: d.pop("verdict")), "'verdict' should be an object, got nothing"),
        (
            _damage(lambda d: d["verdict"].update(status="fine")),
            "'status' should be one of healthy, .* got 'fine'",
        ),
        (_damage(lambda d: d.update(state="paused")), "'state' should be one of running, ended"),
        (
            _damage(lambda d: d["windows"][0].update(start_step="3")),
            "'start_step' should be an integer, got '3'",
        ),
        (_damage(lambda d: d["windows"][0].update(peak_score="big")), "'peak_score' should be a number"),
        (_damage(lambda d: d["windows"][0].update(layers="dense")), "'layers' should be a list"),
        (_damage(lambda d: d["steps"].update(observed=-1)), "'observed' should be an integer >= 0"),
        (_damage(lambda d: d.update(cost=3)), "'cost' should be an object, got 3"),
        (_damage(lambda d: d["cost"].update(share=None)), "'share' should be a number, got nothing"),
        (_damage(lambda d: d["first_batch"][0].update(role="weight")), "should be one of input, target"),
        (_damage(lambda d: d["first_batch"][0].update(nan=-1)), "'nan' should be an integer >= 0"),
        (_damage(lambda d: d.update(version=99)), "written in version 99"),
    ],
)
def test_a_damaged_or_newer_report_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LogFormatError, match=sentence):
        parse_report(text)
