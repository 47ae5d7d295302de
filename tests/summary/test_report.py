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
from tb_stability.model_facts import (
    LayerFacts,
    LossFacts,
    ModelFacts,
    NormalizationFacts,
    OptimizerFacts,
)
from tb_stability.report import (
    Cost,
    Diagnosis,
    Evidence,
    Final,
    Finding,
    Fix,
    RunReport,
    Steps,
    TensorRange,
    Verdict,
)
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.report import dump_report, parse_report, report_members
from tb_stability.windows import Window

MODEL = ModelFacts(
    way="fit",
    layers=(
        LayerFacts(
            *("dense", "Dense", "relu", "relu", "HeNormal", 64, 32, 0.18, 1.0, 32, True, 0.0),
            *(True, True, False, 0.2),
        ),
        LayerFacts(
            "flatten", "Flatten", recurrent_gain=0.0, weight_std=0.0, bias_mean=0.0
        ),  # no NaN: == holds
    ),
    normalizations=(NormalizationFacts("bn", "BatchNormalization", 0.99, 1e-3, False),),
    optimizer=OptimizerFacts(
        *("SGD", 0.1, "CosineDecay", 0.9, 1.0, None, None, 1e-4, True, "nesterov=True", "decay_steps=100")
    ),
    loss=LossFacts("BinaryCrossentropy", from_logits=True),
    output_layer="dense",
    output_activation="relu",
    output_units=32,
    compute_dtype="float16",
    steps_per_epoch=10,
    epochs=None,
    parameters=330,
    digest="5f0c2a9be1d4",
)
DIAGNOSIS = Diagnosis(
    cause="bn_inference_mode",
    confidence="certain",
    layer="bn",
    first_step=0,
    why="why",
    fix=Fix("text", "model(x, training=True)"),
    evidence=(Evidence("batch_statistics", "for", True), Evidence("tie", "against", False)),
)
WINDOW = Window(
    "non_finite",
    "grad_norm/dense/kernel",
    "dense",
    ("dense", "bn"),
    3,
    4,
    None,
    5,
    math.inf,
    "critical",
    "run_ended",
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
    model=MODEL,
    findings=(Finding("unscaled_inputs", None, "text"), Finding("bias_before_bn", "dense", "text")),
    diagnoses=(DIAGNOSIS,),
    final=Final(2.3, 0.3, 0.01, 0.4, 0.02, 0.1, 32),
    stop_step=83,
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


def test_a_report_of_an_earlier_version_lacks_members_and_is_read() -> None:
    document = json.loads(dump_report(REPORT, "ended"))
    for name in ("cost", "first_batch", "model", "findings", "diagnoses", "final", "stop_step"):
        del document[name]
    del document["windows"][0]["outcome"]
    window = dataclasses.replace(WINDOW, outcome=None)
    known = dataclasses.replace(REPORT, windows=(window,), cost=None, first_batch=(), model=None)
    bare = dataclasses.replace(known, findings=(), diagnoses=(), final=None, stop_step=None)
    assert parse_report(json.dumps(document))[0] == bare
    assert parse_report(dump_report(bare, "ended"))[0] == bare


def test_evidence_speaks_for_or_against_under_the_name_of_the_documentation() -> None:
    (diagnosis,) = json.loads(dump_report(REPORT, "ended"))["diagnoses"]
    assert [evidence["for"] for evidence in diagnosis["evidence"]] == [True, False]
    assert set(diagnosis) == {"cause", "title", "confidence", "layer", "first_step", "why", "fix", "evidence"}


def test_a_layer_is_written_without_what_it_has_not() -> None:
    layers = (LayerFacts("flatten", "Flatten"), *MODEL.layers)
    text = dump_report(dataclasses.replace(REPORT, model=dataclasses.replace(MODEL, layers=layers)), "ended")
    assert json.loads(text)["model"]["layers"][0] == {"layer": "flatten", "kind": "Flatten"}
    read = parse_report(text)[0].model
    assert read is not None
    assert repr(read.layers[0]) == repr(layers[0])  # with NaN, which is not equal to itself


def test_facts_of_a_model_that_older_logs_lack_are_unknown() -> None:
    document = json.loads(dump_report(REPORT, "ended"))
    for name in ("parameters", "digest"):
        del document["model"][name]
    for name in ("settings", "schedule_settings"):
        del document["model"]["optimizer"][name]
    read = parse_report(json.dumps(document))[0].model
    assert read is not None
    assert read.optimizer is not None
    assert (read.parameters, read.digest, read.optimizer.settings) == (None, "", "")


def test_the_facts_of_the_model_are_no_part_of_what_is_served() -> None:
    assert "model" not in report_members(REPORT)


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
        (_damage(lambda d: d["windows"][0].update(outcome="won")), "'outcome' should be one of recovered, "),
        (_damage(lambda d: d["steps"].update(observed=-1)), "'observed' should be an integer >= 0"),
        (_damage(lambda d: d.update(cost=3)), "'cost' should be an object, got 3"),
        (_damage(lambda d: d["cost"].update(share=None)), "'share' should be a number, got nothing"),
        (_damage(lambda d: d["first_batch"][0].update(role="weight")), "should be one of input, target"),
        (_damage(lambda d: d["first_batch"][0].update(nan=-1)), "'nan' should be an integer >= 0"),
        (_damage(lambda d: d.update(final=3)), "'final' should be an object, got 3"),
        (_damage(lambda d: d["final"].pop("loss_error")), "'loss_error' should be a number, got nothing"),
        (_damage(lambda d: d.update(stop_step="83")), "'stop_step' should be an integer, got '83'"),
        (_damage(lambda d: d["model"].update(digest=3)), "'digest' should be a text, got 3"),
        (_damage(lambda d: d.update(version=99)), "written in version 99"),
        (_damage(lambda d: d["findings"][0].update(text=None)), "'text' should be a text, got nothing"),
        (
            _damage(lambda d: d["diagnoses"][0].update(confidence="sure")),
            "'confidence' should be one of certain, likely, possible, got 'sure'",
        ),
        (_damage(lambda d: d["diagnoses"][0].pop("fix")), "'fix' should be an object, got nothing"),
        (_damage(lambda d: d["diagnoses"][0]["evidence"][0].pop("for")), "'for' should be true or false"),
        (_damage(lambda d: d.update(model=[])), "'model' should be an object"),
        (_damage(lambda d: d["model"]["layers"][0].update(units=-1)), "'units' should be an integer >= 0"),
        (_damage(lambda d: d["model"]["optimizer"].pop("kind")), "'kind' should be a text, got nothing"),
    ],
)
def test_a_damaged_or_newer_report_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LogFormatError, match=sentence):
        parse_report(text)
