"""Two recurrent layers."""

from __future__ import annotations

import keras

from faults.networks.parts import head, initializer

VIEW = "sequence"

_LAYERS = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "simple": keras.layers.SimpleRNN}


def build(
    shape: tuple[int, ...],
    outputs: int,
    *,
    cell: str = "gru",
    width: int = 24,
    depth: int = 2,
    repeats: int = 1,
    activation: str = "tanh",
    gain: float = 1.0,
    recurrent_gain: float = 1.0,
    dropout: float = 0.0,
    output_activation: str | None = None,
) -> keras.Model:
    """Makes `rnn_1`, `rnn_2` and `output`.

    Args:
      shape: Of an input: steps of time, features.
      outputs: Number of outputs.
      cell: `gru`, `lstm` or `simple`.
      width: Units of a layer.
      depth: Number of layers.
      repeats: How many times the sequence is repeated, to make it long.
      activation: Of the layers.
      gain: Factor on the initial weights.
      recurrent_gain: Factor on the orthogonal matrix that the recurrent weights begin with.
      dropout: Share of units, behind the last layer.
      output_activation: Activation of the last layer.
    """
    inputs = x = keras.Input(shape)
    if repeats > 1:
        x = keras.ops.tile(x, (1, repeats, 1))
    for i in range(1, depth + 1):
        recurrent = keras.initializers.Orthogonal(recurrent_gain * (1.0 if gain else 0.0))
        x = _LAYERS[cell](
            width,
            activation=activation,
            kernel_initializer=initializer(gain),
            recurrent_initializer=recurrent,
            return_sequences=i < depth,
            name=f"rnn_{i}",
        )(x)
    return keras.Model(inputs, head(x, outputs, gain=gain, activation=output_activation, dropout=dropout))
