"""A model that learns its training data by heart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.case import BREAKDOWNS, Case
from tb_stability.diagnosis.unrelated_targets import never_better_than_guessing
from tb_stability.diagnosis.validation_mismatch import far_from_the_start
from tb_stability.diagnosis.words import number, symptom
from tb_stability.preflight.normalization import FEW_EXAMPLES, LEFT_OVER, share_left
from tb_stability.report import Fix

_ROSE = 1.05
_BEFORE_LEAP = 3


def suspect(case: Case) -> Suspect | None:
    """A validation loss that rises while the training loss falls.

    For it: the window `generalization_gap`; a validation loss above its best; a training loss that fell.
    Against it: BatchNormalization whose moving statistics lag or come from tiny batches, with which
    validation is off for another reason; a validation loss that leaps, as where the data changed, that was
    far off from the beginning, or that never was better than guessing; training that broke down.
    """
    window = case.first("generalization_gap")
    if window is None:
        return None
    brief = Brief("overfitting")
    step = window.start_step
    brief.strong(window.kind, f"The validation loss moves away from the training loss from step {step} on.")
    values = [loss for _, loss in case.observed.validation if math.isfinite(loss)]
    if len(values) >= 2 and values[-1] > _ROSE * min(values):
        brief.weak(
            "val_loss",
            f"The validation loss is {number(values[-1])}; at its best it was {number(min(values))}.",
        )
    first, last = case.observed.first_loss, case.observed.last_loss
    if last < first:
        brief.weak("loss", f"The training loss fell from {number(first)} to {number(last)}.")
    layers = case.model.batch_normalizations if case.model is not None else ()
    if layers:
        momentum = max(n.momentum for n in layers)
        if share_left(momentum, step + 1) > LEFT_OVER:
            brief.against(
                "momentum", f"The moving statistics of BatchNormalization lag behind (momentum {momentum:g})."
            )
        if case.batch_size is not None and case.batch_size < FEW_EXAMPLES:
            brief.against(
                "batch_size", f"BatchNormalization with batches of {case.batch_size} is off in validation."
            )
    leap = _leap(values)
    if leap is not None:
        brief.against(
            "val_loss",
            f"From one evaluation to the next the validation loss leapt from {number(leap[0])} to "
            f"{number(leap[1])}, by more than it had ever fallen: overfitting comes gradually.",
        )
    far = far_from_the_start(case)
    if math.isfinite(far):
        brief.against(
            "val_loss",
            f"The validation loss was {number(far)} at its first evaluation: overfitting comes later.",
        )
    elif never_better_than_guessing(case):
        brief.doubt(
            "val_loss",
            f"The validation loss was never better than guessing (best: {number(min(values))}; "
            f"{case.guessing_words}): most that overfit get better first.",
        )
    drift = case.before(step, "bn_drift")
    if drift is not None:
        brief.against(drift.kind, f"{symptom(drift)}: the data changed, or the layers in front did.")
    broke = case.first(*BREAKDOWNS, "bn_statistics_frozen")
    if broke is not None:
        brief.doubt(broke.kind, f"{symptom(broke)}.")
    return brief.close(
        layer=None,
        first_step=step,
        why=f"The model overfits: from step {step} on it gets better on its training data and not on the "
        "validation data.",
        fix=Fix(
            "Stop at the best validation loss, and add what regularizes: more data or augmentation, "
            "Dropout, weight decay, a smaller model.",
            'stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, '
            "restore_best_weights=True)\n"
            "model.fit(x, y, validation_split=0.2, epochs=100, callbacks=[stopping])",
        ),
        test="compare with training on more data",
    )


def _leap(values: Sequence[float]) -> tuple[float, float] | None:
    """The first two values in a row between which the loss rises by more than it had fallen; None without."""
    for i in range(_BEFORE_LEAP, len(values)):
        fall = values[0] - min(values[:i])
        if values[i] - values[i - 1] > fall > 0.0:
            return values[i - 1], values[i]
    return None
