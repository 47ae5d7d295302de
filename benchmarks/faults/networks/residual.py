"""A residual convolutional network with GroupNormalization. Held out from all tuning."""

from __future__ import annotations

import keras

from faults.networks.parts import head, initializer

VIEW = "image"


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    blocks: int = 2,
    channels: int = 12,
    activation: str = "relu",
    gain: float = 1.0,
    bias: float = 0.0,
    bias_layer: int = 0,
    normalizes: bool = True,
    batch_normalizes: bool = False,
    momentum: float = 0.9,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `stem`, per block `conv_ia`, `conv_ib` with `norm_ia`, `norm_ib`, and `output`.

    Args:
      shape: Of an input.
      outputs: Number of outputs.
      blocks: Number of blocks.
      channels: Channels inside.
      activation: In front of each convolution of a block.
      gain: Factor on the initial weights.
      bias: Initial bias of the first convolution of block `bias_layer`, which a ReLU follows.
      bias_layer: Which one, from 1; 0: all.
      normalizes: Whether there is a normalization at all.
      batch_normalizes: BatchNormalization in place of GroupNormalization.
      momentum: Of BatchNormalization.
      dropout: Share of units, behind the pooling.
      output_activation: Activation of the last layer.
    """

    def part(x: object, name: str, start: float) -> object:
        if normalizes:
            x = (
                keras.layers.BatchNormalization(momentum=momentum, name=f"norm_{name}")
                if batch_normalizes
                else keras.layers.GroupNormalization(4, name=f"norm_{name}")
            )(x)
        x = keras.layers.Activation(activation, name=f"act_{name}")(x)
        return keras.layers.Conv2D(
            channels,
            3,
            padding="same",
            kernel_initializer=initializer(gain, activation),
            bias_initializer=keras.initializers.Constant(start),
            name=f"conv_{name}",
        )(x)

    inputs = keras.Input(shape)
    x = keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer=initializer(gain), name="stem")(
        inputs
    )
    for i in range(1, blocks + 1):
        biased = bias if bias_layer in (0, i) else 0.0
        x = keras.layers.Add(name=f"add_{i}")([x, part(part(x, f"{i}a", biased), f"{i}b", 0.0)])
    x = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Activation(activation, name="act")(x))
    return keras.Model(inputs, head(x, outputs, gain=gain, activation=output_activation, dropout=dropout))
