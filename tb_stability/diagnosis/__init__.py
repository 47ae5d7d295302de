"""From windows to causes. One cause a file: its `suspect` says what speaks for it and against it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tb_stability.diagnosis import (
    batch_size_too_small,
    bn_inference_mode,
    bn_momentum,
    bn_small_batch,
    clipping_too_tight,
    dying_relu,
    exploding_gradient,
    gradient_cut,
    initialization_mismatch,
    invalid_inputs,
    learning_rate_oscillation,
    learning_rate_too_high,
    learning_rate_too_low,
    no_update,
    outlier_batch,
    output_loss_mismatch,
    overfitting,
    reduced_precision_overflow,
    saturated_activation,
    undefined_operation,
    unrelated_targets,
    unscaled_inputs,
    unscaled_targets,
    validation_mismatch,
    vanishing_gradient,
)
from tb_stability.diagnosis.brief import Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.explained import explained, no_better_than_guessing
from tb_stability.diagnosis.observed import Observed
from tb_stability.diagnosis.ranking import rank
from tb_stability.preflight import inspect
from tb_stability.preflight.premises import Premises
from tb_stability.preflight.unseen import unseen
from tb_stability.report import Diagnosis, Finding, RunReport

CAUSES: tuple[Callable[[Case], Suspect | None], ...] = (
    no_update.suspect,
    bn_inference_mode.suspect,
    invalid_inputs.suspect,
    reduced_precision_overflow.suspect,
    undefined_operation.suspect,
    output_loss_mismatch.suspect,
    initialization_mismatch.suspect,
    unscaled_inputs.suspect,
    unscaled_targets.suspect,
    learning_rate_oscillation.suspect,
    learning_rate_too_high.suspect,
    bn_small_batch.suspect,
    bn_momentum.suspect,
    batch_size_too_small.suspect,
    clipping_too_tight.suspect,
    learning_rate_too_low.suspect,
    dying_relu.suspect,
    saturated_activation.suspect,
    validation_mismatch.suspect,
    overfitting.suspect,
    outlier_batch.suspect,
    unrelated_targets.suspect,
    gradient_cut.suspect,
    vanishing_gradient.suspect,
    exploding_gradient.suspect,
)
"""Specific causes first: of two that fit as well, the first one leads."""


def diagnose(case: Case) -> tuple[Diagnosis, ...]:
    """Returns the causes behind the windows of a run, surest first; empty where nothing is wrong.

    What begins after the run became NaN for good is its consequence, and no cause.
    """
    found = [suspect for look in CAUSES if (suspect := look(case)) is not None]
    nan = case.first("non_finite")
    if nan is not None and nan.end_step is None:
        found = [suspect for suspect in found if suspect.diagnosis.first_step <= nan.start_step]
    return rank(found)


def with_diagnoses(report: RunReport, observed: Observed) -> RunReport:
    """Returns a report with findings on its model, causes of its windows, and a verdict that says why.

    Its checks also say which findings could not be looked for.

    Args:
      report: What the detectors say; with `model` and `first_batch` where they are known.
      observed: What was seen of the same run, from `RunHistory`.
    """
    findings: tuple[Finding, ...] = ()
    checks = report.checks
    if report.model is not None:
        premises = Premises(report.model, report.first_batch, observed.batch_size)
        findings = inspect(premises)
        checks += unseen(premises)
    case = Case(report.windows, findings, report.model, report.first_batch, observed, report.final)
    diagnoses = diagnose(case)
    return dataclasses.replace(
        report,
        verdict=no_better_than_guessing(explained(report.verdict, diagnoses), case),
        checks=checks,
        findings=findings,
        diagnoses=diagnoses,
    )
