"""Dead units and saturated outputs of the layers with an activation function.

While a step is traced or run, we stand in front of the `call` of those layers, and note
what their function returned. The model stays as it is: no layer is replaced and no operation comes
between a layer and its consumers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.reference import ACTIVATION_SAMPLE, SATURATION_MARGIN
from tb_stability.measures.tensorflow.call_hooks import CallHooks
from tb_stability.measures.tensorflow.layout import layers_of
from tb_stability.measures.tensorflow.once_traced import once_traced
from tb_stability.measures.tensorflow.reachable import is_reachable
from tb_stability.measures.tensorflow.shadow import shadow


@dataclasses.dataclass(frozen=True)
class _Function:
    """What can be measured of a function.

    Attributes:
      name: Its name in `keras.activations`.
      dies: Whether it is exactly 0, with a gradient of 0, on an interval of inputs.
      low: Its lower bound, if it saturates there.
      high: Its upper bound, if it saturates there.
      width: Distance between its bounds.
    """

    name: str
    dies: bool = False
    low: float = -math.inf
    high: float = math.inf
    width: float = 0.0


_FUNCTIONS = (
    _Function("relu", dies=True),
    # That half of the outputs are 0 is the purpose of a ReLU: its lower bound is no saturation.
    _Function("relu6", dies=True, high=6.0, width=6.0),
    _Function("sigmoid", low=0.0, high=1.0, width=1.0),
    _Function("tanh", low=-1.0, high=1.0, width=2.0),
    _Function("softsign", low=-1.0, high=1.0, width=2.0),
    _Function("hard_tanh", low=-1.0, high=1.0, width=2.0),
    _Function("hard_sigmoid", dies=True, low=0.0, high=1.0, width=1.0),
    _Function("sparse_sigmoid", dies=True, low=0.0, high=1.0, width=1.0),
    _Function("hard_silu", dies=True),
    _Function("sparse_plus", dies=True),
    _Function("soft_shrink", dies=True),
    _Function("hard_shrink", dies=True),
)
"""Others are left out. softmax and sparsemax: a class of no probability is an answer. ELU, SELU, GELU, SiLU
and other smooth or leaky ones are flat nowhere, and have no second bound to measure a range from."""

_BY_OBJECT: Mapping[Any, _Function] = {
    getattr(module, function.name): function
    for function in _FUNCTIONS
    for module in (keras.activations, keras.ops, tf.nn)
    if hasattr(module, function.name)
}
"""By the function itself: what is only named like one may be anything."""


class ActivationShares:
    """The shares of dead units and of saturated outputs, in the step that is traced or run.

    Looked at are the layers whose attribute `activation` is one of `_FUNCTIONS`, and ReLU layers. Of a layer
    that is called several times, the last call counts. The model is not kept alive.

    Args:
      model: The model that is trained.
      harmless: Makes a context in which an error of ours is a warning.
    """

    def __init__(
        self, model: keras.Model, harmless: Callable[[str], contextlib.AbstractContextManager[None]]
    ) -> None:
        recognized = [(layer, _function_of(layer)) for _, layer in layers_of(model)]
        found = [(layer, function) for layer, function in recognized if function is not None]
        self._harmless = harmless
        self._layers = [weakref.ref(layer) for layer, _ in found]
        self._functions = [function for _, function in found]
        self._places = {id(layer): place for place, (layer, _) in enumerate(found)}
        self._units = [0] * len(found)
        self._axes = [-1] * len(found)
        self._noted: dict[int, tf.Tensor] = {}
        self._running: set[int] = set()
        self._hooks = CallHooks([layer for layer, _ in found], "call", self._call)

    @property
    def described(self) -> list[tuple[Any, str, int]]:
        """Each layer with the name of its function and its number of units; 0 before its first call."""
        return [
            (layer, function.name, units)
            for layer, function, units in zip(
                (reference() for reference in self._layers), self._functions, self._units, strict=True
            )
            if layer is not None
        ]

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Notes the outputs of calls inside of the `with` block."""
        try:
            with self._hooks.in_place():
                yield
        finally:
            self._noted.clear()

    def take(self) -> dict[int, tf.Tensor]:
        """Returns what the last calls returned, as far as it can be read here, and forgets it."""
        noted, self._noted = self._noted, {}
        return {place: output for place, output in noted.items() if is_reachable(output)}

    def measure(self, taken: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """Returns `ACTIVATION_MEASURES` of all layers, float32 `[measures, layers]`.

        Args:
          taken: From `take`, of the same step. Layers that it lacks are NaN.
        """
        if not self._functions:
            return tf.zeros([2, 0])
        shares = [
            _shares(function, taken.get(place), self._axes[place])
            for place, function in enumerate(self._functions)
        ]
        return tf.stack([tf.stack(row) for row in zip(*shares, strict=True)])

    def _call(self, layer: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        place = self._places[id(layer)]
        if "activation" not in vars(layer):
            outputs = original(*args, **kwargs)
            self._note(place, layer, outputs)
            return outputs
        if place in self._running:  # it calls itself, or another replica's thread is inside
            return original(*args, **kwargs)
        # `call` may do more behind the function. So the function itself is watched, and for this call only: a
        # callback that saves the model must find what the user gave.
        function = vars(layer)["activation"]

        def watched(*arguments: Any, **options: Any) -> Any:
            outputs = function(*arguments, **options)
            self._note(place, layer, outputs)
            return outputs

        self._running.add(place)
        vars(layer)["activation"] = watched
        try:
            return original(*args, **kwargs)
        finally:
            self._running.discard(place)
            if vars(layer).get("activation") is watched:
                vars(layer)["activation"] = function

    def _note(self, place: int, layer: Any, outputs: Any) -> None:
        with self._harmless("an activation"):
            if not isinstance(outputs, tf.Tensor) or not outputs.dtype.is_floating or not outputs.shape.rank:
                return
            if getattr(layer, "data_format", None) == "channels_first" and outputs.shape.rank > 2:
                self._axes[place] = 1
            units = outputs.shape[self._axes[place]]
            if units:
                self._units[place] = units
                self._noted[place] = shadow(outputs)


def _function_of(layer: Any) -> _Function | None:
    """What can be measured of a layer's function; None where it has none that we know."""
    if type(layer).call is keras.layers.ReLU.call:
        if layer.negative_slope:
            return None
        top = layer.max_value
        return (
            _FUNCTIONS[0] if top is None else _Function("relu", dies=True, high=float(top), width=float(top))
        )
    activation = vars(layer).get("activation")
    try:
        return _BY_OBJECT.get(activation)
    except TypeError:  # a callable that has no hash
        return None


def _shares(function: _Function, output: tf.Tensor | None, axis: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Dead and saturated share of one layer with its units along `axis`."""
    unknown = tf.constant(math.nan)
    if output is None:
        return unknown, unknown
    if axis != -1:
        output = tf.transpose(output, [*(i for i in range(output.shape.rank) if i != axis), axis])
    rows = tf.reshape(output, [-1, output.shape[-1]])
    rows = rows if rows.dtype == tf.float32 else tf.cast(rows, tf.float32)
    dead = saturated = unknown
    if function.dies:
        dead = _dead_share(rows)
    if function.width:
        margin = SATURATION_MARGIN * function.width
        bounds = tf.constant([[function.low + margin, function.high - margin]])
        saturated = _saturated_share(rows, bounds)
    return dead, saturated


@once_traced(1)
def _dead_share(rows: tf.Tensor) -> tf.Tensor:
    """The share of columns that are 0 in all sampled rows; NaN without rows."""
    sample, known = _sample(rows)
    is_dead = tf.reduce_all(tf.equal(sample, 0.0), axis=0)
    return tf.where(known, tf.reduce_mean(tf.cast(is_dead, tf.float32)), math.nan)


@once_traced(2)
def _saturated_share(rows: tf.Tensor, bounds: tf.Tensor) -> tf.Tensor:
    """The share of sampled entries at or beyond one of two bounds; NaN without entries."""
    sample, known = _sample(rows)
    is_saturated = (sample <= bounds[0, 0]) | (sample >= bounds[0, 1])
    return tf.where(known, tf.reduce_mean(tf.cast(is_saturated, tf.float32)), math.nan)


def _sample(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Up to `ACTIVATION_SAMPLE` entries of a matrix, one row at least; and whether there are any."""
    shape = tf.shape(rows)
    most = tf.maximum(1, ACTIVATION_SAMPLE // shape[1])
    # `series.sample_stride`, of a number of rows that only the running step knows.
    stride = tf.bitwise.bitwise_or((shape[0] + (most - 1)) // most, 1)
    return rows[::stride], shape[0] > 0
