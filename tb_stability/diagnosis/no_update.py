"""Weights that never change."""

from __future__ import annotations

import math
import statistics

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import AS_BEFORE
from tb_stability.diagnosis.words import number
from tb_stability.report import Fix

_FEWEST_STEPS = 50
_FEWEST_ZEROS = 20
_ERRORS = 3.0

_UNFREEZE = Fix(
    "Set trainable = True on the layers that are meant to learn, and compile again.",
    f"model.trainable = True\nmodel.compile(optimizer=model.optimizer, loss=model.loss{AS_BEFORE}",
)
_APPLY = Fix(
    "Call optimizer.apply in the training step. If it is called, make the StabilityMonitor before the first "
    "call of the tf.function, whose updates it does not see otherwise.",
    "def train_step(x, y):\n"
    "    with tf.GradientTape() as tape:\n"
    "        value = loss(y, model(x, training=True))\n"
    "    gradients = tape.gradient(value, model.trainable_variables)\n"
    "    optimizer.apply(gradients, model.trainable_variables)\n"
    "    return value",
)
_RATE = Fix(
    "Give the optimizer a learning rate above 0, and look at what a schedule or callback makes of it.",
    "model.optimizer.learning_rate = 0.001",
)


def suspect(case: Case) -> Suspect | None:
    """Everything frozen, a learning rate of 0, or a training step that forgot `optimizer.apply`.

    A proof is a model without a trainable weight, of which no update was seen; or a learning rate that was
    exactly 0 at every step. In a custom loop: no update in 50 steps or more, and a loss whose two halves
    differ by less than 3 standard errors. (Updates that were traced before the monitor was made are not seen
    either, but they move the loss.)
    """
    if case.model is None:
        return None
    brief = Brief("no_update")
    if case.observed.saw_updates:
        return _without_rate(brief, case)
    if case.model.parameters == 0:
        brief.proof("nothing_trainable", "The model has no trainable weights, and no update was seen.")
        return _close(
            brief, "No weight has changed since step 0: the model has no trainable weights.", _UNFREEZE
        )
    losses = [p.loss for p in case.observed.points if math.isfinite(p.loss)]
    if not case.is_loop or len(losses) < _FEWEST_STEPS:
        return None
    half = len(losses) // 2
    early, late = losses[:half], losses[half:]
    error = math.sqrt(statistics.variance(early) / len(early) + statistics.variance(late) / len(late))
    if abs(statistics.fmean(late) - statistics.fmean(early)) > _ERRORS * error:
        return None
    steps = case.observed.points[-1].step + 1
    brief.strong("update_norm", f"No update of the optimizer was seen in {steps} steps.")
    brief.strong(
        "loss",
        f"The loss does not move: it is {number(statistics.fmean(early))} on average in the first half, and "
        f"{number(statistics.fmean(late))} in the second (standard error {number(error)}).",
    )
    return _close(
        brief,
        f"No weight has changed since step 0: no update of the optimizer was seen in {steps} steps, and the "
        "loss does not move.",
        _APPLY,
    )


def _without_rate(brief: Brief, case: Case) -> Suspect | None:
    rates = [p.learning_rate for p in case.observed.points if not math.isnan(p.learning_rate)]
    if len(rates) < _FEWEST_ZEROS or any(rates):
        return None
    brief.proof("learning_rate", "The learning rate was exactly 0 at every step.")
    return _close(brief, "No weight has changed since step 0: the learning rate is 0.", _RATE)


def _close(brief: Brief, why: str, fix: Fix) -> Suspect | None:
    return brief.close(layer=None, first_step=0, why=why, fix=fix, test="compare a weight before and after")
