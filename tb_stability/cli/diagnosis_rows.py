"""Diagnoses, findings and checks in words, shared by the formats."""

from __future__ import annotations

from collections.abc import Sequence

from tb_stability.diagnosis.words import title
from tb_stability.report import Diagnosis, Evidence, Finding, RunReport


def cause_title(diagnosis: Diagnosis) -> str:
    """`Learning rate too high (likely), in dense_1, from step 12 on`."""
    where = f", in {diagnosis.layer}" if diagnosis.layer else ""
    return f"{title(diagnosis.cause)} ({diagnosis.confidence}){where}, from step {diagnosis.first_step} on"


def strongest(evidence: Sequence[Evidence], most: int) -> list[Evidence]:
    """The first ones for it, and the first one against it."""
    against = [e for e in evidence if not e.supports][:1]
    return [e for e in evidence if e.supports][: most - len(against)] + against


def unsaid_findings(report: RunReport) -> list[Finding]:
    """The findings that no diagnosis quotes."""
    said = {e.text for diagnosis in report.diagnoses for e in diagnosis.evidence}
    return [finding for finding in report.findings if finding.text not in said]


def skipped_checks(report: RunReport) -> str:
    """What was not checked, by reason: `a, b (the reason); c (another)`; `""` where all ran."""
    by_reason: dict[str, list[str]] = {}
    for check in report.checks:
        if check.status == "skipped":
            by_reason.setdefault(check.reason, []).append(check.name)
    return "; ".join(f"{', '.join(names)} ({reason})" for reason, names in by_reason.items())


def sign(evidence: Evidence) -> str:
    """`+` for, `-` against."""
    return "+" if evidence.supports else "-"
