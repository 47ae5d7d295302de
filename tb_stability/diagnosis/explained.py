"""A verdict that says why and what next, as the cause that explains it does."""

from __future__ import annotations

import dataclasses

from tb_stability.causes import title
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.ranking import TIE, leading
from tb_stability.report import Diagnosis, Verdict
from tb_stability.verdict import PASSED

_CLOSE = 0.01
_SAME = 0.002
_LASTS = ("unrelated_targets",)
"""Causes that a symptom passes with and leaves: what cannot be learned is learned by heart."""


def explained(verdict: Verdict, diagnoses: tuple[Diagnosis, ...]) -> Verdict:
    """Returns a verdict with the Why and Next of the leading diagnosis; as it is where none leads.

    Of a cause that is only likely Why says so; of a tie, the other cause, and how to tell them apart. What
    has passed still needs no action. A run without a symptom is no longer healthy where a cause leads, such
    as targets that the output cannot reach; and one whose weights do not change is not learning.

    Args:
      verdict: From the windows alone.
      diagnoses: The causes of the same run, surest first.
    """
    cause = leading(diagnoses)
    if cause is None:
        return verdict
    is_certain = cause.confidence == "certain"
    status, text = verdict.status, verdict.text
    if cause.cause == "no_update" and status in ("healthy", "warning", "unknown"):
        status = "not_learning"
        changed = "no weight has changed" if is_certain else "no weight seems to have changed"
        text = f"The model is not learning: {changed} since step 0."
    elif status == "healthy":  # which no step shows
        what = title(cause.cause)
        if what.split()[0][1:].islower():  # and not `BatchNormalization`
            what = what[0].lower() + what[1:]
        status = "warning"
        wrong = "wrong from the start" if is_certain else "probably wrong"
        text = f"Training is stable, but something is {wrong}: {what}."
    ties = "".join(f" {evidence.text}" for evidence in cause.evidence if evidence.kind == TIE)
    return dataclasses.replace(
        verdict,
        status=status,
        text=text,
        why=(cause.why if is_certain else f"Probably: {cause.why}") + ties,
        next=verdict.next if verdict.next == PASSED and cause.cause not in _LASTS else cause.fix.text,
    )


def no_better_than_guessing(verdict: Verdict, case: Case) -> Verdict:
    """Returns the verdict of a run that nothing was found in, and whose loss is that of guessing, exactly.

    Such a loss may have fallen a long way, as a penalty on the weights does when it makes them nothing.
    Within 1 %, and the same for all batches: the output does not depend on the input.
    """
    final, guessing = case.final, case.guessing
    if final is None or verdict.status != "healthy" or not case.ends_at_guessing:
        return verdict
    if not (abs(final.loss - guessing) <= _CLOSE * guessing and final.loss_error <= _SAME * guessing):
        return verdict
    return Verdict(
        status="not_learning",
        text=f"The model is not learning: its loss ends at {final.loss:.4g}, and {case.guessing_words}.",
        why=f"The loss went from {final.first_loss:.3g} to {final.loss:.4g} (standard error "
        f"{final.loss_error:.2g}), the same for every batch: the output does not depend on the input.",
        next="If the loss holds a penalty on the weights (kernel_regularizer), make it 100 times smaller. "
        "Else look at the labels, the learning rate and the initial weights.",
    )
