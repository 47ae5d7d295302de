"""A multi-layer perceptron."""

from __future__ import annotations

import keras

from faults.networks.parts import head, initializer

VIEW = "flat"


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    depth: int = 3,
    width: int = 32,
    activation: str = "relu",
    gain: float = 1.0,
    head_gain: float | None = None,
    bias: float = 0.0,
    bias_layer: int = 0,
    cut: int = 0,
    normalizes: bool = False,
    use_bias: bool = True,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `dense_1`, `dense_2`, ... and `output`.

    Args:
      shape: Of an input.
      outputs: Number of outputs.
      depth: Number of hidden layers.
      width: Units of each.
      activation: Of the hidden layers.
      gain: Factor on the initial weights.
      head_gain: That of the last layer, where it is another.
      bias: Initial bias of hidden layer `bias_layer`.
      bias_layer: Which one, from 1; 0: all.
      cut: No gradient passes to this hidden layer and those before it.
      normalizes: Whether BatchNormalization follows each hidden layer.
      use_bias: Whether layers have a bias.
      dropout: Share of units, behind the last hidden layer.
      output_activation: Activation of the last layer.
    """
    inputs = x = keras.Input(shape)
    for i in range(1, depth + 1):
        is_biased = bias_layer in (0, i)
        x = keras.layers.Dense(
            width,
            activation,
            use_bias=use_bias,
            kernel_initializer=initializer(gain, activation),
            bias_initializer=keras.initializers.Constant(bias if is_biased else 0.0),
            name=f"dense_{i}",
        )(x)
        if normalizes:
            x = keras.layers.BatchNormalization(momentum=0.9, name=f"bn_{i}")(x)
        if i == cut:
            x = keras.ops.stop_gradient(x)
    last = gain if head_gain is None else head_gain
    return keras.Model(
        inputs, head(x, outputs, gain=last, activation=output_activation, dropout=dropout, use_bias=use_bias)
    )
