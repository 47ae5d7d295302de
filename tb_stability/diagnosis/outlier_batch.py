"""A batch unlike the others."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import EARLY_STEPS, Case
from tb_stability.diagnosis.code import rounded, set_optimizer
from tb_stability.diagnosis.words import HEALTHY_RATIO, SMALL_RATIO, number, phrase, symptom
from tb_stability.report import Fix

_JUMP = 2.0
"""Times the usual loss."""

_ABOVE = 1.25
"""Times the largest loss of the last steps kept: in small batches the loss jumps about all the time."""

_RECENT = 32
_STABLE_STEPS = 50


def suspect(case: Case) -> Suspect | None:
    """A single batch, or a few, that throw off a training that was fine.

    For it: the loss of a batch jumps although the updates before it were too small to have done that, after
    many stable steps. Against it: a learning rate that rose; updates that were large before; a start that was
    never stable.
    """
    window = case.first("loss_spike", "exploding_gradient", "loss_divergence", "bn_drift")
    if window is None or window.start_step <= EARLY_STEPS:
        return None
    onset, observed = window.start_step, case.observed
    brief = Brief("outlier_batch")
    before = observed.healthy(lambda p: p.loss, onset)
    jumped = observed.peak(lambda p: p.loss, onset, 1)
    earlier = [p for p in observed.points if EARLY_STEPS < p.step < onset]
    usual = max([p.loss for p in earlier if math.isfinite(p.loss)][-_RECENT:], default=math.nan)
    ratios = [p.update_ratio for p in earlier if onset - p.step <= 8 and math.isfinite(p.update_ratio)]
    ratio = max(ratios, default=math.nan)
    if jumped > _JUMP * before > 0.0 and jumped > _ABOVE * usual and ratio < SMALL_RATIO:
        brief.strong(
            window.kind,
            f"The loss jumped to {number(jumped)} at step {onset} (before: {number(before)}, lately at most "
            f"{number(usual)}), although the updates before it were at most {number(ratio)} of the weights "
            f"({HEALTHY_RATIO}): the batch was different, not the model.",
        )
    drift = case.first("bn_drift")
    if drift is not None and abs(drift.start_step - onset) <= 2 and ratio < SMALL_RATIO:
        brief.strong(
            drift.kind,
            f"The statistics of BatchNormalization in {drift.layer} changed abruptly at step "
            f"{drift.start_step}, although updates were at most {number(ratio)} of the weights "
            f"({HEALTHY_RATIO}).",
        )
    if onset >= _STABLE_STEPS:
        brief.weak("loss", f"Training was stable for {onset} steps.")
    rise = observed.rise_before(onset)
    if rise is not None:
        brief.against("learning_rate", f"The learning rate rose to {number(rise.after)} at step {rise.step}.")
    other = case.before(onset + 1, "non_finite", "update_ratio_high", "bn_statistics_frozen")
    if other is not None:
        brief.against(other.kind, f"{symptom(other)}.")
    what = f"its loss was {number(jumped)} (before: {number(before)})"
    if not jumped > _JUMP * before:
        what = f"{phrase(window.kind)}{f' in {window.layer}' if window.layer else ''}"
    if window.kind == "bn_drift":
        what = f"what {window.layer} normalises had another mean or variance"
    norm = observed.healthy(lambda p: p.grad_norm, onset)
    clip = rounded(2.0 * norm)
    return brief.close(
        layer=window.layer,
        first_step=onset,
        why=f"The data of step {onset} is unlike what came before: {what}, although the model had hardly "
        "changed.",
        fix=Fix(
            f"Compare the inputs and targets of step {onset} with earlier ones: scaling, augmentation, "
            f"labels, their source. To limit the harm of a single odd batch, clip the gradients at "
            f"{number(clip)}, twice their usual norm.",
            set_optimizer(case, global_clipnorm=clip) if math.isfinite(clip) else "",
        ),
        test=f"re-run without the batch of step {onset}",
    )
