"""Gradients that explode through depth or time, without a more specific cause."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import rounded, set_optimizer
from tb_stability.diagnosis.words import number, plural, symptom
from tb_stability.report import Fix

_DEEP = 8


def suspect(case: Case) -> Suspect | None:
    """Many layers or time steps that each multiply the gradient.

    For it: the window `exploding_gradient`; a recurrent layer, or many layers without normalization. Against
    it: what is more specific: a learning rate that rose or is unusual, initial weights, inputs,
    frozen BatchNormalization.
    """
    window = case.first("exploding_gradient")
    if window is None:
        return None
    brief = Brief("exploding_gradient")
    onset = window.start_step
    norm = case.observed.healthy(lambda p: p.grad_norm, onset)
    norms = [p.grad_norm for p in case.observed.points if 0 <= p.step - onset <= 16]
    peak = max((x for x in norms if math.isfinite(x)), default=math.nan)
    brief.strong(
        window.kind,
        f"The gradient norm rose to {number(peak)} around step {onset} (healthy in this run: "
        f"{number(norm)}), and the loss with it.",
    )
    hidden = case.model.hidden if case.model is not None else ()
    recurrent = [f.layer for f in hidden if f.kind.endswith("Cell")]
    bare = [f for f in hidden if not f.is_normalized]
    if recurrent:
        brief.weak(
            "recurrence", f"Layer {recurrent[0]} is recurrent: a gradient is multiplied at every time step."
        )
    elif len(bare) >= _DEEP:
        brief.weak("depth", f"{plural(len(bare), 'hidden layer')} follow each other without normalization.")
    rise = case.observed.rise_before(onset)
    if rise is not None:
        brief.against("learning_rate", f"The learning rate rose to {number(rise.after)} at step {rise.step}.")
    for kind in (
        "learning_rate_unusual",
        "initial_weights_scale",
        "recurrent_weights_scale",
        "unscaled_inputs",
    ):
        finding = case.finding(kind)
        if finding is not None and case.is_early(window):
            brief.against(kind, finding.text)
    earlier = case.before(onset + 1, "bn_statistics_frozen", "update_ratio_high", "loss_divergence")
    if earlier is not None:
        brief.doubt(
            earlier.kind,
            f"{symptom(earlier)}, which came first.",
        )
    clip = rounded(2.0 * norm) if norm > 0.0 else 1.0
    return brief.close(
        layer=window.layer,
        first_step=onset,
        why=f"Gradients grow from layer to layer or time step to time step, first in {window.layer}: at "
        f"step {onset} their norm was {number(peak)} (healthy in this run: {number(norm)}).",
        fix=Fix(
            f"Clip the gradients at a norm of {number(clip)}, twice what was healthy in this run (or with "
            "clipvalue or clipnorm for each variable), and lower the learning rate if that is not enough.",
            set_optimizer(case, global_clipnorm=clip),
        ),
        test=f"re-run with global_clipnorm={clip:g}",
    )
