"""Validation data that was prepared in another way than the training data."""

from __future__ import annotations

import math

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, Case
from tb_stability.diagnosis.words import names, number, symptom
from tb_stability.report import Fix

FAR = 2.0
"""Times the first training loss, and that of guessing, above which no validation begins by overfitting."""

_FIX = Fix(
    "Prepare validation data by the very same steps as training data: the same scaling with the numbers "
    "fitted on the training data, the same order of channels, the same coding of classes. The code evaluates "
    "training data in the same way: if that is good, the data is to blame, and not the evaluation.",
    "print(model.evaluate(x, y, verbose=0))  # the training data, as validation sees it",
)


def far_from_the_start(case: Case) -> float:
    """The first validation loss, where it was far above what any model has that knows nothing; else NaN."""
    if not case.observed.validation:
        return math.nan
    start = max(case.observed.first_loss, case.guessing if math.isfinite(case.guessing) else -math.inf)
    first = case.observed.first_validation
    return first if first > FAR * start > 0.0 else math.nan


def suspect(case: Case) -> Suspect | None:
    """Inputs scaled for training alone, other channels, other classes: validation is off from the beginning.

    For it: the first validation loss far above the first training loss, and above guessing; none that ever
    came down to it, while the training loss fell. Against it: BatchNormalization, whose moving statistics may
    lag; a training that broke down.
    """
    window = case.first("generalization_gap")
    first = far_from_the_start(case)
    if window is None or math.isnan(first):
        return None
    brief = Brief("validation_mismatch")
    observed = case.observed
    brief.strong(
        "val_loss",
        f"The first validation loss was {number(first)}, when training had begun at "
        f"{number(observed.first_loss)}: no network that learned nothing is so wrong.",
    )
    best = observed.best_validation
    if best > max(observed.first_loss, first / 2):
        brief.strong("val_loss", f"It never came below {number(best)}, while the training loss fell.")
    else:
        brief.against("val_loss", f"It came down to {number(best)} later.")
    layers = case.model.batch_normalizations if case.model is not None else ()
    if layers:
        brief.against(
            "momentum",
            f"The moving statistics of BatchNormalization ({names([n.layer for n in layers])}), which "
            "validation uses, may be off.",
        )
    broke = case.first(*BREAKDOWNS)
    if broke is not None:
        brief.doubt(broke.kind, f"{symptom(broke)}.")
    return brief.close(
        layer=None,
        first_step=window.start_step,
        why=f"The validation data seems to be prepared in another way than the training data: its loss was "
        f"{number(first)} at the first evaluation, {number(first / observed.first_loss)} times the first "
        "training loss, and never came near it.",
        fix=_FIX,
        test="evaluate the training data, and compare the ranges of both inputs",
    )
