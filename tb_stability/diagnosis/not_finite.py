"""What the first step that was not finite tells: shared by the causes of NaN and Inf."""

from __future__ import annotations

import dataclasses
import math

from tb_stability.diagnosis.brief import Brief
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.observed import NotFinite
from tb_stability.diagnosis.words import HEALTHY_RATIO, LARGE_RATIO, number, phrase
from tb_stability.windows import Window

_GREW = ("loss_divergence", "exploding_gradient", "update_ratio_high")


@dataclasses.dataclass(frozen=True)
class FirstNotFinite:
    """The first step that was not finite.

    Attributes:
      window: Its window.
      first: What was NaN or Inf at it.
      ratio: Largest update ratio before it; NaN where not known.
    """

    window: Window
    first: NotFinite
    ratio: float


def first_not_finite(case: Case) -> FirstNotFinite | None:
    """Returns what is known of the first NaN or Inf; None where there was none."""
    window, first = case.first("non_finite"), case.observed.not_finite
    if window is None or first is None:
        return None
    return FirstNotFinite(window, first, case.observed.healthy(lambda p: p.update_ratio, first.step))


def is_first_layer_alone(case: Case, first: NotFinite) -> bool:
    """Whether the gradient of the first kernel, and no other, was not finite: a ReLU makes 0 of NaN."""
    kernels = case.model.kernels if case.model is not None else ()
    return len(kernels) > 1 and first.layers == (kernels[0].layer,)


def is_near_input(case: Case, first: NotFinite) -> bool:
    """Whether the gradient of the first kernel was not finite, and that of the last one was."""
    kernels = case.model.kernels if case.model is not None else ()
    return len(kernels) > 1 and kernels[0].layer in first.layers and kernels[-1].layer not in first.layers


def has_own_loss(case: Case) -> bool:
    """Whether the model was compiled with a loss that is no class of Keras."""
    return case.model is not None and case.model.loss is not None and not case.model.loss.kind


def weigh_sudden(brief: Brief, case: Case, found: FirstNotFinite) -> None:
    """Whether the value arose out of the blue, or training blew up before: for causes of the former kind."""
    grew = case.before(found.first.step, *_GREW)
    if grew is not None:
        brief.against(
            grew.kind,
            f"Training blew up before: {phrase(grew.kind)} from step {grew.start_step} on.",
        )
    elif not found.first.weights_were_finite:
        brief.against("weight_norm", "Weights were NaN or Inf already.")
    else:
        brief.weak(
            "weight_norm",
            f"All weights and everything before step {found.first.step} were finite, without a symptom.",
        )
    if math.isfinite(found.ratio) and found.ratio > LARGE_RATIO:
        brief.doubt(
            "update_ratio", f"Updates were {number(found.ratio)} of the weights before ({HEALTHY_RATIO})."
        )
