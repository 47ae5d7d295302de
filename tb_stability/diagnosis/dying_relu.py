"""ReLU units that are 0 for every example."""

from __future__ import annotations

import math

from tb_stability.advice import is_dead
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import for_each
from tb_stability.diagnosis.words import HEALTHY_RATIO, LARGE_RATIO, names, number, percent, symptom
from tb_stability.preflight.fitting import RECTIFIERS
from tb_stability.report import Fix
from tb_stability.windows import Window

_NEGATIVE_BIAS = -0.5
_FEW = 10.0
_JUST_BEFORE = 16
_REPLACED = 0.2
"""Of the weights; a single update of that size replaces what they were."""
_EARLIER = ("update_ratio_high", "loss_divergence", "exploding_gradient", "non_finite")


def suspect(case: Case) -> Suspect | None:
    """A layer of which hardly any unit is alive, so that no gradient passes.

    For it: the window `dead_units`, or kernels without any gradient behind a ReLU; negative biases. Against
    it: too large updates before, which killed them (then the learning rate is the cause); constant weights;
      large inputs.
    """
    window = case.first("dead_units") or _dead(case)
    if window is None:
        return None
    facts = case.layer(window.layer)
    if (
        facts is not None
        and facts.has_kernel
        and facts.next_activation
        and facts.next_activation not in RECTIFIERS
    ):
        return None
    brief = Brief("dying_relu")
    step = window.start_step
    if window.kind == "dead_units":
        dead = 1.0 - _FEW**-window.peak_score
        brief.strong(
            window.kind,
            f"About {percent(dead)} of the units of {names(window.layers)} were 0 for every example from "
            f"step {step} on (healthy: less than half).",
        )
    else:
        brief.strong(window.kind, "No gradient reached any kernel (healthy: every one).")
    if facts is not None and facts.next_activation in RECTIFIERS:
        brief.weak(
            "activation",
            f"Layer {facts.layer} has {facts.next_activation}, whose gradient is 0 where it is 0.",
        )
    negative = _negative_bias(case, window)
    if negative:
        brief.strong("bias", negative)
    earlier = case.before(step + 1, *_EARLIER)
    if earlier is not None:
        brief.against(
            earlier.kind,
            f"{symptom(earlier)}, which came first.",
        )
    usual = case.observed.around(lambda p: p.update_ratio, max(0, step - 2), 4)
    largest = case.observed.peak(lambda p: p.update_ratio, step - _JUST_BEFORE, _JUST_BEFORE)
    if earlier is None and (usual > LARGE_RATIO or largest > _REPLACED):
        brief.against(
            "update_ratio",
            f"Updates were up to {number(largest)} of the weights ({HEALTHY_RATIO}), which kills units.",
        )
    for finding in case.each_finding(
        "initial_weights_constant",
        "initial_weights_scale",
        "unscaled_inputs",
        "output_loss_mismatch",
    ):
        brief.doubt(finding.kind, finding.text)
    stuck = case.first("loss_plateau", "update_ratio_low")
    if stuck is not None and stuck is not window:
        brief.weak(stuck.kind, f"The network stands still from step {stuck.start_step} on.")
    layers = window.layers or ((window.layer,) if window.layer else ())
    return brief.close(
        layer=window.layer,
        first_step=step,
        why=f"The ReLU units of {names(layers) or 'the hidden layers'} are dead: their outputs are 0 for "
        "every example, so they get no gradient and never come back.",
        fix=_fix(case, layers),
        test="re-run with leaky_relu",
    )


def _dead(case: Case) -> Window | None:
    low = case.first("update_ratio_low")
    has_relu = case.model is not None and any(f.next_activation == "relu" for f in case.model.hidden)
    return low if low is not None and is_dead(low) and has_relu else None


def _negative_bias(case: Case, window: Window) -> str:
    for facts in case.model.layers if case.model is not None else ():
        if not math.isnan(facts.bias_mean) and facts.bias_mean < _NEGATIVE_BIAS:
            return (
                f"The biases of layer {facts.layer} began at {number(facts.bias_mean)} on average (usual: 0)."
            )
    return ""


def _fix(case: Case, layers: tuple[str, ...]) -> Fix:
    model = case.model
    facts = model.layers if model is not None else ()
    # A unit of any of them may die next.
    relu = [f.layer for f in facts if f.activation == "relu" and f.has_kernel]
    separate = [f.layer for f in facts if f.kind == "ReLU"]
    negative = [f.layer for f in facts if f.bias_mean < _NEGATIVE_BIAS]
    code: list[str] = []
    for chosen, statement in (
        (relu or ([] if separate else list(layers)), "layer.activation = keras.activations.leaky_relu"),
        (separate, "layer.negative_slope = 0.1"),
        (negative, "layer.bias.assign(keras.ops.zeros_like(layer.bias))"),
    ):
        if chosen:
            code.append(for_each(chosen, model, statement))
    return Fix(
        f'Use activation="leaky_relu" with kernel_initializer="he_normal" and zero biases in '
        f"{names(layers) or 'the hidden layers'}, start anew, and lower the learning rate if they die "
        "again. The code does it for a model that is built, before training.",
        "\n".join(code),
    )
