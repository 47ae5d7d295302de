"""tanh or sigmoid units at their bounds."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.code import for_each
from tb_stability.diagnosis.words import names, number, symptom
from tb_stability.preflight.fitting import SQUASHERS
from tb_stability.report import Fix

_LARGE_BIAS = 1.0
"""Where tanh and sigmoid begin to be flat."""


def suspect(case: Case) -> Suspect | None:
    """A layer whose outputs lie at the bounds of its function, where no gradient passes.

    For it: the window `saturated_units`; biases far from 0; a network that stands still. Against it: what
    drove the outputs there: too large updates before, weights that began too large, unscaled inputs.
    """
    window = case.first("saturated_units")
    if window is None:
        return None
    brief = Brief("saturated_activation")
    facts = case.layer(window.layer)
    function = facts.activation if facts is not None and facts.activation in SQUASHERS else "tanh or sigmoid"
    brief.strong(
        window.kind,
        f"Most outputs of {names(window.layers)} lay at the bounds of {function} from step "
        f"{window.start_step} on (healthy: a tenth, seldom a half).",
    )
    stuck = case.first("loss_plateau", "vanishing_gradient", "update_ratio_low")
    if stuck is not None:
        brief.weak(stuck.kind, f"{symptom(stuck)}.")
    if facts is not None and facts.activation in SQUASHERS:
        brief.weak(
            "activation", f"Layer {facts.layer} has {facts.activation}, whose gradient is near 0 there."
        )
    earlier = case.before(window.start_step, "update_ratio_high", "loss_divergence", "exploding_gradient")
    if earlier is not None:
        brief.against(
            earlier.kind,
            f"{symptom(earlier)}, which came first.",
        )
    for finding in case.each_finding("initial_weights_scale", "unscaled_inputs"):
        brief.doubt(finding.kind, finding.text)
    pushed = [f for name in window.layers if (f := case.layer(name)) and abs(f.bias_mean) > _LARGE_BIAS]
    if pushed:
        brief.strong(
            "bias",
            f"The biases of layer {pushed[0].layer} began at {number(pushed[0].bias_mean)} on average "
            "(usual: 0).",
        )
    layers = window.layers or ((window.layer,) if window.layer else ())
    return brief.close(
        layer=window.layer,
        first_step=window.start_step,
        why=f"The units of {names(layers)} are saturated: {function} is flat there, so hardly any gradient "
        "passes.",
        fix=Fix(
            f'Use activation="relu" with kernel_initializer="he_normal" in {names(layers)}, or '
            "BatchNormalization in front of the function. The code does the former for a model that is "
            "built, before training.",
            for_each(
                layers,
                case.model,
                "layer.activation = keras.activations.relu",
                "layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))",
                *(["layer.bias.assign(keras.ops.zeros_like(layer.bias))"] if pushed else []),
            ),
        ),
        test="re-run with ReLU",
    )
