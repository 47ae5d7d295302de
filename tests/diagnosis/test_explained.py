"""The verdict says why and what next as the leading diagnosis does, everywhere the same."""

from __future__ import annotations

import dataclasses
from typing import Any

from tb_stability.diagnosis import with_diagnoses
from tb_stability.diagnosis.explained import explained
from tb_stability.diagnosis.observed import Observed
from tb_stability.report import Diagnosis, Evidence, Fix, RunReport, Steps, Verdict
from tb_stability.verdict import PASSED
from tests.diagnosis.cases import NORMALIZED_LOOP, inputs, model, points, window

BARE = Verdict("unstable", "Training is unstable.", "The numbers.", "Look.")
HEALTHY = Verdict("healthy", "Training is stable.", "The loss fell.", "Nothing to do.")


def cause(confidence: Any, *evidence: Evidence) -> Diagnosis:
    fix = Fix("Lower it.", "")
    return Diagnosis("output_loss_mismatch", confidence, None, 5, "It does not fit.", fix, evidence)


def test_a_cause_that_leads_says_why_and_what_next() -> None:
    certain = explained(BARE, (cause("certain"),))
    assert certain == dataclasses.replace(BARE, why="It does not fit.", next="Lower it.")
    assert explained(BARE, (cause("likely"),)).why == "Probably: It does not fit."
    assert explained(BARE, (cause("possible"),)) == explained(BARE, ()) == BARE


def test_a_tie_is_said_with_the_way_to_tell_them_apart() -> None:
    tie = Evidence("tie", "Nearly as likely: Dying ReLU. To tell them apart, re-run.", False)
    against = Evidence("loss", "No.", False)
    assert explained(BARE, (cause("likely", against, tie),)).why == f"Probably: It does not fit. {tie.text}"


def test_what_has_passed_needs_no_action_still() -> None:
    passed = dataclasses.replace(BARE, status="warning", next=PASSED)
    found = explained(passed, (cause("likely"),))
    assert (found.why, found.next) == ("Probably: It does not fit.", PASSED)


def test_a_run_with_a_certain_cause_is_not_healthy_although_no_step_shows_it() -> None:
    found = explained(HEALTHY, (cause("certain"),))
    assert found.status == "warning"
    assert found.text == (
        "Training is stable, but something is wrong from the start: output and loss that do not fit."
    )
    assert explained(HEALTHY, (cause("likely"),)).status == "healthy"
    unknown = dataclasses.replace(HEALTHY, status="unknown")
    assert explained(unknown, (cause("certain"),)).status == "unknown"


def test_a_report_has_the_verdict_of_its_leading_diagnosis() -> None:
    frozen = window("bn_statistics_frozen", 0, "bn_1")
    report = RunReport(Steps(0, 99, 100, 100), (frozen,), BARE, (), model=NORMALIZED_LOOP)
    found = with_diagnoses(report, Observed(points(), inference_steps={"bn_1": 100}))
    assert found.verdict.why == found.diagnoses[0].why
    assert found.verdict.next == found.diagnoses[0].fix.text
    assert {check.name for check in found.checks} >= {"output_loss_mismatch", "unscaled_inputs"}
    fit = dataclasses.replace(report, windows=(), model=model(), first_batch=inputs())
    assert with_diagnoses(fit, Observed(points())).verdict == BARE
