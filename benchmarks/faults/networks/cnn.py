"""A convolutional network with BatchNormalization."""

from __future__ import annotations

from typing import Any

import keras

from faults.networks.parts import head, initializer

VIEW = "image"


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    activation: str = "relu",
    gain: float = 1.0,
    bias: float = 0.0,
    bias_layer: int = 0,
    momentum: float = 0.9,
    normalizes: bool = True,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `conv_1`, `bn_1`, `act_1`, ... of three convolutions, and `output`.

    Args:
      shape: Of an input.
      outputs: Number of outputs.
      activation: Behind each normalization.
      gain: Factor on the initial weights.
      bias: Initial beta (without normalization: bias) of convolution `bias_layer`.
      bias_layer: Which one, from 1; 0: all.
      momentum: Of BatchNormalization; larger is slower.
      normalizes: Whether there is BatchNormalization.
      dropout: Share of units, behind the pooling.
      output_activation: Activation of the last layer.
    """
    inputs = x = keras.Input(shape)
    for i, channels in enumerate((8, 16, 16), 1):
        start: Any = keras.initializers.Constant(bias if bias_layer in (0, i) else 0.0)
        x = keras.layers.Conv2D(
            channels,
            3,
            strides=2 if i == 2 and min(shape[:2]) > 3 else 1,
            padding="same",
            use_bias=not normalizes,
            kernel_initializer=initializer(gain, activation),
            bias_initializer="zeros" if normalizes else start,
            name=f"conv_{i}",
        )(x)
        if normalizes:
            x = keras.layers.BatchNormalization(momentum=momentum, beta_initializer=start, name=f"bn_{i}")(x)
        x = keras.layers.Activation(activation, name=f"act_{i}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, head(x, outputs, gain=gain, activation=output_activation, dropout=dropout))
