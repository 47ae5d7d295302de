"""BatchNormalization over very few examples."""

from __future__ import annotations

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, STANDSTILLS, Case
from tb_stability.diagnosis.words import names, symptom
from tb_stability.preflight.normalization import FEW_EXAMPLES
from tb_stability.report import Fix

_VERY_FEW = 4


def suspect(case: Case) -> Suspect | None:
    """Statistics of a batch that are mostly noise.

    For it: a batch size below 8, a strong sign below 5; statistics that drift, a validation loss far off, an
    unsteady loss, a network that stands still. Against it: a learning rate that rose; frozen statistics (then
    batches are not used at all).
    """
    size = case.batch_size
    layers = case.model.batch_normalizations if case.model is not None else ()
    window = case.first("bn_drift", "generalization_gap", *BREAKDOWNS, *STANDSTILLS)
    if size is None or size >= FEW_EXAMPLES or not layers or window is None:
        return None
    brief = Brief("bn_small_batch")
    text = (
        f"BatchNormalization normalises over {size} example{'s' if size > 1 else ''} (healthy: 16 or more)."
    )
    if size <= _VERY_FEW:
        brief.strong("batch_size", text)
    else:
        brief.weak("batch_size", text)
    for kind in ("bn_drift", "generalization_gap"):
        other = case.first(kind)
        if other is not None:
            brief.strong(
                kind,
                f"{symptom(other)}, as noisy statistics make it.",
            )
    unsteady = case.first(*BREAKDOWNS, *STANDSTILLS)
    if unsteady is not None:
        brief.weak(
            unsteady.kind,
            f"{symptom(unsteady)}.",
        )
    frozen = case.first("bn_statistics_frozen")
    if frozen is not None:
        brief.against(frozen.kind, "The layers run in inference mode, so the batch does not matter to them.")
    if case.observed.rise_before(window.start_step) is not None:
        brief.against("learning_rate", f"The learning rate rose before step {window.start_step}.")
    first = layers[0].layer
    return brief.close(
        layer=first,
        first_step=window.start_step,
        why=f"Batches of {size} are too small for BatchNormalization ({names([n.layer for n in layers])}): "
        "their mean and variance are noise, and differ from the moving statistics that validation uses.",
        fix=Fix(
            f"Train with batches of 32. If memory allows only {size}, replace BatchNormalization with "
            "keras.layers.GroupNormalization, which does not depend on the batch.",
            "model.fit(x, y, batch_size=32)" if not case.is_loop else "dataset = dataset.unbatch().batch(32)",
        ),
        test="re-run with batches of 32",
    )
