"""A small transformer encoder, normalizing before each part."""

from __future__ import annotations

import keras

from faults.networks.parts import head, initializer

VIEW = "sequence"


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    width: int = 24,
    blocks: int = 1,
    activation: str = "gelu",
    gain: float = 1.0,
    bias: float = 0.0,
    bias_layer: int = 0,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `embed`, per block `attention_i`, `up_i`, `down_i`, `norm_ia`, `norm_ib`, and `output`.

    Args:
      shape: Of an input: positions, features.
      outputs: Number of outputs.
      width: Features inside.
      blocks: Number of blocks.
      activation: Of the `up` layers.
      gain: Factor on the initial weights.
      bias: Initial bias of `up` layer `bias_layer`.
      bias_layer: Which one, from 1; 0: all.
      dropout: Share of units, behind the pooling.
      output_activation: Activation of the last layer.
    """
    inputs = keras.Input(shape)
    start = initializer(gain)
    x = keras.layers.Dense(width, kernel_initializer=start, name="embed")(inputs)
    positions = keras.layers.Embedding(shape[0], width, name="positions")
    x = x + positions(keras.ops.arange(shape[0]))
    for i in range(1, blocks + 1):
        normalized = keras.layers.LayerNormalization(name=f"norm_{i}a")(x)
        attention = keras.layers.MultiHeadAttention(
            2, width // 2, kernel_initializer=initializer(gain), name=f"attention_{i}"
        )
        x = x + attention(normalized, normalized)
        normalized = keras.layers.LayerNormalization(name=f"norm_{i}b")(x)
        up = keras.layers.Dense(
            2 * width,
            activation,
            kernel_initializer=initializer(gain, activation),
            bias_initializer=keras.initializers.Constant(bias if bias_layer in (0, i) else 0.0),
            name=f"up_{i}",
        )
        x = x + keras.layers.Dense(width, kernel_initializer=initializer(gain), name=f"down_{i}")(
            up(normalized)
        )
    x = keras.layers.GlobalAveragePooling1D(name="pool")(keras.layers.LayerNormalization(name="norm")(x))
    return keras.Model(inputs, head(x, outputs, gain=gain, activation=output_activation, dropout=dropout))
