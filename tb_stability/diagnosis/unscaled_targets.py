"""Targets of a regression far from unit scale."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, Case
from tb_stability.diagnosis.onset import weigh_late
from tb_stability.diagnosis.words import number, symptom
from tb_stability.preflight.input_values import unscaled_target
from tb_stability.preflight.learning_rate import usual_rates
from tb_stability.preflight.premises import Premises
from tb_stability.report import Fix

_STANDSTILLS = ("loss_plateau", "update_ratio_low")
_FIX = Fix(
    "Standardise the targets, and scale what the model predicts back.",
    "mean, deviation = y.mean(), y.std()\n"
    "y = (y - mean) / deviation  # and later: model.predict(x) * deviation + mean",
)


def suspect(case: Case) -> Suspect | None:
    """Prices, years, populations: targets so large that the first gradients are, too, or the way is too long.

    For it: a mean error as the loss, and the range of the first targets; a training that breaks down at once,
    as gradients in their unit make it, or one that stands still from the start, since updates of a usual size
    take forever to such numbers. Against it: a symptom that begins after many good steps; inputs that are
    unscaled, too.
    """
    tensor = unscaled_target(Premises(case.model, case.first_batch)) if case.model is not None else None
    window = case.first(*BREAKDOWNS, *_STANDSTILLS, "dead_units")
    if window is None or tensor is None:
        return None
    brief = Brief("unscaled_targets")
    brief.strong(
        "first_batch",
        f"The targets range from {number(tensor.min)} to {number(tensor.max)}, with mean "
        f"{number(tensor.mean)} (healthy: around 0, with a spread near 1).",
    )
    broke = case.first("loss_divergence", "exploding_gradient", "non_finite")
    stands = case.first(*_STANDSTILLS)
    if broke is not None and broke.start_step <= EARLY_STEPS:
        brief.strong(broke.kind, f"{symptom(broke)}, as gradients of that size make it.")
    elif stands is not None and stands.start_step <= EARLY_STEPS:
        brief.strong(
            stands.kind,
            f"{symptom(stands)}: steps of a usual size take forever to such numbers.",
        )
    elif not case.is_early(window):
        weigh_late(brief, window, "unscaled targets")
    optimizer = case.model.optimizer if case.model is not None else None
    rate = case.observed.learning_rate(window.start_step)
    if optimizer is not None and rate > usual_rates(optimizer)[1]:
        brief.against(
            "learning_rate", f"The learning rate of {optimizer.kind}, {number(rate)}, is high by itself."
        )
    for finding in case.each_finding("unscaled_inputs", "invalid_inputs", "output_loss_mismatch"):
        brief.doubt(finding.kind, finding.text)
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why=f"The targets are not scaled: they range from {number(tensor.min)} to {number(tensor.max)}, so "
        "the output has far to go, and the gradients of the first steps are as large.",
        fix=_FIX,
        test="re-run with standardised targets",
    )
