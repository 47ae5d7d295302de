"""How several runs are doing: sentences that count their statuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tb_stability.diagnosis.words import names
from tb_stability.report import Status
from tb_stability.verdict import STATUSES

BROKEN: tuple[Status, ...] = ("diverged", "unstable", "not_learning")
"""What a run must not be; the other statuses are not bad, or not known."""

_MOST_NAMED = 6
"""Runs in trouble up to which they are named where they differ in status."""

_ONE: Mapping[Status, str] = {
    "diverged": "diverged",
    "unstable": "is unstable",
    "not_learning": "does not learn",
    "warning": "has warnings",
    "healthy": "is healthy",
    "unknown": "cannot be judged yet",
}
_SEVERAL: Mapping[Status, str] = {
    "diverged": "diverged",
    "unstable": "are unstable",
    "not_learning": "do not learn",
    "warning": "have warnings",
    "healthy": "are healthy",
    "unknown": "cannot be judged yet",
}


@dataclasses.dataclass(frozen=True)
class Summary:
    """The answer for a log directory.

    Attributes:
      text: In one sentence, or two.
      counts: Number of runs by status, worst first; without those that no run has.
    """

    text: str
    counts: Mapping[Status, int]


def summarize(statuses: Mapping[str, Status]) -> Summary:
    """Returns the answer for several runs.

    Args:
      statuses: The status of each run by its name.

    Example:
      >>> summarize({"a": "unstable", "b": "healthy", "c": "unstable", "d": "healthy"}).text
      '2 of 4 runs are unstable: a and c.'
    """
    runs = runs_by_status(statuses)
    counts = {status: len(members) for status, members in runs.items()}
    return Summary(_sentence(runs, len(statuses)), counts)


def runs_by_status(statuses: Mapping[str, Status]) -> dict[Status, list[str]]:
    """The names of the runs of each status, worst first; without statuses that no run has."""
    found = {status: [name for name, own in statuses.items() if own == status] for status in STATUSES}
    return {status: members for status, members in found.items() if members}


def predicate(status: Status, count: int) -> str:
    """What `count` runs of a status are or do: `is unstable`, `are unstable`."""
    return _ONE[status] if count == 1 else _SEVERAL[status]


def clauses(runs: Mapping[Status, Sequence[str]]) -> str:
    """`a diverged; b and c are unstable`."""
    return "; ".join(
        f"{names(members)} {predicate(status, len(members))}" for status, members in runs.items()
    )


def _sentence(runs: Mapping[Status, list[str]], total: int) -> str:
    if not total:
        return "There are no runs."
    if len(runs) == 1:
        ((status, members),) = runs.items()
        if total > 1 and status == "unknown":
            return f"None of the {total} runs can be judged yet."
        if total > 1:
            return f"All {total} runs {predicate(status, total)}."
        name = "" if members == ["."] else f", {members[0]},"  # the log directory itself
        return f"The only run{name} {predicate(status, 1)}."
    broken = {status: members for status, members in runs.items() if status in BROKEN}
    unknown = f" {clauses({'unknown': runs['unknown']})}." if "unknown" in runs else ""
    count = sum(len(members) for members in broken.values())
    if count > _MOST_NAMED and len(broken) > 1:
        counted = (f"{len(members)} {predicate(s, len(members))}" for s, members in broken.items())
        return f"{count} of {total} runs are in trouble: {', '.join(counted)}.{unknown}"
    if len(broken) > 1:
        return f"{count} of {total} runs are in trouble: {clauses(broken)}.{unknown}"
    for status in (*broken, "warning"):
        if status in runs:
            members = runs[status]
            said = predicate(status, len(members))
            return f"{len(members)} of {total} runs {said}: {names(members)}.{unknown}"
    healthy = len(runs["healthy"])
    return f"{healthy} of {total} runs {predicate('healthy', healthy)}.{unknown}"
