"""What is new in a run against one that is known, for a change that is to be reviewed."""

from __future__ import annotations

import dataclasses

from tb_stability.diagnosis.words import phrase, title
from tb_stability.report import RunReport, Status

RANK: tuple[Status, ...] = ("diverged", "unstable", "not_learning", "warning", "unknown", "healthy")
"""Statuses, worst first. A run that cannot be judged is worse than one that was, and was found healthy."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """What a run has that its baseline has not. What it has no longer does not count.

    Attributes:
      status: That of the run.
      status_before: That of the baseline.
      kinds: Kinds of windows, warnings and worse, by their first step.
      causes: Causes of diagnoses, surest first.
    """

    status: Status
    status_before: Status
    kinds: tuple[str, ...]
    causes: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether the status is worse than before."""
        return RANK.index(self.status) < RANK.index(self.status_before)

    @property
    def is_new(self) -> bool:
        """Whether there is anything."""
        return self.is_worse or bool(self.kinds or self.causes)

    @property
    def text(self) -> str:
        """In one sentence, without the names of the runs."""
        if not self.is_new:
            return "nothing new."
        parts = [*map(phrase, self.kinds), *(f"cause: {title(cause)}" for cause in self.causes)]
        if self.is_worse:
            parts.insert(0, f"{self.status.replace('_', ' ')}, was {self.status_before.replace('_', ' ')}")
        return f"{'; '.join(parts)}."


def compare(report: RunReport, baseline: RunReport) -> Difference:
    """What is new in a report. Both may be of any length: steps are not compared.

    A cause that is only possible is not new: which suspicions are named last, chance decides.
    """
    before = {w.kind for w in baseline.windows if w.severity != "info"}
    causes_before = {diagnosis.cause for diagnosis in baseline.diagnoses}
    kinds = dict.fromkeys(w.kind for w in report.windows if w.severity != "info" and w.kind not in before)
    sure = (diagnosis.cause for diagnosis in report.diagnoses if diagnosis.confidence != "possible")
    causes = dict.fromkeys(cause for cause in sure if cause not in causes_before)
    return Difference(report.verdict.status, baseline.verdict.status, tuple(kinds), tuple(causes))
