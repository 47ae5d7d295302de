"""A learning rate that is too high."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, Case
from tb_stability.diagnosis.code import rounded, set_optimizer
from tb_stability.diagnosis.words import HEALTHY_RATIO, LARGE_RATIO, SMALL_RATIO, number, symptom
from tb_stability.preflight.learning_rate import usual_rates
from tb_stability.report import Fix
from tb_stability.stats.learning_rates import Rise
from tb_stability.windows import Window

_WANTED_RATIO = 3e-3
_JUST_BEFORE = 8
_JUST_AFTER = 5
_FROM_START = ("unscaled_inputs", "unscaled_targets", "initial_weights_scale", "recurrent_weights_scale")


def suspect(case: Case) -> Suspect | None:
    """Steps that are too large.

    For it: updates as large as the weights, before or when training broke; a rate above what is usual for the
    optimizer; a rate that rose just before. Against it: updates that were small until the break, without a
    rise; frozen BatchNormalization; NaN out of the blue; inputs or initial weights that explain it.

    Without a symptom: a loss that ends at guessing. Where the first updates throw it far above that, it falls
    all the while.
    """
    window = case.first(*BREAKDOWNS, "dead_units", "saturated_units", "loss_plateau", "bn_drift")
    if window is None:
        return _thrown_to_guessing(case) if case.ends_at_guessing and not case.serious else None
    brief = Brief("learning_rate_too_high")
    onset = window.start_step
    rate = case.observed.learning_rate(onset)
    ratio = _weigh_updates(brief, case, onset)
    rise = case.observed.rise_before(onset)
    if rise is not None:
        brief.strong(
            "learning_rate",
            f"The learning rate rose from {number(rise.before)} to {number(rise.after)} at step "
            f"{rise.step}, just before.",
        )
        rate = rise.after
    else:
        _weigh_rate(brief, case, rate)
    _weigh_other_causes(brief, case, window)
    first = _first_ratio(case, onset)
    target = rise.before if rise is not None else _better_rate(case, rate, first)
    size = f": an update changes the weights by up to {number(ratio)} of their size ({HEALTHY_RATIO})"
    if not ratio > SMALL_RATIO:
        size = ""
    return brief.close(
        layer=window.layer,
        first_step=onset,
        why=f"{_too_high(rate, rise, onset)}{size}.",
        fix=Fix(
            _lower(rate, target, rise),
            set_optimizer(case, learning_rate=target) if math.isfinite(target) else "",
        ),
        test=f"re-run with the learning rate {number(target)}",
    )


def _thrown_to_guessing(case: Case) -> Suspect | None:
    brief = Brief("learning_rate_too_high")
    rate, last = case.observed.learning_rate(EARLY_STEPS), case.final.loss if case.final else math.nan
    ratio = case.observed.healthy(lambda p: p.update_ratio, EARLY_STEPS)
    brief.weak("loss", f"The loss ends at {number(last)}; {case.guessing_words}.")
    if ratio > LARGE_RATIO:
        brief.strong(
            "update_ratio", f"The first updates were {number(ratio)} of the weights ({HEALTHY_RATIO})."
        )
    else:
        brief.against("update_ratio", f"The first updates were {number(ratio)} of the weights.")
    _weigh_rate(brief, case, rate)
    target = _better_rate(case, rate, ratio)
    return brief.close(
        layer=None,
        first_step=0,
        why=f"{_too_high(rate, None, 0)}: the first updates changed the weights by {number(ratio)} of their "
        f"size ({HEALTHY_RATIO}), and the loss ends at {number(last)}, where {case.guessing_words}.",
        fix=Fix(_lower(rate, target, None), set_optimizer(case, learning_rate=target)),
        test=f"re-run with the learning rate {number(target)}",
    )


def _too_high(rate: float, rise: Rise | None, onset: int) -> str:
    if rise is not None:
        return (
            f"The learning rate rose from {number(rise.before)} to {number(rise.after)} at step {rise.step}, "
            "which is too high"
        )
    when = f", at step {onset}" if onset > EARLY_STEPS else " from the start"
    return f"The learning rate ({number(rate)}) is too high{when}"


def _lower(rate: float, target: float, rise: Rise | None) -> str:
    if rise is not None:
        return (
            f"Undo the rise at step {rise.step}, and stay at {number(target)}; or let the rate rise over "
            "hundreds of steps, and less far."
        )
    return (
        f"Lower the learning rate from {number(rate)} to {number(target)}; if the start needs small steps, "
        "warm it up."
    )


def _weigh_updates(brief: Brief, case: Case, onset: int) -> float:
    """Weighs the size of the updates, and returns it; NaN where not known."""
    high = case.first("update_ratio_high")
    before = case.observed.healthy(lambda p: p.update_ratio, onset)
    near = case.observed.peak(lambda p: p.update_ratio, onset - _JUST_BEFORE, _JUST_BEFORE + _JUST_AFTER)
    if high is not None and high.start_step <= onset + EARLY_STEPS:
        brief.strong(
            high.kind,
            f"From step {high.start_step} on, updates were as large as the weights: up to {number(near)} of "
            f"them around step {onset} ({HEALTHY_RATIO}).",
        )
    elif onset > EARLY_STEPS and before < SMALL_RATIO and case.observed.rise_before(onset) is None:
        brief.against(
            "update_ratio",
            f"Until step {onset} updates were {number(before)} of the weights ({HEALTHY_RATIO}).",
        )
    elif near > LARGE_RATIO or before > LARGE_RATIO:
        ratio = near if near > LARGE_RATIO else before
        brief.strong(
            "update_ratio",
            f"Updates were {number(ratio)} of the weights around step {onset} ({HEALTHY_RATIO}).",
        )
    elif math.isfinite(near) and near < SMALL_RATIO:
        brief.against("update_ratio", f"Updates were {number(near)} of the weights ({HEALTHY_RATIO}).")
    return near if math.isfinite(near) else before


def _weigh_rate(brief: Brief, case: Case, rate: float) -> None:
    optimizer = case.model.optimizer if case.model is not None else None
    if optimizer is None or math.isnan(rate):
        return
    low, high = usual_rates(optimizer)
    if rate > high:
        brief.strong(
            "learning_rate",
            f"The learning rate of {optimizer.kind} was {number(rate)} (usual: {number(low)} to "
            f"{number(high)}).",
        )
    elif rate <= high / 3:
        brief.doubt(
            "learning_rate",
            f"The learning rate of {optimizer.kind}, {number(rate)}, is a usual one ({number(low)} to "
            f"{number(high)}).",
        )


def _weigh_other_causes(brief: Brief, case: Case, window: Window) -> None:
    onset = window.start_step
    if window.kind in ("loss_divergence", "update_ratio_high", "loss_oscillation"):
        brief.weak(
            window.kind,
            f"{symptom(window)}: the first symptom.",
        )
    frozen = case.first("bn_statistics_frozen")
    if frozen is not None and frozen.start_step <= onset:
        brief.against(
            frozen.kind, "BatchNormalization does not normalise, which alone makes training explode."
        )
    if len(case.observed.rate_rises) >= 2:
        brief.against(
            "learning_rate", f"The rate did not stay high: it rose {len(case.observed.rate_rises)} times."
        )
    finding = case.finding(*_FROM_START)
    if finding is not None and case.is_early(window):
        brief.against(finding.kind, finding.text)
    for kind in ("invalid_inputs", "initial_weights_constant"):
        other = case.finding(kind)
        if other is not None:
            brief.against(other.kind, other.text)


def _first_ratio(case: Case, onset: int) -> float:
    """The least update ratio of the last steps up to an onset: of weights that were still sound."""
    ratios = [p.update_ratio for p in case.observed.points if p.step <= onset and p.update_ratio > 0.0]
    return min((r for r in ratios[-8:] if math.isfinite(r)), default=math.nan)


def _better_rate(case: Case, rate: float, ratio: float) -> float:
    """The rate that brings the updates to 0.003 of the weights, at most the highest usual one.

    Between a third and a thousandth of the present one.
    """
    factor = _WANTED_RATIO / ratio if ratio > 0.0 else 0.1
    target = rate * min(max(factor, 1e-3), 1 / 3)
    optimizer = case.model.optimizer if case.model is not None else None
    return rounded(target if optimizer is None else min(target, usual_rates(optimizer)[1]))
