"""Targets that have nothing to do with the inputs."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, STANDSTILLS, Case
from tb_stability.diagnosis.validation_mismatch import far_from_the_start
from tb_stability.diagnosis.words import HEALTHY_RATIO, LARGE_RATIO, number, symptom
from tb_stability.report import Fix

_NEAR = 0.1
_LEARNED = 0.75
_SMALL_RATIO = 1e-4
_NO_BETTER = 0.97
"""Of guessing: a validation loss that was never below has nothing of what training learned."""

_BY_HEART = 0.95
_ROSE = 1.02
_EVALUATIONS = 4

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

    A large enough network learns such pairs by heart: then the training loss falls, and the validation loss
    is never better than guessing.
    """
    # Of one that ended, it learned something later on.
    window = next((w for w in case.serious if w.kind == "loss_plateau" and w.end_step is None), None)
    if window is None:
        return _by_heart(case)
    brief = Brief("unrelated_targets")
    last, guessing = case.observed.last_loss, case.guessing
    if abs(last - guessing) <= _NEAR * guessing:
        brief.strong(
            window.kind,
            f"The loss stays at {number(last)}: guessing among the classes has {number(guessing)}.",
        )
    elif last > guessing or case.is_of_classes:  # else guessing by the shares of the classes may be it
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
    for finding in case.each_finding(
        "initial_weights_constant", "initial_weights_scale", "output_loss_mismatch", "unscaled_targets"
    ):
        brief.doubt(finding.kind, finding.text)
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why="The targets seem to have nothing to do with the inputs: the weights move as they should, and "
        f"yet the loss stays at {number(last)}{_of_guessing(last, guessing)}.",
        fix=_FIX,
        test="train on 32 examples alone: any network learns them by heart",
    )


def never_better_than_guessing(case: Case) -> bool:
    """Whether no validation loss was better than guessing, where that is known."""
    return case.is_of_classes and case.observed.best_validation > _NO_BETTER * case.guessing


def _by_heart(case: Case) -> Suspect | None:
    """The same pairs, learned by heart; a detector need not have seen it."""
    window, final = case.first("generalization_gap", "loss_plateau"), case.final
    validation = [loss for _, loss in case.observed.validation if math.isfinite(loss)]
    if len(validation) < _EVALUATIONS or not never_better_than_guessing(case) or final is None:
        return None
    brief = Brief("unrelated_targets")
    best = case.observed.best_validation
    brief.strong("val_loss", f"The best validation loss was {number(best)}, and {case.guessing_words}.")
    if final.loss < _BY_HEART * case.guessing and validation[-1] > _ROSE * validation[0]:
        text = (
            f"The training loss fell to {number(final.loss)}, and the validation loss rose from "
            f"{number(validation[0])} to {number(validation[-1])} meanwhile."
        )
        if case.first("generalization_gap") is None:
            brief.strong("loss", text)
        else:  # the examples may only be too few
            brief.weak("loss", text)
    if math.isfinite(far_from_the_start(case)):
        brief.against("val_loss", "Validation was far worse than guessing from the beginning.")
    if case.model is not None and case.model.batch_normalizations:
        brief.against("momentum", "The moving statistics of BatchNormalization may be off in validation.")
    broke = case.first(*BREAKDOWNS)
    if broke is not None:
        brief.against(broke.kind, f"{symptom(broke)}.")
    if brief.confidence == "possible" and window is None:
        return None
    return brief.close(
        layer=None,
        first_step=window.start_step if window is not None else case.observed.validation[-1][0],
        why="The targets seem to have nothing to do with the inputs: the model learns its examples by heart, "
        f"and on others it was never better than {number(best)}, where {case.guessing_words}.",
        fix=_FIX,
        test="look at ten examples with their targets",
    )


def _of_guessing(last: float, guessing: float) -> str:
    return ", which is guessing" if abs(last - guessing) <= _NEAR * guessing else ""
