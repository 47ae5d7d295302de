"""Which suspects are shown, in which order, and which of them are a tie."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tb_stability.causes import title
from tb_stability.diagnosis.brief import Suspect
from tb_stability.report import Diagnosis, Evidence

TIE = "tie"
"""Kind of the evidence that names another cause that fits as well."""

_MOST = 4
_NEARLY = 1
_CONFIDENCES = ("certain", "likely", "possible")
_UNSPECIFIC = ("vanishing_gradient", "exploding_gradient")


def rank(suspects: Sequence[Suspect]) -> tuple[Diagnosis, ...]:
    """Returns the diagnoses, surest first, four at most.

    By confidence, then by weight, then in the order given. The two gradient causes are left out where a
    more specific one is at least as sure, and what is only `possible` where one is `certain`. Where the
    first two are `likely` and weigh nearly the same, both say so, and how to tell them apart.
    """
    ordered = sorted(suspects, key=lambda s: (_rank(s), -s.weight))  # stable
    if any(s.diagnosis.cause not in _UNSPECIFIC and s.diagnosis.confidence != "possible" for s in ordered):
        ordered = [s for s in ordered if s.diagnosis.cause not in _UNSPECIFIC]
    if ordered and ordered[0].diagnosis.confidence == "certain":
        ordered = [s for s in ordered if s.diagnosis.confidence != "possible"]
    shown = [s.diagnosis for s in ordered[:_MOST]]
    if _is_tie(ordered):
        first, second = ordered[:2]
        shown[:2] = [_tied(first, second), _tied(second, first)]
    return tuple(shown)


def leading(diagnoses: Sequence[Diagnosis]) -> Diagnosis | None:
    """Returns the diagnosis that a verdict may rest on: the first, where it is likely or certain."""
    return diagnoses[0] if diagnoses and diagnoses[0].confidence != "possible" else None


def _rank(suspect: Suspect) -> int:
    return _CONFIDENCES.index(suspect.diagnosis.confidence)


def _is_tie(ordered: Sequence[Suspect]) -> bool:
    if len(ordered) < 2 or ordered[0].diagnosis.confidence != "likely":
        return False
    return _rank(ordered[1]) == _rank(ordered[0]) and ordered[0].weight - ordered[1].weight <= _NEARLY


def _tied(one: Suspect, other: Suspect) -> Diagnosis:
    text = f"Nearly as likely: {title(other.diagnosis.cause)}. To tell them apart, {one.test or other.test}."
    return dataclasses.replace(
        one.diagnosis, evidence=(*one.diagnosis.evidence, Evidence(TIE, text, supports=False))
    )
