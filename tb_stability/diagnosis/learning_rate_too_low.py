"""A learning rate that is too low."""

from __future__ import annotations

import math

from tb_stability.advice import is_dead
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import Expression, rounded, set_optimizer
from tb_stability.diagnosis.words import HEALTHY_RATIO, number, symptom
from tb_stability.preflight.learning_rate import usual_rates
from tb_stability.report import Fix

_SMALL = 1e-5
_USUAL_RATIO = 1e-3
_OVER = 1e-3
"""Of the highest rate, below which a schedule has come to its end."""

_EARLY_END = 0.2
"""Of the steps of a run."""


def suspect(case: Case) -> Suspect | None:
    """Steps that are too small to learn from.

    For it: weights that hardly move, in all layers, at full learning rate; a rate below what is usual.
    Against it: a network without gradients (dead, vanishing, constant weights), where no rate helps.

    Without a symptom, of a run that has learned little: updates so small at a rate so low, where the noise of
    the loss hides that it stands still; or a schedule that is over after a fifth of the run.
    """
    window = case.first("update_ratio_low", "loss_plateau")
    if window is None and not case.serious:
        return _unusually_low(case) or _schedule_that_ended(case) if case.gained_little else None
    if window is None or (window.kind == "update_ratio_low" and is_dead(window)):
        return None
    brief = Brief("learning_rate_too_low")
    rate = case.observed.learning_rate()
    ratio = case.observed.healthy(lambda p: p.update_ratio, window.alarm_step + 1)
    if ratio == 0.0:
        brief.against("update_ratio", "The weights did not change at all: there is no gradient, at any rate.")
    elif ratio < _SMALL:
        brief.strong("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    if window.kind == "update_ratio_low":
        brief.strong(
            window.kind,
            f"All kernels hardly moved from step {window.start_step} on, and the loss did not fall.",
        )
    else:
        brief.weak(window.kind, f"The loss did not fall from step {window.start_step} on.")
    if window.kind == "loss_plateau" and ratio >= _SMALL:
        brief.against("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    optimizer = case.model.optimizer if case.model is not None else None
    if optimizer is not None and math.isfinite(rate) and not optimizer.schedule:
        low, high = usual_rates(optimizer)
        if rate < low:
            brief.weak(
                "learning_rate",
                f"The learning rate of {optimizer.kind} is {number(rate)} (usual: {number(low)} to "
                f"{number(high)}).",
            )
    for kind in ("vanishing_gradient", "dead_units", "saturated_units"):
        other = case.first(kind)
        if other is not None:
            brief.against(kind, f"{symptom(other)}.")
    stuck = case.first("update_ratio_low")
    if stuck is not None and is_dead(stuck):
        brief.against(stuck.kind, "No gradient reached any kernel: no learning rate helps.")
    finding = case.finding("initial_weights_constant", "nothing_trainable", "clipping_tight")
    if finding is not None:
        brief.against(finding.kind, finding.text)
    return _close(brief, case, rate, ratio, first_step=window.start_step)


def _close(brief: Brief, case: Case, rate: float, ratio: float, *, first_step: int) -> Suspect | None:
    target = _better_rate(case, rate, ratio)
    return brief.close(
        layer=None,
        first_step=first_step,
        why=f"The learning rate ({number(rate)}) is too low: an update changes the weights by only "
        f"{number(ratio)} of their size ({HEALTHY_RATIO}).",
        fix=Fix(
            f"Raise the learning rate from {number(rate)} to {number(target)}.",
            set_optimizer(case, learning_rate=target) if math.isfinite(target) else "",
        ),
        test=f"re-run with the learning rate {number(target)}",
    )


def _unusually_low(case: Case) -> Suspect | None:
    optimizer, rate = case.model.optimizer if case.model is not None else None, case.observed.learning_rate()
    ratio = case.observed.healthy(lambda p: p.update_ratio, math.inf)
    if optimizer is None or optimizer.schedule or not (rate < usual_rates(optimizer)[0] and ratio < _SMALL):
        return None
    brief = Brief("learning_rate_too_low")
    low, high = usual_rates(optimizer)
    brief.strong("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    brief.strong(
        "learning_rate",
        f"The learning rate of {optimizer.kind} is {number(rate)} (usual: {number(low)} to {number(high)}).",
    )
    return _close(brief, case, rate, ratio, first_step=0)


def _schedule_that_ended(case: Case) -> Suspect | None:
    known = [p for p in case.observed.points if math.isfinite(p.learning_rate)]
    highest = max(known, key=lambda p: p.learning_rate, default=None)
    if highest is None or highest.learning_rate == 0.0:
        return None
    alive = [p.step for p in known if p.learning_rate > _OVER * highest.learning_rate]
    end, steps = alive[-1] + 1 if alive else 0, known[-1].step + 1
    if end > _EARLY_END * steps or known[-1].learning_rate > _OVER * highest.learning_rate:
        return None
    top, last = number(highest.learning_rate), number(known[-1].learning_rate)
    brief = Brief("learning_rate_too_low")
    brief.strong(
        "learning_rate", f"The learning rate fell from {top} to {last} in {end} of {steps} steps, for good."
    )
    if case.final is not None:
        fall = f"from {number(case.final.first_loss)} to {number(case.final.loss)}"
        brief.strong("loss", f"The loss fell {fall} only.")
    schedule = Expression(f"keras.optimizers.schedules.CosineDecay({top}, decay_steps={steps})")
    return brief.close(
        layer=None,
        first_step=end,
        why=f"The learning rate is over too early: from step {end} on, of {steps} steps, it was below a "
        f"thousandth of the highest ({top}), and the loss had hardly fallen by then.",
        fix=Fix(
            "Count a schedule in steps, not in epochs: decay_steps is the number of batches of the whole "
            "run.",
            set_optimizer(case, learning_rate=schedule),
        ),
        test="re-run with a constant learning rate",
    )


def _better_rate(case: Case, rate: float, ratio: float) -> float:
    """The rate that brings the largest update to 0.001 of the weights, at most the highest usual one."""
    target = rate * _USUAL_RATIO / ratio if ratio > 0.0 else 100.0 * rate
    if case.model is not None and case.model.optimizer is not None:
        target = min(target, usual_rates(case.model.optimizer)[1] / 2)
    return rounded(max(target, 3 * rate))
