"""Repeated runs of one configuration that differ by more than their noise: chance decides."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import rounded, set_optimizer
from tb_stability.diagnosis.repeats import Repeats, Spread
from tb_stability.diagnosis.words import number, percent, plural, title
from tb_stability.report import Fix
from tb_stability.tally import clauses

_ENOUGH = 3
"""Runs from which on chance is told from a pair that happens to differ."""

_SAME_RATE = 0.1
_LOWER = 3.0

_SEED = """\
import tensorflow as tf

keras.utils.set_random_seed(1)  # before the model is built: weights, order of the data, dropout
tf.config.experimental.enable_op_determinism()"""


def suspect(repeats: Repeats) -> Suspect | None:
    """The outcome depends on the seed.

    For it: some runs break down and others do not; or all go well, and end further apart than the noise
    within a run explains (`Spread`). With fewer than three runs it is never more than possible.
    Against it: learning rates that differ at the end, which another callback must have changed; broken runs
    that each have a cause that is certain (None, unless the others differ among themselves).
    """
    brief = Brief("run_to_run_variance")
    splits = bool(repeats.broken and repeats.sound) and not _explained(repeats)
    wide = {name: s for name, s in _spreads(repeats).items() if s.is_wide}
    if not splits and not wide:
        return None
    if splits:
        brief.strong("status", f"Of {len(repeats.reports)} runs, {clauses(repeats.broken | repeats.sound)}.")
    for place, (name, spread) in enumerate(wide.items()):
        text = _described(name, spread)
        (brief.weak if splits or place else brief.strong)(name, text)
    compared = max((len(s.runs) for s in wide.values()), default=0)
    runs = sum(map(len, (repeats.broken | repeats.sound).values())) if splits else compared
    if runs >= _ENOUGH:
        brief.weak("runs", f"{runs} runs have the same configuration, as far as the log knows it.")
    else:
        brief.doubt("runs", "Two runs only: a third one tells whether that is usual.")
    rates = [f.learning_rate for f in repeats.finals.values() if math.isfinite(f.learning_rate)]
    if wide and rates and max(rates) - min(rates) > _SAME_RATE * max(rates):
        brief.against(
            "learning_rate",
            f"They ended with learning rates from {number(min(rates))} to {number(max(rates))}: another "
            "callback changes it, so they may be no repetitions.",
        )
    broken = [name for members in repeats.broken.values() for name in members] if splits else []
    return brief.close(
        layer=None,
        first_step=_first_step(repeats, broken),
        why=_why(repeats, splits, wide),
        fix=_fix(repeats, splits),
    )


def _explained(repeats: Repeats) -> bool:
    """Whether each broken run has a cause that is certain."""
    broken = [repeats.reports[name] for members in repeats.broken.values() for name in members]
    return all(r.diagnoses and r.diagnoses[0].confidence == "certain" for r in broken)


def _spreads(repeats: Repeats) -> dict[str, Spread]:
    found = {"loss": repeats.losses, "val_loss": repeats.val_losses}
    return {name: spread for name, spread in found.items() if spread is not None}


def _described(name: str, spread: Spread) -> str:
    noise = "no noise within a run"
    if spread.error > 0.0:
        noise = f"{spread.difference / spread.error:.0f} times the noise within a run (healthy: at most 6)"
    return (
        f"The final {_SPOKEN[name]} is {number(spread.low)} to {number(spread.high)}: "
        f"{percent(spread.share)} of what training gained (healthy: at most 20 %), and {noise}."
    )


_SPOKEN = {"loss": "loss", "val_loss": "validation loss"}


def _first_step(repeats: Repeats, broken: list[str]) -> int:
    """Where the first broken run went wrong; where none did, the end of the shortest."""
    onsets = [
        window.start_step
        for name in broken
        for window in repeats.reports[name].windows
        if window.severity != "info"
    ]
    lasts = [report.steps.last or 0 for report in repeats.reports.values()]
    return min(onsets or lasts)


def _why(repeats: Repeats, splits: bool, wide: dict[str, Spread]) -> str:
    if splits:
        count = sum(map(len, repeats.broken.values()))
        total = count + sum(map(len, repeats.sound.values()))
        shared = repeats.shared_cause
        cause = ""
        if shared is not None:
            cause = f" The cause in {len(shared.runs)} of those {count}: {title(shared.diagnosis.cause)}."
        return (
            f"Chance decides how this configuration ends: it broke down in {count} of {plural(total, 'run')} "
            f"with the same settings.{cause}"
        )
    name, spread = next(iter(wide.items()))
    return (
        f"Chance decides how well this configuration ends: with the same settings the final {_SPOKEN[name]} "
        f"is {number(spread.low)} to {number(spread.high)}."
    )


def _fix(repeats: Repeats, splits: bool) -> Fix:
    """Seeds make runs repeatable; only steadier training makes them agree."""
    repeatable = "To repeat a run exactly, set the seed and make operations deterministic."
    shared = repeats.shared_cause if splits else None
    if shared is not None:
        fix = shared.diagnosis.fix
        return Fix(f"{fix.text} {repeatable}", "\n".join(part for part in (_SEED, fix.code) if part))
    report = next(iter(repeats.reports.values()))
    case = Case((), model=report.model, first_batch=report.first_batch)
    optimizer = None if report.model is None else report.model.optimizer
    if not splits or optimizer is None:
        text = (
            "To depend less on chance: a larger batch, a learning rate that decays, more data; and report "
            f"the mean of several seeds. {repeatable}"
        )
        return Fix(text, _SEED)
    rate = optimizer.learning_rate
    if optimizer.schedule or not (math.isfinite(rate) and rate > 0.0):
        steadier, code = "clip gradients (clipnorm=1.0)", set_optimizer(case, clipnorm=1.0)
    else:
        lower = rounded(rate / _LOWER)
        steadier = f"lower the learning rate from {number(rate)} to {number(lower)}"
        code = set_optimizer(case, learning_rate=lower)
    text = f"To break down with no seed: {steadier}, or take a larger batch. {repeatable}"
    return Fix(text, f"{_SEED}\n{code}")
