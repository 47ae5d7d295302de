"""How often causes are told right: figures over the outcomes of many programs, as tables."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence
from typing import get_args

from corpus_grid import SPLITS, Grid
from diagnose_judging import Outcome

from tb_stability.report import Confidence

CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)

Count = tuple[int, int]
"""So many, of so many."""


def figures(outcomes: Sequence[Outcome]) -> dict[str, Count]:
    """The figures over some programs by name.

    Faults without a trace count in `top_1_of_all` alone. `certain`, `likely` and `possible` count diagnoses,
    and how many of them are right; of a tie at most one is. The same with `_first` count those only that are
    shown first.
    """
    every_fault = [x for x in outcomes if not x.is_healthy]
    faults = [x for x in every_fault if not x.traceless]
    healthy = [x for x in outcomes if x.is_healthy]
    layers = [x.is_layer_right for x in faults if x.is_layer_right is not None]
    counts = {
        "found": _count(x.is_found for x in faults),
        "top_1": _count(x.is_right(1) for x in faults),
        "top_2": _count(x.is_right(2) for x in faults),
        "top_1_of_all": _count(x.is_right(1) for x in every_fault),
        "top_1_of_found": _count(x.is_right(1) for x in faults if x.is_found),
        "top_2_of_found": _count(x.is_right(2) for x in faults if x.is_found),
        "layer": _count(layers),
    }
    for confidence in CONFIDENCES:
        every = [told for x in outcomes for told in x.told if told.confidence == confidence]
        first = [told for x in outcomes for told in x.told[:1] if told.confidence == confidence]
        counts[confidence] = _count(told.is_right for told in every)
        counts[f"{confidence}_first"] = _count(told.is_right for told in first)
    counts["healthy_without_likely"] = _count(x.leading is None for x in healthy)
    return counts


def summary(outcomes: Sequence[Outcome]) -> Grid:
    """All figures, the parts of the corpus side by side."""
    columns = {split: figures([x for x in outcomes if x.split == split]) for split in SPLITS}
    rows = [
        [name.replace("_", " "), *(_text(columns[split][name]) for split in SPLITS)]
        for name in columns["tuned"]
    ]
    return Grid("All programs: right / all", ["", *(split.replace("_", " ") for split in SPLITS)], rows)


def by_fault(outcomes: Iterable[Outcome], split: str) -> Grid:
    """For each kind of fault: how often its cause is told, and what is told instead."""
    groups: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in outcomes:
        if outcome.split == split and _counts(outcome):
            groups[outcome.kind].append(outcome)
    rows = []
    for kind, found in sorted(groups.items()):
        counts = figures(found)
        cells = [_fraction(counts[name]) for name in ("found", "top_1", "top_2", "layer")]
        rows.append([kind, " or ".join(found[0].causes), *cells, _instead(found)])
    heads = ["fault", "right cause", "found", "top 1", "top 2", "layer", "told first instead"]
    return Grid(f"Causes told, {split.replace('_', ' ')}", heads, rows)


def confusions(outcomes: Iterable[Outcome], split: str) -> Grid:
    """The faults of which another cause, or none, is told first, by name."""
    rows = [
        [x.name, " or ".join(x.causes), _told(x), x.status]
        for x in outcomes
        if x.split == split and _counts(x) and not x.is_right(1)
    ]
    heads = ["program", "right cause", "told", "verdict"]
    return Grid(f"Confusions, {split.replace('_', ' ')}", heads, sorted(rows))


def traceless(outcomes: Iterable[Outcome]) -> Grid:
    """The faults that nothing recorded shows, by name, and what is told of them all the same."""
    rows = [[x.name, x.split, _told(x), x.traceless] for x in outcomes if x.traceless]
    return Grid("Faults without a trace", ["program", "split", "told", "because"], sorted(rows))


def cries(outcomes: Iterable[Outcome]) -> Grid:
    """The healthy programs with a diagnosis that is likely or certain, by name."""
    rows = [[x.name, x.split, _told(x), x.status] for x in outcomes if x.is_healthy and x.leading is not None]
    return Grid("Diagnoses of healthy programs", ["program", "split", "told", "verdict"], sorted(rows))


def sentences(outcomes: Iterable[Outcome]) -> Grid:
    """For each kind of fault, what a user reads of one that was told right, or of the first one."""
    chosen: dict[str, Outcome] = {}
    for x in sorted(outcomes, key=lambda x: (not x.is_right(1), x.name)):
        if not x.is_healthy and x.told:
            chosen.setdefault(x.kind, x)
    rows = [[kind, f"{x.told[0].confidence}: {x.told[0].why}", x.next] for kind, x in sorted(chosen.items())]
    return Grid("What the user reads", ["fault", "why", "next"], rows)


def _counts(outcome: Outcome) -> bool:
    return not outcome.is_healthy and not outcome.traceless


def _instead(outcomes: Iterable[Outcome]) -> str:
    others = [x.told[0].cause if x.told else "nothing" for x in outcomes if not x.is_right(1)]
    counts = collections.Counter(others).most_common()
    return ", ".join(f"{cause} {n}" if n > 1 else cause for cause, n in counts)


def _told(outcome: Outcome) -> str:
    return ", ".join(
        f"{t.cause} ({t.confidence}{f', {t.layer}' if t.layer else ''})" for t in outcome.told
    ) or ("nothing" if outcome.is_found else "nothing: no symptom")


def _count(values: Iterable[bool]) -> Count:
    known = list(values)
    return sum(known), len(known)


def _fraction(count: Count) -> str:
    return f"{count[0]}/{count[1]}" if count[1] else ""


def _text(count: Count) -> str:
    return f"{count[0] / count[1]:.3f} ({_fraction(count)})" if count[1] else "–"
