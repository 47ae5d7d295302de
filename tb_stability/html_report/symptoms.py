"""What the tab calls kinds of windows and statuses: the same letters and words as in `frontend/src/lib/`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tb_stability.report import Status


@dataclasses.dataclass(frozen=True)
class Symptom:
    """A kind of window.

    Attributes:
      letter: What stands on its bar.
      name: As a title.
      meaning: In one sentence; `""` for a kind of a newer version.
    """

    letter: str
    name: str
    meaning: str


SYMPTOMS: Mapping[str, Symptom] = {
    "non_finite": Symptom(
        "N",
        "Not finite",
        "A value became NaN or infinite: from here on the weights that it touched are lost.",
    ),
    "loss_spike": Symptom("S", "Loss spike", "The loss jumped far above its recent level and came back."),
    "loss_divergence": Symptom("D", "Loss divergence", "The loss rose and stayed up, instead of going down."),
    "loss_oscillation": Symptom(
        "O",
        "Loss oscillation",
        "The loss swings up and down around a level and gets nowhere, as when the steps are too long.",
    ),
    "loss_plateau": Symptom(
        "P", "Loss plateau", "The loss stands still although hardly anything has been learned yet."
    ),
    "exploding_gradient": Symptom(
        "E",
        "Exploding gradient",
        "The gradient grew far beyond its usual size, so the next update throws the weights away.",
    ),
    "vanishing_gradient": Symptom(
        "V", "Vanishing gradient", "Hardly any gradient reaches this layer, so it does not learn."
    ),
    "update_ratio_high": Symptom(
        "H",
        "Updates too large",
        "An update changes the weights by a large part of their own size; around 1e-3 is usual.",
    ),
    "update_ratio_low": Symptom(
        "L",
        "Updates too small",
        "The updates are tiny against the weights, so the layer stands still; around 1e-3 is usual.",
    ),
    "dead_units": Symptom(
        "X",
        "Dead units",
        "Most units of the layer give zero for every example, batch after batch, so they do not learn.",
    ),
    "saturated_units": Symptom(
        "T",
        "Saturated units",
        "Most outputs of the layer sit at the flat ends of its function, where no gradient passes.",
    ),
    "bn_drift": Symptom(
        "B",
        "BatchNormalization drift",
        "Gamma, beta or the moving statistics move ten times as fast as before, as when the inputs change.",
    ),
    "bn_statistics_frozen": Symptom(
        "F",
        "BatchNormalization statistics frozen",
        "Gamma and beta are trained, but the moving statistics do not move: "
        "the layer runs in inference mode.",
    ),
    "generalization_gap": Symptom(
        "G",
        "Generalization gap",
        "The validation loss rises far above its best while the training loss goes on falling.",
    ),
}

STATUS_NAMES: Mapping[Status, str] = {
    "diverged": "Diverged",
    "unstable": "Unstable",
    "not_learning": "Not learning",
    "warning": "Warning",
    "unknown": "Unknown",
    "healthy": "Healthy",
}
"""Worst first."""


def symptom(kind: str) -> Symptom:
    """A kind of a newer version is shown by its own name."""
    return SYMPTOMS.get(kind) or Symptom("?", kind.replace("_", " "), "")


def kind_class(kind: str) -> str:
    """The class of the style sheet that has the colour of a kind."""
    return f"kind-{kind if kind in SYMPTOMS else 'unknown'}"
