"""Moving statistics that are slower than the run."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, Case
from tb_stability.diagnosis.code import for_each
from tb_stability.diagnosis.words import names, percent, symptom
from tb_stability.preflight.normalization import LEFT_OVER, share_left
from tb_stability.report import Fix

_NEEDED_STEPS = 20
_EVALUATIONS = 4
_GAINED = 0.25
_SETTLED = 0.5
"""Share of the initial moving statistics; where more is left, they cannot have been settled."""


def suspect(case: Case) -> Suspect | None:
    """A validation loss that is off since the moving statistics still hold their initial values.

    For it: a gap between training and validation while momentum ** steps of the initial statistics are left;
    a training loss without a symptom. Against it: training itself broke down; very small batches.

    Without a symptom: the same in a run that is too short for its momentum by its own number of steps, whose
    validation has less than half of what training learned. (In the first epochs of a longer run that is
    usual, and passes.)
    """
    window = case.first("generalization_gap")
    layers = case.model.batch_normalizations if case.model is not None else ()
    is_short = not case.serious and case.finding("bn_momentum") is not None and _shares_little(case)
    if not layers or (window is None and not is_short):
        return None
    slowest = max(layers, key=lambda n: n.momentum)
    first_step = window.start_step if window is not None else case.observed.validation[-1][0]
    steps = first_step + 1
    left = share_left(slowest.momentum, steps)
    if not left > LEFT_OVER:
        return None
    brief = Brief("bn_momentum")
    brief.strong(
        "momentum",
        f"With momentum {slowest.momentum:g}, {percent(left)} of the initial moving statistics of "
        f"{slowest.layer} were left after {steps} steps (healthy: below {percent(LEFT_OVER)}).",
    )
    text = f"The validation loss, which uses them, is far above the training loss at step {first_step}."
    if window is None:
        brief.strong("val_loss", text)
    else:
        brief.weak(window.kind, text)
    drift = case.before(first_step, "bn_drift")
    if drift is not None and left < _SETTLED:
        brief.against(drift.kind, f"{symptom(drift)}: they were settled until then.")
    broke = case.first(*BREAKDOWNS)
    if broke is None:
        brief.weak("loss", "The training loss, which does not use them, shows no symptom.")
    else:
        brief.doubt(
            broke.kind,
            f"{symptom(broke)}, in training itself.",
        )
    slow = [n.layer for n in layers if share_left(n.momentum, steps) > LEFT_OVER]
    momentum = 0.9 if steps >= _NEEDED_STEPS else 0.5
    return brief.close(
        layer=slowest.layer,
        first_step=first_step,
        why=f"The moving statistics of {names(slow)} lag behind: with momentum {slowest.momentum:g}, "
        f"{percent(left)} of their initial values are left, and validation uses them.",
        fix=Fix(
            f"Set momentum={momentum} in {names(slow)}, as in BatchNormalization(momentum={momentum}), or "
            "train for longer before you look at validation.",
            for_each(slow, case.model, f"layer.momentum = {momentum}"),
        ),
        test=f"re-run with momentum={momentum}",
    )


def _shares_little(case: Case) -> bool:
    """Whether the last of four evaluations or more lacks over half of what the training loss gained."""
    final, validation = case.final, case.observed.validation
    if final is None or len(validation) < _EVALUATIONS:
        return False
    gained = final.first_loss - final.loss
    return gained > _GAINED * abs(final.first_loss) and final.val_loss - final.loss > gained / 2
