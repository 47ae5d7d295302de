"""The output activation against the loss and the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tb_stability.model_facts import LossFacts, ModelFacts
from tb_stability.preflight.premises import Premises
from tb_stability.report import Finding, TensorRange

KIND = "output_loss_mismatch"

_OF_CLASSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalFocalCrossentropy")
_BINARY = ("BinaryCrossentropy", "BinaryFocalCrossentropy")
_VALUE_BY_VALUE = (
    *("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError"),
    *("MeanSquaredLogarithmicError", "Huber", "LogCosh", *_BINARY),
)
"""Losses that compare an output with a target of the same place: it has to reach it."""
_PROBABILITIES = ("softmax", "sigmoid")
_RANGES = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, float("inf"))}


def inspect(premises: Premises) -> Iterator[Finding]:
    """A mismatch of output and loss; the first that holds. `from_logits` as the loss object has it."""
    model = premises.model
    if not model.output_layer or model.loss is None:
        return
    text = _mismatch(model.loss, model.output_activation, model.output_units) or _of_targets(
        model.loss, model.output_activation, model.output_units, premises.targets
    )
    if text:
        yield Finding(KIND, model.output_layer, f"Layer {model.output_layer}: {text}")


def _mismatch(loss: LossFacts, activation: str, units: int) -> str:
    if activation == "softmax" and units == 1:
        return "softmax over one unit is always 1, so the model has one answer for every input."
    if loss.kind not in (*_OF_CLASSES, *_BINARY):
        return ""
    if loss.from_logits and activation in _PROBABILITIES:
        return f"{activation} is applied twice, since {loss.kind}(from_logits=True) applies it, too."
    if loss.from_logits is False and activation == "linear":
        return (
            f"the outputs are logits (no activation), but {loss.kind}(from_logits=False) takes them for "
            "probabilities and cuts them off at 0 and 1."
        )
    if activation in ("relu", "leaky_relu", "tanh", "elu"):
        return f"{activation} gives no probability or logit that {loss.kind} can learn from."
    if loss.kind in _OF_CLASSES and activation == "sigmoid" and units > 1:
        return (
            f"sigmoid gives {units} independent probabilities, but {loss.kind} needs ones that add up to 1."
        )
    if loss.kind in _OF_CLASSES and units == 1:
        return f"one output unit is one class for {loss.kind}; there is nothing to tell apart."
    return ""


def _of_targets(loss: LossFacts, activation: str, units: int, targets: tuple[TensorRange, ...]) -> str:
    if len(targets) != 1:
        return ""
    least, most = targets[0].min, targets[0].max
    if loss.kind == "SparseCategoricalCrossentropy" and units and (most >= units or least < 0):
        return (
            f"the targets are classes {least:.3g} to {most:.3g}, but it has {units} units (0 to {units - 1})."
        )
    if loss.kind in (*_BINARY, "CategoricalCrossentropy") and (most > 1 or least < 0):
        return f"{loss.kind} needs targets in 0 to 1, but the first batch has {least:.3g} to {most:.3g}."
    low, high = _reach(activation)
    if loss.kind in _VALUE_BY_VALUE and (least < low or most > high):
        return (
            f"{activation} reaches {low:g} to {high:g}, but the targets range from {least:.3g} to {most:.3g}."
        )
    return ""


def share_out_of_reach(model: ModelFacts, first_batch: Sequence[TensorRange]) -> float:
    """Returns the share of the range of the targets that the output activation does not reach.

    0 where it reaches all of it, where there are several targets, and where the loss is none that compares
    value by value: targets that are classes, or whatever a loss of the user's own makes of them.
    """
    targets = [tensor for tensor in first_batch if tensor.role == "target"]
    is_compared = model.loss is not None and model.loss.kind in _VALUE_BY_VALUE
    if len(targets) != 1 or not is_compared or not targets[0].max > targets[0].min:
        return 0.0
    low, high = _reach(model.output_activation)
    least, most = targets[0].min, targets[0].max
    return (max(0.0, low - least) + max(0.0, most - high)) / (most - least)


def _reach(activation: str) -> tuple[float, float]:
    return _RANGES.get(activation, (-float("inf"), float("inf")))
