"""A learning rate that goes up and down."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, Case
from tb_stability.diagnosis.code import Expression, rounded, set_optimizer
from tb_stability.diagnosis.words import number, symptom
from tb_stability.report import Fix

_AFTER_RISE = 20
_FEWEST_RISES = 2


def suspect(case: Case) -> Suspect | None:
    """A rate that rises again and again, and the loss with it.

    For it: two or more rises to three times the rate, and symptoms that begin within 20 steps of one.
    Against it: symptoms that began before any rise.
    """
    rises = case.observed.rate_rises
    windows = [w for w in case.serious if w.kind in BREAKDOWNS]
    if len(rises) < _FEWEST_RISES or not windows:
        return None
    brief = Brief("learning_rate_oscillation")
    rates = [
        p.learning_rate
        for p in case.observed.points
        if math.isfinite(p.learning_rate) and p.learning_rate > 0
    ]
    low, high = min(rates, default=math.nan), max(rates, default=math.nan)
    brief.strong(
        "learning_rate",
        f"The learning rate rose to three times or more {len(rises)} times, between {number(low)} and "
        f"{number(high)} (healthy: one warm-up, then a steady fall).",
    )
    after = [w for w in windows if any(0 <= w.start_step - rise <= _AFTER_RISE for rise in rises)]
    first = after[0] if after else windows[0]
    if after:
        brief.strong(
            first.kind,
            f"{len(after)} of {len(windows)} breakdowns began within {_AFTER_RISE} steps after a rise, the "
            f"first at step {first.start_step}.",
        )
        if len(after) > 1:
            brief.weak(after[1].kind, f"{symptom(after[1])}, again after a rise.")
    else:
        brief.against(
            first.kind,
            f"{symptom(first)}, without a rise before.",
        )
    steady = rounded(math.sqrt(low * high)) if high / low < 100 else rounded(3 * low)
    steps = (case.model.steps_per_epoch if case.model is not None else None) or 1000
    schedule = Expression(
        f"keras.optimizers.schedules.ExponentialDecay({steady:g}, decay_steps={steps}, decay_rate=0.9)"
    )
    return brief.close(
        layer=first.layer,
        first_step=first.start_step,
        why=f"The learning rate swings between {number(low)} and {number(high)}, and each rise throws the "
        f"loss off: the first at step {first.start_step}.",
        fix=Fix(
            f"Use a schedule that only falls, from {steady:g} on: ExponentialDecay, or ReduceLROnPlateau as "
            "a callback.",
            set_optimizer(case, learning_rate=schedule),
        ),
        test=f"re-run with the constant learning rate {steady:g}",
    )
