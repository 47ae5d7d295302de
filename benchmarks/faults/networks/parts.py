"""What the architectures share."""

from __future__ import annotations

from typing import Any

import keras


def initializer(gain: float, activation: str = "linear") -> Any:
    """Returns He's initializer for a ReLU and Glorot's for others, times `gain`."""
    if gain == 0:
        return keras.initializers.Zeros()
    is_relu = activation in ("relu", "elu", "gelu", "silu")
    scale, mode = (2.0, "fan_in") if is_relu else (1.0, "fan_avg")
    return keras.initializers.VarianceScaling(scale * gain**2, mode, "untruncated_normal")


def head(
    x: Any,
    outputs: int,
    *,
    gain: float = 1.0,
    activation: str | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> Any:
    """The last layer; logits, or whatever an activation makes of them. In float32 always."""
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.layers.Dense(
        outputs, activation, kernel_initializer=initializer(gain), name="output", dtype="float32", **options
    )(x)
