"""An MLP-mixer: perceptrons along positions and along features in turn. Held out from all tuning."""

from __future__ import annotations

import keras

from faults.networks.parts import head, initializer

VIEW = "sequence"


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    width: int = 24,
    blocks: int = 2,
    activation: str = "relu",
    gain: float = 1.0,
    bias: float = 0.0,
    bias_layer: int = 0,
    normalizes: bool = True,
    is_residual: bool = True,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `embed`, per block `tokens_i`, `up_i`, `down_i` with `norm_ia`, `norm_ib`, and `output`.

    Args:
      shape: Of an input: positions, features.
      outputs: Number of outputs.
      width: Features inside.
      blocks: Number of blocks.
      activation: Of the `tokens` and `up` layers.
      gain: Factor on the initial weights.
      bias: Initial bias of `up` layer `bias_layer`.
      bias_layer: Which one, from 1; 0: all.
      normalizes: Whether there is LayerNormalization.
      is_residual: Whether a part adds to its input.
      dropout: Share of units, behind the pooling.
      output_activation: Activation of the last layer.
    """

    def dense(units: int, name: str, function: str | None = None, start: float = 0.0) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            function,
            kernel_initializer=initializer(gain, function or "linear"),
            bias_initializer=keras.initializers.Constant(start),
            name=name,
        )

    def normalized(x: object, name: str) -> object:
        return keras.layers.LayerNormalization(name=f"norm_{name}")(x) if normalizes else x

    inputs = keras.Input(shape)
    x = dense(width, "embed")(inputs)
    for i in range(1, blocks + 1):
        tokens = keras.ops.transpose(normalized(x, f"{i}a"), (0, 2, 1))
        mixed = keras.ops.transpose(dense(shape[0], f"tokens_{i}", activation)(tokens), (0, 2, 1))
        x = x + mixed if is_residual else mixed
        up = dense(2 * width, f"up_{i}", activation, bias if bias_layer in (0, i) else 0.0)(
            normalized(x, f"{i}b")
        )
        down = dense(width, f"down_{i}")(up)
        x = x + down if is_residual else down
    x = keras.layers.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, head(x, outputs, gain=gain, activation=output_activation, dropout=dropout))
