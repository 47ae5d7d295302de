"""Weighs what speaks for and against one cause."""

from __future__ import annotations

import dataclasses

from tb_stability.report import Confidence, Diagnosis, Evidence, Fix

_LIKELY = 3
_POSSIBLE = 1


@dataclasses.dataclass(frozen=True)
class Suspect:
    """A cause that may be it.

    Attributes:
      diagnosis: As it is shown.
      weight: Points for, minus points against; orders suspects of one confidence.
      test: How to tell it from other causes that fit as well, as an imperative clause.
    """

    diagnosis: Diagnosis
    weight: int
    test: str


class Brief:
    """Collects evidence, and says what confidence follows from it.

    A **proof** makes the cause `certain` unless something speaks strongly against it. Else a **strong** sign
    counts 2, a **weak** one 1, what speaks **against** it -2, and a **doubt** -1; from 3 on it is `likely`,
    from 1 on `possible`, and below it is not spoken of. So one sign alone is never more than `possible`.

    Args:
      cause: Name of the cause.
    """

    def __init__(self, cause: str) -> None:
        self.cause = cause
        self._evidence: list[Evidence] = []
        self._weight = 0
        self._is_proven = False
        self._is_contradicted = False

    def proof(self, kind: str, text: str) -> None:
        """Something that no other cause explains."""
        self._is_proven = True
        self._add(kind, text, 4)

    def strong(self, kind: str, text: str) -> None:
        """A sign that few other causes explain."""
        self._add(kind, text, 2)

    def weak(self, kind: str, text: str) -> None:
        """A sign that fits, and fits other causes, too."""
        self._add(kind, text, 1)

    def doubt(self, kind: str, text: str) -> None:
        """Something that would be unusual with this cause."""
        self._add(kind, text, -1)

    def against(self, kind: str, text: str) -> None:
        """Something that another cause explains better, or that this one does not explain."""
        self._is_contradicted = True
        self._add(kind, text, -2)

    @property
    def confidence(self) -> Confidence | None:
        """What follows; None where there is too little."""
        if self._is_proven and not self._is_contradicted:
            return "certain"
        if self._weight >= _LIKELY:
            return "likely"
        return "possible" if self._weight >= _POSSIBLE else None

    def close(
        self, *, layer: str | None, first_step: int, why: str, fix: Fix, test: str = ""
    ) -> Suspect | None:
        """Returns the suspect, see `Diagnosis` and `Suspect`; None where too little speaks for it."""
        confidence = self.confidence
        if confidence is None:
            return None
        evidence = tuple(sorted(self._evidence, key=lambda e: not e.supports))  # stable
        return Suspect(
            Diagnosis(self.cause, confidence, layer, first_step, why, fix, evidence), self._weight, test
        )

    def _add(self, kind: str, text: str, points: int) -> None:
        self._weight += points
        self._evidence.append(Evidence(kind, text, points > 0))
