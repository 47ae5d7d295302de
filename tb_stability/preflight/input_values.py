"""The values of the first batch: NaN, and inputs far from unit scale."""

from __future__ import annotations

from collections.abc import Iterator

from tb_stability.model_facts import ModelFacts
from tb_stability.preflight.premises import Premises, tensor_name
from tb_stability.report import Finding, TensorRange

_LARGE = 20.0
"""Largest |x|; standardised data with outliers stays below."""

_RESCALING = frozenset(
    ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "GroupNormalization")
)
_LOOKUPS = frozenset(("Embedding", "CategoryEncoding", "Discretization", "IntegerLookup", "Hashing"))


def largest(tensor: TensorRange) -> float:
    """Largest |x| of a tensor's finite entries; NaN where there is none."""
    return max(abs(tensor.min), abs(tensor.max))


def is_rescaled(model: ModelFacts) -> bool:
    """Whether a layer in front of the first kernel brings the inputs to unit scale, or looks them up."""
    for layer in model.layers:
        if layer.has_kernel:
            return False
        if layer.kind in _RESCALING | _LOOKUPS:
            return True
    return True  # nothing that a scale could hurt is known


def unscaled(premises: Premises) -> TensorRange | None:
    """Returns the input with the largest |x|, above 20, that goes into a kernel as it is; None without."""
    if is_rescaled(premises.model):
        return None
    large = [t for t in premises.inputs if largest(t) > _LARGE and t.dtype != "bool"]
    return max(large, key=largest, default=None)


def unscaled_target(premises: Premises) -> TensorRange | None:
    """Returns the target with the largest |y|, above 20, where the loss is a mean error; None without."""
    loss = premises.model.loss
    if loss is None or not loss.kind.startswith("Mean"):
        return None
    return max((t for t in premises.targets if largest(t) > _LARGE), key=largest, default=None)


def inspect(premises: Premises) -> Iterator[Finding]:
    """NaN or Inf in the first batch; inputs and regression targets far from unit scale."""
    for tensor in premises.first_batch:
        if tensor.nan or tensor.inf:
            yield Finding(
                "invalid_inputs",
                None,
                f"The {tensor_name(tensor)} of the first batch has {tensor.nan} entries that are NaN and "
                f"{tensor.inf} that are infinite.",
            )
    tensor_or_none = unscaled(premises)
    if tensor_or_none is not None:
        t = tensor_or_none
        yield Finding(
            "unscaled_inputs",
            None,
            f"The {tensor_name(t)} of the first batch ranges from {t.min:.3g} to {t.max:.3g}, with mean "
            f"{t.mean:.3g}; networks learn well from values around 0 with a spread near 1.",
        )
    target = unscaled_target(premises)
    if target is not None:
        yield Finding(
            "unscaled_targets",
            None,
            f"The {tensor_name(target)} of the first batch ranges from {target.min:.3g} to {target.max:.3g}: "
            "so large are the gradients at the start, too. Scaled targets make the usual learning rates fit.",
        )
