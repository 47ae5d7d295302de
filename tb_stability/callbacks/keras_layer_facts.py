"""Reads the facts of a Keras layer, and follows its output through the graph of a functional model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from tb_stability.measures.tensorflow.layout import normalization_kind
from tb_stability.measures.tensorflow.variables import is_keras_variable
from tb_stability.model_facts import LayerFacts

_MOST_ENTRIES = 1_000_000
"""Entries of a kernel that its standard deviation is taken from; of a larger one, evenly spaced ones."""

PASSING = tuple(
    getattr(keras.layers, name)
    for name in (
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "Flatten"),
        *("Reshape", "Permute", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
        *("ZeroPadding1D", "ZeroPadding2D", "Identity"),
    )
)
"""Layers that neither normalise nor bend what passes through."""

_FUNCTIONS: Mapping[Any, str] = {
    function: name
    for name, function in vars(keras.activations).items()
    if callable(function) and not name.startswith("_") and name not in ("get", "serialize", "deserialize")
}
_FUNCTION_LAYERS = {
    keras.layers.ReLU: "relu",
    keras.layers.LeakyReLU: "leaky_relu",
    keras.layers.ELU: "elu",
    keras.layers.PReLU: "leaky_relu",
    keras.layers.Softmax: "softmax",
}


def layer_facts(name: str, layer: Any) -> LayerFacts:
    """The facts of a layer without layers inside; `name` is its path."""
    kernel, recurrent, bias = (_weight(layer, role) for role in ("kernel", "recurrent_kernel", "bias"))
    fan_in, fan_out = (0, 0) if kernel is None else _fans(layer, kernel.shape)
    followers = list(_followers(layer))
    activation = activation_of(layer)
    following = [activation] if activation not in ("", "linear") else []
    following += [found for follower in followers if (found := activation_of(follower)) not in ("", "linear")]
    gain = math.nan if recurrent is None else _std(recurrent) * math.sqrt(max(recurrent.shape))
    initializer = getattr(layer, "kernel_initializer", None)
    return LayerFacts(
        layer=name,
        kind=_kind(layer),
        activation=activation,
        next_activation=following[0] if following else activation if _is_last(layer) else "",
        initializer="" if initializer is None or kernel is None else type(initializer).__name__,
        fan_in=fan_in,
        fan_out=fan_out,
        weight_std=math.nan if kernel is None else _std(kernel),
        recurrent_gain=gain,
        units=units_of(layer),
        use_bias=bias is not None,
        bias_mean=math.nan if bias is None else float(np.mean(bias)),
        is_normalized=any(normalization_kind(follower) for follower in followers),
        has_batch_normalization_next=activation == "linear"
        and bool(followers)
        and normalization_kind(followers[0]) == "BatchNormalization",
        trainable=bool(layer.trainable),
        dropout=_dropout(layer),
    )


def _kind(layer: Any) -> str:
    """The class of Keras that a layer is or derives from."""
    for kind in type(layer).__mro__:
        if kind.__module__.startswith("keras."):
            return kind.__name__
    return type(layer).__name__


def activation_of(layer: Any) -> str:
    """Name of a layer's function in `keras.activations`; "" where it has none, or one of the user's own."""
    for kind, name in _FUNCTION_LAYERS.items():
        if isinstance(layer, kind):
            return "leaky_relu" if getattr(layer, "negative_slope", 0.0) and name == "relu" else name
    function = vars(layer).get("activation") if layer is not None else None
    try:
        return _FUNCTIONS.get(function, "") if callable(function) else ""
    except TypeError:  # a callable that has no hash
        return ""


def _dropout(layer: Any) -> float:
    """The share that a layer drops; 0 where it drops nothing, or is of the user's own."""
    share = getattr(layer, "rate" if "Dropout" in _kind(layer) else "dropout", 0.0)
    return float(share) if isinstance(share, (int, float)) else 0.0


def _followers(layer: Any) -> Iterator[Any]:
    """The layers that its output goes through, up to and without the next kernel; nothing where it splits."""
    for _ in range(12):
        nodes = getattr(layer, "_outbound_nodes", [])
        operations = list({id(n.operation): n.operation for n in nodes}.values())
        if len(operations) != 1 or not isinstance(operations[0], keras.layers.Layer):
            return
        (layer,) = operations
        if hasattr(layer, "kernel") or isinstance(layer, keras.Model):
            return
        yield layer
        bends = activation_of(layer) not in ("", "linear")
        passes = isinstance(layer, (*PASSING, keras.layers.Activation))
        if not (bends or passes or normalization_kind(layer)):
            return


def _is_last(layer: Any) -> bool:
    return not getattr(layer, "_outbound_nodes", [])


def units_of(layer: Any) -> int:
    """Size of the last axis of a layer's output; 0 where it is not known."""
    try:
        return int(layer.output.shape[-1] or 0)
    except Exception:  # never called, or called several times, or several outputs
        units = getattr(layer, "units", getattr(layer, "filters", 0))
        return int(units) if isinstance(units, int) else 0


def _weight(layer: Any, role: str) -> Any:
    """A weight of a layer as an array; None where it has none, or no value yet."""
    if layer is None or not getattr(layer, "built", False):
        return None
    variable: Any = getattr(layer, role, None)
    if not is_keras_variable(variable):
        variable = getattr(layer, f"_{role}", None)  # Dense and its like, with LoRA
    if not is_keras_variable(variable):
        return None
    return variable.value.numpy().astype(np.float32, copy=False)


def _std(weight: Any) -> float:
    flat = weight.reshape(-1)
    return float(np.std(flat[:: max(1, -(-flat.size // _MOST_ENTRIES))], dtype=np.float64))


def _fans(layer: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of a unit: of `EinsumDense` the axes that are summed over, and those it makes."""
    equation = getattr(layer, "equation", None)
    if isinstance(equation, str) and "->" in equation:
        given, made = equation.replace(".", "").split("->")
        inputs, kernel = given.split(",")
        if len(kernel) == len(shape):
            axes = list(zip(kernel, shape, strict=True))
            fan_in = math.prod(size for axis, size in axes if axis not in made)
            return fan_in, math.prod(size for axis, size in axes if axis in made and axis not in inputs)
    if len(shape) < 2:
        return (int(shape[0]), int(shape[0])) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return int(shape[-2] * field), int(shape[-1] * field)
