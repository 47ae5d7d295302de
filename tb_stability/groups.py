"""Groups: two or more runs of one configuration, judged together."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence

from tb_stability.configuration import fingerprint
from tb_stability.diagnosis.ranking import rank
from tb_stability.diagnosis.repeats import Repeats, Spread
from tb_stability.diagnosis.run_to_run_variance import suspect
from tb_stability.diagnosis.words import names, number, percent, title
from tb_stability.report import Diagnosis, RunReport, Verdict
from tb_stability.tally import clauses, predicate

_FEWEST_LETTERS = 3
"""That names must have in common to be called by it."""

_LOOK = "Look at the verdicts of these runs."


@dataclasses.dataclass(frozen=True)
class Group:
    """Repeated runs.

    Attributes:
      name: What the names of its runs have in common, such as `seed_*`; else the first, and how many more.
      runs: The names of its runs.
      verdict: The answer for all of them.
      diagnoses: `run_to_run_variance`, where the runs differ by more than their noise; else empty.
    """

    name: str
    runs: tuple[str, ...]
    verdict: Verdict
    diagnoses: tuple[Diagnosis, ...]


def fingerprint_of(report: RunReport) -> str | None:
    """The fingerprint of a run, see `fingerprint`."""
    size = None if report.final is None else report.final.batch_size
    return fingerprint(report.model, report.first_batch, batch_size=size)


def group_runs(reports: Mapping[str, RunReport]) -> tuple[Group, ...]:
    """Returns the groups among some runs, in the order of their first runs.

    Args:
      reports: The reports of the runs by name.
    """
    members: dict[str, list[str]] = {}
    for name, report in reports.items():
        key = fingerprint_of(report)
        if key is not None:
            members.setdefault(key, []).append(name)
    return tuple(
        _judge({name: reports[name] for name in runs}, [name for name in reports if name not in runs])
        for runs in members.values()
        if len(runs) > 1
    )


def _judge(reports: Mapping[str, RunReport], others: Iterable[str]) -> Group:
    repeats = Repeats(reports)
    found = suspect(repeats)
    diagnoses = () if found is None else rank([found])
    variance = next(iter(diagnoses), None)
    verdict = _of_broken(repeats, variance) if repeats.broken else _of_sound(repeats, variance)
    return Group(_name(list(reports), others), tuple(reports), verdict, diagnoses)


def _of_broken(repeats: Repeats, variance: Diagnosis | None) -> Verdict:
    """Where some runs, or all, went wrong: the worst status, and the cause that they share."""
    total, broken = len(repeats.reports), sum(map(len, repeats.broken.values()))
    worst = next(iter(repeats.broken))
    how = predicate(worst, broken) if len(repeats.broken) == 1 else "are in trouble"
    count = f"All {total}" if broken == total else f"{broken} of {total}"
    why, next_step, shared = f"{clauses(repeats.statuses)}.", _LOOK, repeats.shared_cause
    if shared is not None:
        cause, of = shared.diagnosis, shared.runs
        why += f" Cause in {len(of)} of {broken}: {title(cause.cause)}. In {of[0]}: {cause.why}"
        next_step = cause.fix.text
    next_step = next_step if variance is None else variance.fix.text
    return Verdict(worst, f"{count} repeated runs {how}.", why, next_step)


def _of_sound(repeats: Repeats, variance: Diagnosis | None) -> Verdict:
    """Where no run went wrong: whether they end alike."""
    total, statuses, spread = len(repeats.reports), repeats.statuses, repeats.losses
    worst = next(iter(statuses))
    if variance is not None:
        shown = next(s for s in (spread, repeats.val_losses) if s is not None and s.is_wide)
        which = "loss" if shown is spread else "validation loss"
        why = " ".join(e.text for e in variance.evidence if e.kind in ("loss", "val_loss"))
        text = f"{len(shown.runs)} repeated runs end differently: final {which} {_range(shown)}."
        return Verdict("warning", text, why, variance.fix.text)
    if not repeats.sound:
        why = "Each of them is too short, or was recorded without a loss."
        return Verdict("unknown", f"{total} repeated runs cannot be judged yet.", why, "Train for longer.")
    next_step = "Nothing to do." if worst == "healthy" else _LOOK
    if spread is None:
        why = f"{clauses(statuses)}. Fewer than two have a final loss after about as many steps."
        return Verdict(worst, f"No breakdown in {total} repeated runs.", why, next_step)
    who = f"{total} repeated runs"
    if len(spread.runs) < total:
        who = f"Of {who}, the {len(spread.runs)} of about one length"
    agree = "agree" if spread.is_narrow else "show no sure difference"
    why = _agreement(spread) + (f" {clauses(statuses)}." if len(statuses) > 1 else "")
    return Verdict(worst, f"{who} {agree}: final loss {_range(spread)}.", why, next_step)


def _agreement(spread: Spread) -> str:
    if spread.is_narrow:
        return f"They end within {percent(spread.share)} of what training gained (healthy: at most 20 %)."
    if not spread.gained > 0.0:
        return "The loss did not fall in most of them, so its end says little."
    return (
        f"They end {number(spread.difference)} apart, and the noise within a run is {number(spread.error)}: "
        "too much to tell."
    )


def _range(spread: Spread) -> str:
    low, high = number(spread.low), number(spread.high)
    return low if low == high else f"{low} to {high}"


def _name(runs: list[str], others: Iterable[str]) -> str:
    """`seed_*`; the first name and how many more where little is common, or other runs are called so, too."""
    prefix = _common_start(runs).rstrip("0123456789.")
    suffix = _common_start([run[len(prefix) :][::-1] for run in runs])[::-1].lstrip("0123456789.")
    fits = any(other.startswith(prefix) and other.endswith(suffix) for other in others)
    if fits or sum(sign.isalpha() for sign in prefix + suffix) < _FEWEST_LETTERS:
        return names(runs, most=2)
    return f"{prefix}*{suffix}"


def _common_start(texts: Sequence[str]) -> str:
    """What all begin with: what the first and the last of them in order do."""
    pairs = zip(min(texts), max(texts), strict=False)
    return "".join(one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
