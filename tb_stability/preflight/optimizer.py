"""Clipping, number format and trainable layers."""

from __future__ import annotations

from collections.abc import Iterator

from tb_stability.preflight.premises import Premises
from tb_stability.report import Finding

_TIGHT_CLIP = 1e-3


def inspect(premises: Premises) -> Iterator[Finding]:
    """Clipping so tight that it sets the step, float16 without loss scaling, nothing left to train."""
    model = premises.model
    optimizer = model.optimizer
    if optimizer is not None:
        for name in ("clipnorm", "clipvalue", "global_clipnorm"):
            value = getattr(optimizer, name)
            if value is not None and value < _TIGHT_CLIP:
                yield Finding(
                    "clipping_tight",
                    None,
                    f"{name}={value:g} shortens almost every gradient; usual are 0.1 to 10.",
                )
        if model.compute_dtype == "float16" and not optimizer.scales_loss:
            yield Finding(
                "float16_without_loss_scaling",
                None,
                f"The layers compute in float16, and {optimizer.kind} does not scale the loss: gradients "
                "below 6e-8 become 0, and values above 65504 infinite.",
            )
    trained = [layer for layer in model.layers if layer.trainable and (layer.has_kernel or layer.use_bias)]
    if model.kernels and not trained:
        yield Finding(
            "nothing_trainable", None, "No layer with a kernel is trainable: the model cannot learn."
        )
