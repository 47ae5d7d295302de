"""Gradients of too few examples."""

from __future__ import annotations

from tb_stability.diagnosis.agreement import noise_scale
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, Case
from tb_stability.diagnosis.words import number, percent, plural, symptom
from tb_stability.report import Fix

_FEW = 8
_VERY_FEW = 2
_NOISY = 0.3
_AGREED = 0.5
_FAR_ABOVE = 4


def suspect(case: Case) -> Suspect | None:
    """Batches so small that the gradient is mostly noise, at a learning rate for larger ones.

    For it: a batch size below 8, a strong sign below 3; a loss that jumps from batch to batch; gradients that
    agree so little that their noise scale is far above the batch size; an unsteady or standing loss. Against
    it: batches that agree on the gradient; BatchNormalization, which suffers first; a rate that rose.
    """
    size = case.batch_size
    window = case.first("loss_oscillation", *BREAKDOWNS, "loss_plateau")
    if size is None or size >= _FEW or window is None:
        return None
    brief = Brief("batch_size_too_small")
    text = f"Each gradient is the mean of {plural(size, 'example')} (usual: 16 to 512)."
    if size <= _VERY_FEW:
        brief.strong("batch_size", text)
    else:
        brief.weak("batch_size", text)
    noise = case.observed.loss_noise
    if noise > _NOISY:
        brief.weak(
            "loss",
            f"From one batch to the next the loss changes by {percent(noise)} (healthy: below "
            f"{percent(_NOISY)}).",
        )
    _weigh_noise(brief, case.observed.agreement(window.start_step), size)
    if window.kind == "loss_oscillation":
        brief.strong(window.kind, f"The loss goes up and down from step {window.start_step} on.")
    else:
        brief.weak(window.kind, f"{symptom(window)}.")
    if case.model is not None and case.model.batch_normalizations:
        brief.against(
            "bn_small_batch", "The model has BatchNormalization, which suffers from small batches first."
        )
    rise = case.observed.rise_before(window.start_step)
    if rise is not None and window.start_step > EARLY_STEPS:
        brief.against("learning_rate", f"The learning rate rose to {number(rise.after)} at step {rise.step}.")
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why=f"Batches of {size} are too small for this learning rate: each gradient is mostly noise, so the "
        "steps contradict each other.",
        fix=Fix(
            f"Train with batches of 32. With batches of {size}, divide the learning rate by {32 // size}.",
            "model.fit(x, y, batch_size=32)" if not case.is_loop else "dataset = dataset.unbatch().batch(32)",
        ),
        test="re-run with batches of 32 at the same learning rate",
    )


def _weigh_noise(brief: Brief, agreement: float, size: int) -> None:
    """Weighs how far gradients of two batches in a row agreed while training was sound."""
    scale = noise_scale(agreement, size)
    if agreement > _AGREED:
        brief.against(
            "grad_mean",
            f"Gradients of batches in a row agreed by {percent(agreement)} before (of mostly noise: below "
            f"{percent(_AGREED)}).",
        )
    elif scale > _FAR_ABOVE * size:
        brief.weak(
            "grad_mean",
            f"Gradients of batches in a row agreed by {percent(agreement)} before: noise and signal would be "
            f"equal with batches of about {number(scale)} (here: {size}).",
        )
