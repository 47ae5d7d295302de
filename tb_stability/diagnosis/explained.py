"""A verdict that says why and what next, as the cause that explains it does."""

from __future__ import annotations

import dataclasses

from tb_stability.causes import title
from tb_stability.diagnosis.ranking import TIE, leading
from tb_stability.report import Diagnosis, Verdict
from tb_stability.verdict import PASSED


def explained(verdict: Verdict, diagnoses: tuple[Diagnosis, ...]) -> Verdict:
    """Returns a verdict with the Why and Next of the leading diagnosis; as it is where none leads.

    Of a cause that is only likely Why says so; of a tie, the other cause, and how to tell them apart. What
    has passed still needs no action. A run without a symptom is no longer healthy where a cause is certain,
    such as targets that the output cannot reach.

    Args:
      verdict: From the windows alone.
      diagnoses: The causes of the same run, surest first.
    """
    cause = leading(diagnoses)
    if cause is None:
        return verdict
    status, text = verdict.status, verdict.text
    if status == "healthy" and cause.confidence == "certain":  # which no step shows
        what = title(cause.cause)
        status = "warning"
        text = f"Training is stable, but something is wrong from the start: {what[0].lower()}{what[1:]}."
    ties = "".join(f" {evidence.text}" for evidence in cause.evidence if evidence.kind == TIE)
    return dataclasses.replace(
        verdict,
        status=status,
        text=text,
        why=(cause.why if cause.confidence == "certain" else f"Probably: {cause.why}") + ties,
        next=verdict.next if verdict.next == PASSED else cause.fix.text,
    )
