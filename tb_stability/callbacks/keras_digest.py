"""A hash of how a Keras model is built and trained: the same for two runs that differ in their seed only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from tb_stability.measures.tensorflow.layout import layers_of

_DIGITS = 12  # hexadecimal: among a million configurations, two are the same with odds of 1 to 500


def digest_of(model: keras.Model, optimizer: Any, *, with_loss: bool) -> str:
    """Hashes the configuration of layers and optimizer, shapes of weights, and the loss.

    Left out are the names of layers and models (a second model in a process has a `dense_1` where the first
    has a `dense`), all seeds, and values of tensors. Whatever cannot be configured, such as a layer without
    `get_config`, counts with its class. What only code knows, such as a `train_step`, does not count.

    Args:
      model: The model.
      optimizer: The optimizer; None where there are several.
      with_loss: Whether the loss that the model was compiled with is the one it is trained with.
    """
    layers = [layer for _, layer in layers_of(model)]
    with warnings.catch_warnings(), _without_tables(layers):
        warnings.simplefilter("ignore")  # that a lambda is not safe to load
        parts = [
            *(_Config(layer).canonical for layer in (model, *layers, optimizer)),
            [[list(weight.shape), weight.dtype] for weight in model.weights],
            [layer.trainable for layer in layers],
            _Config(_loss(model) if with_loss else None).canonical,
        ]
    text = json.dumps(parts, sort_keys=True, default=lambda value: type(value).__name__)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


@contextlib.contextmanager
def _without_tables(layers: Sequence[keras.layers.Layer]) -> Iterator[None]:
    """Keeps arrays of initial values, such as a pretrained embedding, from becoming lists of lists."""
    found = (value for layer in layers for value in vars(layer).values())
    tables = {id(c): c for c in found if isinstance(c, keras.initializers.Constant) and np.ndim(c.value)}
    values = [constant.value for constant in tables.values()]
    try:
        for constant in tables.values():
            constant.value = 0.0
        yield
    finally:
        for constant, value in zip(tables.values(), values, strict=True):
            constant.value = value


def _loss(model: keras.Model) -> Any:
    loss = getattr(model, "loss", None)
    # The configuration of some losses, such as Huber, lacks their arguments.
    arguments = [getattr(one, "_fn_kwargs", None) for one in keras.tree.flatten(loss)]
    try:
        weights = model.get_compile_config().get("loss_weights")
    except Exception:  # an argument of `compile` that cannot be configured
        weights = None
    return [loss, arguments, weights]


class _Config:
    """The configuration of a Keras object.

    Attributes:
      canonical: It as JSON has it, without seeds, and with numbers in place of the names of layers.
    """

    def __init__(self, configured: Any) -> None:
        self._names: dict[str, int] = {}
        try:
            config = keras.saving.serialize_keras_object(configured)
        except Exception:  # of the user's own kind
            config = type(configured).__name__
        self.canonical = self._walk(config)

    def _walk(self, value: Any) -> Any:
        if isinstance(value, dict):
            kind, config = value.get("class_name"), value.get("config")
            known = config if isinstance(config, dict) else {}
            if kind in _VALUES:
                return [kind, self._walk(known.get("keras_history"))]
            if kind == "DTypePolicy":
                return known.get("name")
            named = value.get("name")
            if isinstance(named, str):
                self._names.setdefault(named, len(self._names))
            return {str(key): self._walk(item) for key, item in value.items() if key not in _LEFT_OUT}
        if isinstance(value, (list, tuple)):
            is_place = len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], int)
            if is_place:  # [name of a layer, node, tensor]
                return [self._names.get(value[0], -1), *value[1:]]
            return [self._walk(item) for item in value]
        return value


_VALUES = ("__tensor__", "__numpy__", "__keras_tensor__", "KerasTensor")
_LEFT_OUT = ("name", "seed", "shared_object_id", "build_config", "compile_config")
