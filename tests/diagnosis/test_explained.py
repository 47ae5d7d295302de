"""The verdict says why and what next as the leading diagnosis does, everywhere the same."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tb_stability.diagnosis import with_diagnoses
from tb_stability.diagnosis.explained import explained
from tb_stability.diagnosis.observed import Observed
from tb_stability.report import Diagnosis, Evidence, Final, Fix, RunReport, Steps, Verdict
from tb_stability.verdict import PASSED
from tests.diagnosis.cases import NORMALIZED_LOOP, inputs, model, points, window

BARE = Verdict("unstable", "Training is unstable.", "The numbers.", "Look.")
UNKNOWN = Verdict("unknown", "Too little.", "No steps.", "Train.")
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
    likely = explained(HEALTHY, (cause("likely"),))
    assert likely.status == "warning"
    assert likely.text.startswith("Training is stable, but something is probably wrong: output")
    assert explained(HEALTHY, (cause("possible"),)) == HEALTHY
    name = explained(HEALTHY, (dataclasses.replace(cause("likely"), cause="bn_momentum"),))
    assert "wrong: BatchNormalization momentum" in name.text
    unknown = dataclasses.replace(HEALTHY, status="unknown")
    assert explained(unknown, (cause("certain"),)).status == "unknown"


def test_a_run_whose_weights_do_not_change_is_not_learning() -> None:
    """Also one of which no step was recorded."""
    frozen = RunReport(Steps(None, None, 0, 0), (), UNKNOWN, (), model=model(parameters=0))
    found = with_diagnoses(frozen, Observed()).verdict
    assert (found.status, found.next[:20]) == ("not_learning", "Set trainable = True")
    assert found.text == "The model is not learning: no weight has changed since step 0."
    trained = dataclasses.replace(frozen, model=model(parameters=1))
    assert with_diagnoses(trained, Observed()).verdict == UNKNOWN


@pytest.mark.parametrize(
    ("loss", "error", "status"),
    [(2.303, 2e-4, "not_learning"), (2.303, 0.02, "healthy"), (2.2, 2e-4, "healthy"), (2.9, 2e-4, "healthy")],
)
def test_a_loss_that_ends_exactly_at_guessing_is_no_progress_however_far_it_fell(
    loss: float, error: float, status: str
) -> None:
    final = Final(first_loss=137.0, loss=loss, loss_error=error)
    report = RunReport(Steps(0, 199, 200, 200), (), HEALTHY, (), model=model(), final=final)
    found = with_diagnoses(report, Observed(points())).verdict
    assert found.status == status
    assert ("guessing among 10 classes has 2.3." in found.text) == (status == "not_learning")


def test_what_is_learned_by_heart_has_not_passed() -> None:
    passed = dataclasses.replace(BARE, status="warning", next=PASSED)
    heart = dataclasses.replace(cause("likely"), cause="unrelated_targets")
    assert explained(passed, (heart,)).next == "Lower it."


def test_a_report_has_the_verdict_of_its_leading_diagnosis() -> None:
    frozen = window("bn_statistics_frozen", 0, "bn_1")
    report = RunReport(Steps(0, 99, 100, 100), (frozen,), BARE, (), model=NORMALIZED_LOOP)
    found = with_diagnoses(report, Observed(points(), inference_steps={"bn_1": 100}))
    assert found.verdict.why == found.diagnoses[0].why
    assert found.verdict.next == found.diagnoses[0].fix.text
    assert {check.name for check in found.checks} >= {"output_loss_mismatch", "unscaled_inputs"}
    fit = dataclasses.replace(report, windows=(), model=model(), first_batch=inputs())
    assert with_diagnoses(fit, Observed(points())).verdict == BARE
