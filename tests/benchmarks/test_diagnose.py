"""The diagnosis of the fault corpus: what is right, and how it is counted; the figures are not judged."""

from __future__ import annotations

import dataclasses
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_stability.causes import TITLES
from tb_stability.report import Diagnosis, Fix, RunReport, Steps, Verdict
from tb_stability.series import Layout, StepValues, Variable
from tests.diagnosis.cases import inputs, model

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks, which are scripts beside each other and no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def told(cause: str, confidence: Any = "likely", layer: str | None = None) -> Diagnosis:
    return Diagnosis(cause, confidence, layer, 5, "Why.", Fix("Do.", ""), ())


def report(*diagnoses: Diagnosis) -> RunReport:
    verdict = Verdict("unstable", "text", "why", "next")
    return RunReport(Steps(0, 9, 10, 10), (), verdict, (), diagnoses=diagnoses)


def program(load: Any, kind: str, *, healthy: bool = False, **truths: Any) -> Any:
    programs = load("faults.program")
    truth = None if healthy else programs.Truth(frozenset(), **truths)
    return programs.Program(f"{kind}/mlp/digits/0", kind, programs.Recipe(), truth)


def test_every_fault_has_causes_and_every_cause_is_one_of_ours(load: Any) -> None:
    causes = load("faults.causes").CAUSES
    kinds = {x.kind for x in load("faults.catalogue").programs() if x.truth is not None}
    assert set(causes) == kinds
    assert {cause for right in causes.values() for cause in right} <= set(TITLES)


def test_diagnoses_are_held_against_the_causes_and_layers_that_are_right(load: Any) -> None:
    compare = load("diagnose_judging").compare
    dead = program(load, "dying_relu", layers=frozenset({"act"}))
    second = compare(dead, report(told("overfitting"), told("dying_relu", layer="act/inner")))
    assert (second.is_right(1), second.is_right(2), second.is_layer_right) == (False, True, True)
    elsewhere = compare(dead, report(told("dying_relu", layer="act_2")))
    assert (elsewhere.is_right(1), elsewhere.is_layer_right) == (True, False)
    healthy = compare(program(load, "plain", healthy=True), report(told("overfitting", "possible")))
    assert (healthy.told[0].is_right, healthy.leading, healthy.is_layer_right) == (False, None, None)


def test_figures_count_first_and_second_and_each_confidence(load: Any) -> None:
    judging, tables = load("diagnose_judging"), load("diagnose_tables")
    nan, plain = program(load, "inputs_nan"), program(load, "plain", healthy=True)
    outcomes = [
        judging.compare(nan, report(told("invalid_inputs", "certain"))),
        judging.compare(nan, report(told("overfitting"), told("invalid_inputs"))),
        judging.compare(nan, report()),
        judging.compare(program(load, "inputs_nan", traceless="Why."), report()),
        judging.compare(plain, report(told("overfitting"))),
        judging.compare(plain, report(told("overfitting", "possible"))),
    ]
    figures = tables.figures(outcomes)
    assert (figures["top_1"], figures["top_2"], figures["top_1_of_all"]) == ((1, 3), (2, 3), (1, 4))
    assert (figures["certain"], figures["likely"], figures["possible"]) == ((1, 1), (1, 3), (0, 1))
    assert (figures["likely_first"], figures["healthy_without_likely"]) == ((0, 2), (1, 2))
    (row,) = tables.by_fault(outcomes, "tuned").rows
    assert row[-1] == "overfitting, nothing"
    assert len(tables.confusions(outcomes, "tuned").rows) == 2
    assert [row[0] for row in tables.cries(outcomes).rows] == ["plain/mlp/digits/0"]


def test_a_recording_with_its_facts_is_diagnosed_as_its_run_would_have_been(
    load: Any, tmp_path: Path
) -> None:
    recording, facts, judging = load("faults.recording"), load("faults.facts"), load("diagnose_judging")
    layout = Layout((Variable("dense_1/kernel", "dense_1", "kernel", (64, 64)),))
    steps = [(i, StepValues({"loss": 2.0 if i < 40 else np.nan, "batch_size": 32.0})) for i in range(60)]
    nan = program(load, "inputs_nan")
    recording.write(
        recording.Recording([recording.Segment(layout, steps)], report()),
        recording.path_of(nan.recipe, tmp_path),
    )
    known = dataclasses.replace(facts.empty_report(), model=model(), first_batch=inputs(nan=3))
    facts.write_facts(known, facts.facts_path(nan.recipe, tmp_path))
    outcome = judging.judge(nan, tmp_path)
    assert [(x.cause, x.confidence) for x in outcome.told] == [("invalid_inputs", "certain")]
    assert (outcome.status, outcome.is_found, outcome.is_right(1)) == ("diverged", True, True)
    assert load("diagnose_tables").figures([outcome])["certain"] == (1, 1)


COLLECTED_AND_SEEN = """
import dataclasses, pathlib, sys
from faults import facts, facts_collecting, program, training

recipe, folder = program.Recipe("mlp", steps=1, epoch_steps=1), pathlib.Path(sys.argv[1])
facts_collecting.collect(recipe, folder / "collected.json")
recorders = []
close = training.Recorder.close
training.Recorder.close = lambda recorder, **options: (recorders.append(recorder), close(recorder, **options))
training.train(recipe, folder / "recording")
seen = {"model": recorders[0].model, "first_batch": recorders[0].first_batch}
facts.write_facts(dataclasses.replace(facts.empty_report(), **seen), folder / "seen.json")

import fixes
from faults.catalogue import programs

fixed = fixes.Fixed("k", "k/mlp/digits/0", "dying_relu", "Do.", "x = 1", "diverged", "healthy", 2.3, 0.1)
print([candidates[0].kind for candidates in fixes.choose(programs(), "")], fixes.table([fixed]).rows)
"""


def test_facts_are_those_that_a_callback_writes_and_fixes_are_tried_where_they_are_code(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", COLLECTED_AND_SEEN, str(tmp_path)]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "'dying_relu'" in done.stdout, "a fix is code"
    assert "gradient_cut" not in done.stdout, "only the user can mend it"
    assert "[['k/mlp/digits/0', 'dying_relu', 'Do.', 'diverged (2.3)', 'healthy (0.1)']]" in done.stdout
    collected, seen = (
        json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")) for name in ("collected", "seen")
    )
    assert collected["first_batch"] == seen["first_batch"] != []
    for member in ("way", "layers", "loss", "output_activation", "steps_per_epoch", "epochs"):
        assert collected["model"][member] == seen["model"][member], member
