"""Which initializer fits an activation function, and what standard deviation of the weights that means."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from tb_stability.model_facts import LayerFacts

RECTIFIERS = frozenset(("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "swish", "mish", "hard_silu"))
"""Functions that pass about half of the variance on."""

SQUASHERS = frozenset(("tanh", "sigmoid", "softsign", "hard_sigmoid", "hard_tanh"))
"""Functions with two bounds."""


@dataclasses.dataclass(frozen=True)
class Fitting:
    """An initializer that keeps the variance of the signal from layer to layer.

    Attributes:
      name: As Keras takes it in `kernel_initializer`.
      kind: Its class in `keras.initializers`.
      std: Standard deviation of the weights.
    """

    name: str
    kind: str
    std: float


def fitting_of(layer: LayerFacts) -> Fitting:
    r"""Returns the initializer that fits the function behind a layer with a kernel.

        He      sqrt(2 / fan_in)               ReLU and its relatives
        LeCun   sqrt(1 / fan_in)               SELU
        Glorot  sqrt(2 / (fan_in + fan_out))   tanh, sigmoid, softmax, linear, unknown

    Sources: He et al., Delving deep into rectifiers, 2015, section 2.2; Klambauer et al., Self-normalizing
    neural networks, 2017; Glorot and Bengio, Understanding the difficulty of training deep feedforward
    neural networks, 2010, equation 12.
    """
    if layer.next_activation in RECTIFIERS:
        return Fitting("he_normal", "HeNormal", math.sqrt(2.0 / layer.fan_in))
    if layer.next_activation == "selu":
        return Fitting("lecun_normal", "LecunNormal", math.sqrt(1.0 / layer.fan_in))
    return Fitting("glorot_uniform", "GlorotUniform", math.sqrt(2.0 / (layer.fan_in + layer.fan_out)))


def decades_of_sigmoids(hidden: Sequence[LayerFacts]) -> float:
    """Returns the powers of ten that sigmoids alone take from a gradient: log10(4) for each, at least.

    The derivative of a sigmoid is a quarter at most. Layers that are normalised do not count.
    """
    return math.log10(4.0) * sum(f.next_activation == "sigmoid" and not f.is_normalized for f in hidden)


def usual_range(layer: LayerFacts) -> tuple[float, float]:
    """Returns the least and the largest standard deviation among He, LeCun, Glorot and the fitting one.

    A layer that widens a lot gets far less from Glorot than from He, and is as Keras makes it all the same.
    """
    he, lecun = math.sqrt(2.0 / layer.fan_in), math.sqrt(1.0 / layer.fan_in)
    both = (he, lecun, math.sqrt(2.0 / (layer.fan_in + layer.fan_out)))
    return min(both), max(both)


def scale_of(layer: LayerFacts) -> float:
    """Returns the measured standard deviation over the fitting one; NaN without a kernel."""
    return layer.weight_std / fitting_of(layer).std if layer.has_kernel else math.nan
