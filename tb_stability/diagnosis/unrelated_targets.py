"""Targets that have nothing to do with the inputs."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, STANDSTILLS, Case
from tb_stability.diagnosis.words import HEALTHY_RATIO, LARGE_RATIO, number, symptom
from tb_stability.report import Fix

_NEAR = 0.1
_LEARNED = 0.75
_SMALL_RATIO = 1e-4

_FIX = Fix(
    "Look at ten examples with their targets: were inputs and targets shuffled or sorted apart from each "
    "other, or is the wrong column used? Then train on one batch alone, which any network learns by heart: "
    "if it does, the network is fine, and the pairs are not.",
    "few_x, few_y = x[:32], y[:32]\nmodel.fit(few_x, few_y, epochs=200, verbose=2)",
)


def suspect(case: Case) -> Suspect | None:
    """Labels that were shuffled apart from the inputs, or the wrong column: nothing can be learned.

    For it: a loss that stays where guessing among the classes is, although the weights move as they do in a
    training that learns. Against it: whatever else makes a network stand still, or breaks it.
    """
    # Of one that ended, it learned something later on.
    window = next((w for w in case.serious if w.kind == "loss_plateau" and w.end_step is None), None)
    if window is None:
        return None
    brief = Brief("unrelated_targets")
    last, guessing = case.observed.last_loss, case.guessing
    if abs(last - guessing) <= _NEAR * guessing:
        brief.strong(
            window.kind,
            f"The loss stays at {number(last)}: guessing among the classes has {number(guessing)}.",
        )
    elif not math.isnan(guessing):
        brief.against(window.kind, f"The loss stays at {number(last)}, and guessing has {number(guessing)}.")
    else:
        brief.weak(window.kind, f"The loss does not fall from step {window.start_step} on.")
    ratio = case.observed.healthy(lambda p: p.update_ratio, math.inf)
    if _SMALL_RATIO <= ratio <= LARGE_RATIO:
        brief.weak(
            "update_ratio",
            f"The weights move: an update is {number(ratio)} of them ({HEALTHY_RATIO}).",
        )
    elif math.isfinite(ratio):
        brief.against("update_ratio", f"Updates were {number(ratio)} of the weights ({HEALTHY_RATIO}).")
    rises = [step for step in case.observed.rate_rises if EARLY_STEPS < step <= window.alarm_step]
    if rises:  # later than a warm-up
        brief.against("learning_rate", f"The learning rate rose at step {rises[0]}, and may have harmed it.")
    best = case.observed.best_loss
    if best < _LEARNED * guessing:
        brief.against("loss", f"The loss had been down at {number(best)}, so there was something to learn.")
    other = case.first(*(kind for kind in (*STANDSTILLS, *BREAKDOWNS) if kind != window.kind))
    if other is not None:
        brief.against(other.kind, f"{symptom(other)}, which stops a network by itself.")
    for kind in ("initial_weights_constant", "initial_weights_scale", "output_loss_mismatch"):
        finding = case.finding(kind)
        if finding is not None:
            brief.doubt(kind, finding.text)
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why="The targets seem to have nothing to do with the inputs: the weights move as they should, and "
        f"yet the loss stays at {number(last)}{_of_guessing(last, guessing)}.",
        fix=_FIX,
        test="train on 32 examples alone: any network learns them by heart",
    )


def _of_guessing(last: float, guessing: float) -> str:
    return ", which is guessing" if abs(last - guessing) <= _NEAR * guessing else ""
