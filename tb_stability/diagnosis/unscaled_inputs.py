"""Inputs far from unit scale."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, STANDSTILLS, Case
from tb_stability.diagnosis.code import set_optimizer
from tb_stability.diagnosis.onset import weigh_late
from tb_stability.diagnosis.words import number, symptom
from tb_stability.preflight.input_values import largest, unscaled
from tb_stability.preflight.premises import Premises
from tb_stability.report import Fix, TensorRange

_BYTES = 255.0


def suspect(case: Case) -> Suspect | None:
    """Pixels in 0..255, prices, milliseconds: values that make the first layer's output and gradient huge.

    For it: the range of the first batch, with no layer that rescales; a symptom from the first steps on; one
    that begins in the first layer, or exploding gradients, or dead or saturated units. Against it: a symptom
    that begins after many good steps.
    """
    window = case.first(*BREAKDOWNS, *STANDSTILLS)
    tensor = unscaled(Premises(case.model, case.first_batch)) if case.model is not None else None
    if window is None or tensor is None or case.model is None:
        return None
    brief = Brief("unscaled_inputs")
    brief.strong(
        "first_batch",
        f"The inputs range from {number(tensor.min)} to {number(tensor.max)}, with mean "
        f"{number(tensor.mean)} (healthy: around 0, with a spread near 1).",
    )
    if case.is_early(window):
        brief.weak(window.kind, f"The first symptom is at step {window.start_step}.")
    else:
        weigh_late(brief, window, "unscaled inputs")
    harmed = case.first("exploding_gradient", "dead_units", "saturated_units", "loss_divergence")
    if harmed is not None and harmed.start_step <= EARLY_STEPS:
        brief.weak(harmed.kind, f"{symptom(harmed)}, as large inputs make it.")
    first = case.model.kernels[0].layer if case.model.kernels else None
    return brief.close(
        layer=first,
        first_step=window.start_step,
        why=f"The inputs are not scaled: they range from {number(tensor.min)} to {number(tensor.max)}, so "
        f"what the first layer{f', {first},' if first else ''} gets is about {number(largest(tensor))} times "
        "too large.",
        fix=_fix(case, tensor),
        test="re-run with scaled inputs",
    )


def _fix(case: Case, tensor: TensorRange) -> Fix:
    if tensor.min >= 0.0 and _BYTES / 2 <= tensor.max < _BYTES + 1:
        return Fix(
            "Scale the pixels to 0..1, in training and wherever the model is used.",
            'x = x.astype("float32") / 255.0',
        )
    return Fix(
        "Standardise the inputs with a layer in front of the model, which is then part of it.",
        "normalization = keras.layers.Normalization()\n"
        "normalization.adapt(x)  # the training inputs\n" + _in_front(case),
    )


def _in_front(case: Case) -> str:
    model = "keras.Sequential([normalization, model])"
    if case.is_loop:
        return f"model = {model}"
    return f"model, loss = {model}, model.loss\n{set_optimizer(case, 'loss')}"
