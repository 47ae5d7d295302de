"""Initial weights that do not fit the activation functions and the depth."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, EARLY_STEPS, STANDSTILLS, Case
from tb_stability.diagnosis.code import for_each, get_layer
from tb_stability.diagnosis.onset import weigh_late
from tb_stability.diagnosis.words import names, number, symptom
from tb_stability.model_facts import LayerFacts, ModelFacts
from tb_stability.preflight.fitting import decades_of_sigmoids, fitting_of, scale_of
from tb_stability.preflight.initial_weights import decades_over_depth, is_misscaled, misscaled
from tb_stability.report import Finding, Fix

_FINDINGS = ("initial_weights_constant", "initial_weights_scale", "recurrent_weights_scale")
_DEEP = 8


def suspect(case: Case) -> Suspect | None:
    """Weights that began too large, too small or all equal.

    For it: the measured scale of the initial weights against the one that fits the activation; a symptom from
    the first steps on; a loss that begins far above that of guessing; gradients that vanish or explode in the
    direction that the scale says. Against it: a symptom that begins after many good steps. Weights that began
    too small explain no first loss that is far too large (the branches of a residual network begin small on
    purpose).
    """
    window = case.first(*STANDSTILLS, *BREAKDOWNS)
    finding = case.finding(*_FINDINGS) or _deep_mismatch(case)
    if window is None or finding is None or case.model is None:
        return None
    if finding.kind == "initial_weights_scale" and decades_over_depth(case.model) < 0.0 and case.began_badly:
        return None
    brief = Brief("initialization_mismatch")
    still = case.first("update_ratio_low", "vanishing_gradient", "dead_units")
    if finding.kind == "initial_weights_constant" and still is not None and still.start_step <= EARLY_STEPS:
        brief.proof(finding.kind, finding.text)
    else:
        brief.strong(finding.kind, finding.text)
    if case.is_early(window):
        brief.weak(window.kind, f"{symptom(window)}.")
    else:
        weigh_late(brief, window, "bad initial weights")
    if not _weigh_sigmoids(brief, case, case.model):
        _weigh_depth(brief, case)
    _weigh_first_loss(brief, case)
    layer = finding.layer if finding.layer is not None else window.layer
    return brief.close(
        layer=layer,
        first_step=window.start_step,
        why=_why(case.model, finding.kind, layer),
        fix=_fix(case.model, finding.kind, layer),
        test="re-run with the initializer that fits",
    )


def _deep_mismatch(case: Case) -> Finding | None:
    """ReLU behind Glorot, where it is many layers and gradients vanish."""
    finding = case.finding("initializer_activation_mismatch")
    deep = case.model is not None and len(case.model.hidden) >= _DEEP
    return finding if deep and case.first("vanishing_gradient") is not None else None


def _weigh_depth(brief: Brief, case: Case) -> None:
    decades = decades_over_depth(case.model) if case.model is not None else 0.0
    vanishing, exploding = case.first("vanishing_gradient"), case.first("exploding_gradient")
    if decades <= -1.0 and vanishing is not None:
        brief.strong(
            vanishing.kind,
            f"Gradients vanish towards the input, as {_of(decades)} smaller weights make them.",
        )
    elif decades >= 1.0 and exploding is not None and exploding.start_step <= EARLY_STEPS:
        brief.strong(
            exploding.kind, f"Gradients explode from the start, as {_of(decades)} larger weights make them."
        )
    saturated = case.first("saturated_units", "dead_units")
    if decades >= 0.5 and saturated is not None and saturated.start_step <= EARLY_STEPS:
        brief.weak(
            saturated.kind,
            f"{symptom(saturated)}, as with large weights.",
        )


def _weigh_sigmoids(brief: Brief, case: Case, model: ModelFacts) -> bool:
    """Whether gradients vanish, and sigmoids take half as much from them as the weights, or more."""
    sigmoids, weights = decades_of_sigmoids(model.hidden), abs(decades_over_depth(model))
    if case.first("vanishing_gradient") is None or not sigmoids >= weights / 2 > 0.0:
        return False
    brief.against(
        "activation",
        f"The sigmoids alone take {sigmoids:.1f} powers of ten from the gradient, with any weights.",
    )
    return True


def _of(decades: float) -> str:
    return f"over all layers {abs(decades):.1f} powers of ten" if math.isfinite(decades) else "infinitely"


def _weigh_first_loss(brief: Brief, case: Case) -> None:
    if case.began_badly:
        brief.strong(
            "loss",
            f"The first loss was {number(case.observed.first_loss)}; {case.guessing_words}.",
        )


def _why(model: ModelFacts, kind: str, layer: str | None) -> str:
    facts = model.find(layer)
    if kind == "recurrent_weights_scale" and facts is not None:
        return (
            f"The recurrent weights of layer {layer} began too large: they multiply the state by "
            f"{facts.recurrent_gain:.2g} at every time step."
        )
    if facts is None or not facts.has_kernel:
        return "The initial weights do not fit the activation functions."
    if facts.weight_std == 0.0:
        return (
            f"All weights of layer {layer} began equal, so its units get the same gradient, or none, and "
            "never differ."
        )
    scale, fitting = scale_of(facts), fitting_of(facts)
    off = f"{scale:.2g} times as large as" if scale >= 1 else f"{1 / scale:.2g} times smaller than"
    behind = facts.next_activation or "this layer"
    return (
        f"The weights of layer {layer} began {off} {fitting.kind} makes them for {behind} (standard "
        f"deviation {number(facts.weight_std)}, fitting {number(fitting.std)}), so the signal "
        f"{'explodes' if scale > 1 else 'fades'} through the layers."
    )


def _fix(model: ModelFacts, kind: str, layer: str | None) -> Fix:
    if kind == "recurrent_weights_scale" and layer is not None:
        return Fix(
            f'Use recurrent_initializer="orthogonal" for {layer}.',
            f"layer = {get_layer(layer, model)}\n"
            "layer.recurrent_kernel.assign(keras.initializers.Orthogonal()(layer.recurrent_kernel.shape))",
        )
    hidden: tuple[LayerFacts, ...] = misscaled(model) or model.hidden
    last = [f for f in model.kernels if f not in model.hidden and is_misscaled(f)]
    wrong: dict[tuple[str, str], list[str]] = {}
    for facts in (*hidden, *last):
        wrong.setdefault((fitting_of(facts).name, fitting_of(facts).kind), []).append(facts.layer)
    uses = [f'kernel_initializer="{name}" for {names(layers)}' for (name, _), layers in wrong.items()]
    assign = "layer.kernel.assign(keras.initializers.{}()(layer.kernel.shape))"
    return Fix(
        f"Use {', and '.join(uses)}, which fits the functions behind. The code does it for a model that "
        "is built, before training.",
        "\n".join(for_each(layers, model, assign.format(kind)) for (_, kind), layers in wrong.items()),
    )
