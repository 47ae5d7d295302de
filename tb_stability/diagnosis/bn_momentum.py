"""Moving statistics that are slower than the run."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, Case
from tb_stability.diagnosis.code import for_each
from tb_stability.diagnosis.words import names, percent, symptom
from tb_stability.preflight.normalization import LEFT_OVER, share_left
from tb_stability.report import Fix

_NEEDED_STEPS = 20
_SETTLED = 0.5
"""Share of the initial moving statistics; where more is left, they cannot have been settled."""


def suspect(case: Case) -> Suspect | None:
    """A validation loss that is off since the moving statistics still hold their initial values.

    For it: a gap between training and validation while momentum ** steps of the initial statistics are left;
    a training loss without a symptom. Against it: training itself broke down; very small batches.
    """
    window = case.first("generalization_gap")
    layers = case.model.batch_normalizations if case.model is not None else ()
    if window is None or not layers:
        return None
    slowest = max(layers, key=lambda n: n.momentum)
    steps = window.start_step + 1
    left = share_left(slowest.momentum, steps)
    if not left > LEFT_OVER:
        return None
    brief = Brief("bn_momentum")
    brief.strong(
        "momentum",
        f"With momentum {slowest.momentum:g}, {percent(left)} of the initial moving statistics of "
        f"{slowest.layer} were left after {steps} steps (healthy: below {percent(LEFT_OVER)}).",
    )
    brief.weak(
        window.kind,
        f"The validation loss, which uses them, is far above the training loss from step {steps - 1} on.",
    )
    drift = case.before(window.start_step, "bn_drift")
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
        first_step=window.start_step,
        why=f"The moving statistics of {names(slow)} lag behind: with momentum {slowest.momentum:g}, "
        f"{percent(left)} of their initial values are left, and validation uses them.",
        fix=Fix(
            f"Set momentum={momentum} in {names(slow)}, as in BatchNormalization(momentum={momentum}), or "
            "train for longer before you look at validation.",
            for_each(slow, case.model, f"layer.momentum = {momentum}"),
        ),
        test=f"re-run with momentum={momentum}",
    )
