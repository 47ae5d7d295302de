"""Layers that no gradient reaches, since something in front of the loss cuts it off."""

from __future__ import annotations

from tb_stability.advice import is_cut_off
from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.words import names, symptom
from tb_stability.preflight.fitting import decades_of_sigmoids
from tb_stability.preflight.initial_weights import decades_over_depth
from tb_stability.report import Fix

_UNDERFLOW_DECADES = 30.0
"""Powers of ten that a gradient may lose before float32 makes it 0."""


def suspect(case: Case) -> Suspect | None:
    """`stop_gradient`, `argmax`, `round`, a cast, a detour through numpy: an operation without a derivative.

    For it: a gradient that is exactly 0 in some layers at every step, while the layers behind have one, and
    none of what makes it 0 otherwise. Against it: dead units, constant weights, float16, or so much depth
    that the gradient fades to 0.
    """
    window = case.first("vanishing_gradient")
    if window is None or not is_cut_off(window):
        return None
    brief = Brief("gradient_cut")
    layers = window.layers or ((window.layer,) if window.layer else ())
    brief.strong(
        window.kind,
        f"The gradient of {names(layers)} was exactly 0 from step {window.start_step} on, and that of later "
        "layers was not (healthy: a gradient in every layer that is trained).",
    )
    dead = case.first("dead_units")
    if dead is not None:
        brief.against(dead.kind, f"{symptom(dead)}, which pass no gradient on.")
    constant = case.finding("initial_weights_constant")
    if constant is not None:
        brief.against(constant.kind, constant.text)
    if case.model is not None and case.model.compute_dtype == "float16":
        brief.against("dtype", "The layers compute in float16, where a small gradient becomes 0.")
    fading = _fading(case)
    if constant is None and fading >= _UNDERFLOW_DECADES:
        brief.against("depth", f"Functions and weights alone take {fading:.0f} powers of ten from it.")
    elif case.model is not None and constant is None and dead is None:
        brief.strong("units", "No unit is dead, no kernel is constant, and the depth explains no 0.")
    return brief.close(
        layer=window.layer,
        first_step=window.start_step,
        why=f"No gradient reaches {names(layers)}: something between these layers and the loss cuts it off, "
        "such as tf.stop_gradient, argmax, round, a cast to integers or a detour through NumPy.",
        fix=Fix(
            f"Find the operation behind {layers[-1] if layers else 'these layers'} that has no derivative, "
            "and replace it. If the layers are not meant to learn, set trainable = False on them. The code "
            "lists what a loss gives each variable.",
            "import tensorflow as tf\n\n"
            "weights = model.trainable_variables\n"
            "with tf.GradientTape() as tape:\n"
            "    loss = keras.ops.mean(model(x[:32], training=True) ** 2)\n"
            'gradients = tape.gradient(loss, weights, unconnected_gradients="zero")\n'
            "for weight, gradient in zip(weights, gradients):\n"
            "    print(weight.path, float(keras.ops.max(keras.ops.abs(gradient))))",
        ),
        test="list the gradients of one batch, see the code",
    )


def _fading(case: Case) -> float:
    """Powers of ten that a gradient loses on its way to the input by functions and small weights."""
    if case.model is None:
        return 0.0
    return decades_of_sigmoids(case.model.hidden) + max(0.0, -decades_over_depth(case.model))
