"""BatchNormalization over very few examples."""

from __future__ import annotations

import math
import statistics

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, STANDSTILLS, Case
from tb_stability.diagnosis.words import names, number, symptom
from tb_stability.preflight.normalization import FEW_EXAMPLES
from tb_stability.report import Fix

_VERY_FEW = 4
_WORSE = 1.25
_EVALUATIONS = 4
_FIRST_LOSSES = 20


def suspect(case: Case) -> Suspect | None:
    """Statistics of a batch that are mostly noise.

    For it: a batch size below 8, a strong sign below 5; statistics that drift, a validation loss far off, an
    unsteady loss, a network that stands still. Against it: a learning rate that rose; frozen statistics (then
    batches are not used at all).

    Without a symptom: a validation loss that is worse to the end than training was at its start.
    """
    size = case.batch_size
    layers = case.model.batch_normalizations if case.model is not None else ()
    window = case.first("bn_drift", "generalization_gap", *BREAKDOWNS, *STANDSTILLS)
    is_off = not case.serious and _ends_worse_than_it_began(case)
    if size is None or size >= FEW_EXAMPLES or not layers or (window is None and not is_off):
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
    if size == 1 and window is not None and _has_no_positions(case):
        brief.strong(
            "batch_size", "Behind a Dense layer the mean over one example is the example: nothing is left."
        )
    if is_off:
        brief.strong(
            "val_loss",
            f"The validation loss ends at {number(case.observed.validation[-1][1])}; training began at "
            f"{number(_start(case))}.",
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
    first_step = window.start_step if window is not None else case.observed.validation[-1][0]
    if case.observed.rise_before(first_step) is not None:
        brief.against("learning_rate", f"The learning rate rose before step {first_step}.")
    first = layers[0].layer
    what = "their mean and variance are noise, and differ from the moving statistics that validation uses"
    if size == 1 and _has_no_positions(case):
        what = "the mean over one example is the example itself, so nothing of it is left"
    return brief.close(
        layer=first,
        first_step=first_step,
        why=f"Batches of {size} are too small for BatchNormalization ({names([n.layer for n in layers])}): "
        f"{what}.",
        fix=Fix(
            f"Train with batches of 32. If memory allows only {size}, replace BatchNormalization with "
            "keras.layers.GroupNormalization, which does not depend on the batch.",
            "model.fit(x, y, batch_size=32)" if not case.is_loop else "dataset = dataset.unbatch().batch(32)",
        ),
        test="re-run with batches of 32",
    )


def _start(case: Case) -> float:
    """Median of the first training losses, which small batches scatter; NaN without any."""
    losses = [p.loss for p in case.observed.points if math.isfinite(p.loss)][:_FIRST_LOSSES]
    return statistics.median(losses) if losses else math.nan


def _ends_worse_than_it_began(case: Case) -> bool:
    """Whether the last four validation losses all lie above the first training losses, by a quarter."""
    last = [loss for _, loss in case.observed.validation][-_EVALUATIONS:]
    return len(last) == _EVALUATIONS and min(last) > _WORSE * _start(case) > 0.0


def _has_no_positions(case: Case) -> bool:
    """Whether BatchNormalization follows a Dense layer, which has one value a unit and example."""
    layers = case.model.layers if case.model is not None else ()
    return any(layer.kind == "Dense" and layer.has_batch_normalization_next for layer in layers)
