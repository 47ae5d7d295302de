"""BatchNormalization that runs in inference mode while the network trains."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.words import names, plural
from tb_stability.report import Fix


def suspect(case: Case) -> Suspect | None:
    """`model(x)` without `training=True`.

    For it: the window `bn_statistics_frozen` (which layers with `trainable = False` never get), and as a
    proof that every step normalised with the moving statistics, none with those of its batch. Against it:
    steps that did normalise with the batch.
    """
    window = case.first("bn_statistics_frozen")
    if window is None:
        return None
    brief = Brief("bn_inference_mode")
    layers = window.layers or ((window.layer,) if window.layer else ())
    brief.strong(
        window.kind,
        f"Gamma and beta of {names(layers)} are trained, but the moving mean and variance have not moved "
        f"since step {window.start_step} (healthy: they move at every step).",
    )
    moving = max((case.observed.inference_steps.get(layer, 0) for layer in layers), default=0)
    batch = max((case.observed.batch_steps.get(layer, 0) for layer in layers), default=0)
    calls = plural(moving + batch, "measured step")
    if moving and not batch:
        brief.proof(
            "batch_statistics",
            f"In {moving} of {calls} the layers normalised with the moving statistics (healthy: in none).",
        )
    elif batch:
        brief.against("batch_statistics", f"In {batch} of {calls} the layers did normalise with their batch.")
    else:
        brief.weak("batch_statistics", "Which statistics the layers used was not recorded.")
    broke = case.first("non_finite", "loss_divergence", "exploding_gradient")
    if broke is not None and broke.start_step >= window.start_step:
        brief.weak(
            broke.kind, f"Without normalization by the batch, training broke down at step {broke.start_step}."
        )
    return brief.close(
        layer=window.layer,
        first_step=window.start_step,
        why="The training step calls the model without training=True, so BatchNormalization "
        f"({names(layers)}) runs in inference mode: it does not normalise the batch, and its moving "
        "statistics stand still.",
        fix=_fix(case, layers),
    )


def _fix(case: Case, layers: tuple[str, ...]) -> Fix:
    frozen = "To freeze BatchNormalization on purpose, set layer.trainable = False."
    if case.model is not None and not case.is_loop:
        return Fix(
            "Hand training on to the layers: in train_step call self(x, training=True), and in call give "
            f"its argument training to {names(layers)}. {frozen}",
            "predictions = model(x, training=True)",
        )
    return Fix(
        "Call the model with training=True in the training step: predictions = model(x, training=True). "
        f"{frozen}",
        "with tf.GradientTape() as tape:\n"
        f"    predictions = model(x, training=True)  # for {names(layers)}\n"
        "    loss = tf.reduce_mean(loss_fn(y, predictions))\n"
        "gradients = tape.gradient(loss, model.trainable_variables)\n"
        "optimizer.apply(gradients, model.trainable_variables)",
    )
