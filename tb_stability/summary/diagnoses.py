"""Findings and diagnoses as JSON: the members `findings` and `diagnoses` of the report."""

from __future__ import annotations

import dataclasses
from typing import cast, get_args

from tb_stability.causes import title
from tb_stability.report import Confidence, Diagnosis, Evidence, Finding, Fix
from tb_stability.summary import fields


def finding_members(finding: Finding) -> dict[str, object]:
    """The members of a finding."""
    return dataclasses.asdict(finding)


def diagnosis_members(diagnosis: Diagnosis) -> dict[str, object]:
    """The members of a diagnosis, named as in `Diagnosis`, but `supports` is `for`.

    `title` is the cause as people say it.
    """
    return {
        "cause": diagnosis.cause,
        "title": title(diagnosis.cause),
        "confidence": diagnosis.confidence,
        "layer": diagnosis.layer,
        "first_step": int(diagnosis.first_step),  # numpy's integers are no JSON
        "why": diagnosis.why,
        "fix": dataclasses.asdict(diagnosis.fix),
        "evidence": [{"kind": e.kind, "text": e.text, "for": e.supports} for e in diagnosis.evidence],
    }


def parse_finding(document: fields.Object) -> Finding:
    """The inverse of `finding_members`. Raises LogFormatError if the document is damaged."""
    return Finding(
        kind=fields.get_str(document, "kind"),
        layer=fields.get_optional_str(document, "layer"),
        text=fields.get_str(document, "text"),
    )


def parse_diagnosis(document: fields.Object) -> Diagnosis:
    """The inverse of `diagnosis_members`. Raises LogFormatError if the document is damaged."""
    fix = fields.as_object(document.get("fix"), "'fix'")
    return Diagnosis(
        cause=fields.get_str(document, "cause"),
        confidence=cast(Confidence, fields.get_choice(document, "confidence", get_args(Confidence))),
        layer=fields.get_optional_str(document, "layer"),
        first_step=fields.get_int(document, "first_step"),
        why=fields.get_str(document, "why"),
        fix=Fix(text=fields.get_str(fix, "text"), code=fields.get_str(fix, "code")),
        evidence=tuple(
            Evidence(fields.get_str(e, "kind"), fields.get_str(e, "text"), fields.get_bool(e, "for"))
            for e in fields.get_objects(document, "evidence")
        ),
    )
