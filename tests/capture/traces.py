"""What could be left behind on a user's objects, their classes and the modules of Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

_MODULES = (keras.ops, keras.activations, keras.backend, keras.optimizers, tf, tf.math, tf.nn)


def attributes(model: keras.Model) -> dict[str, int]:
    """Every attribute that has to do with a model, by owner and name, with the identity of its value.

    Values that are neither functions nor classes have identity 0: they may change while a model trains.
    """
    found: dict[str, int] = {}
    for label, owner in _owners(model):
        for name, value in vars(owner).items():
            if name == "__annotations__":  # Python makes it when somebody looks
                continue
            found[f"{label}.{name}"] = id(value) if callable(value) and not _is_layer(value) else 0
    return found


def _owners(model: keras.Model) -> Iterator[tuple[str, Any]]:
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    layers = model._flatten_layers()
    variables = [*model.variables, *optimizer.variables]
    objects = {"model": model, "optimizer": optimizer, "inner_optimizer": inner}
    objects.update({f"layer {i}": layer for i, layer in enumerate(layers)})
    objects.update({f"variable {i}": variable for i, variable in enumerate(variables)})
    yield from objects.items()
    classes = [tf.GradientTape, tf.Variable, tf.Tensor]
    for each in [*objects.values(), *(variable.value for variable in variables)]:
        classes += [kind for kind in type(each).__mro__ if kind is not object]
    for kind in dict.fromkeys(classes):
        yield f"{kind.__module__}.{kind.__qualname__}", kind
    for module in _MODULES:
        yield module.__name__, module


def _is_layer(value: Any) -> bool:
    return isinstance(value, (keras.layers.Layer, keras.metrics.Metric, keras.losses.Loss))


def assert_nothing_left(before: dict[str, int], after: dict[str, int]) -> None:
    """Fails where an attribute came, went, or is another function now."""
    came, went = set(after) - set(before), set(before) - set(after)
    changed = {name for name in set(before) & set(after) if before[name] != after[name]}
    assert not came, f"came: {sorted(came)}"
    assert not went, f"went: {sorted(went)}"
    assert not changed, f"changed: {sorted(changed)}"


class RaiseAt(keras.callbacks.Callback):
    """Raises at one of the hooks of a fit."""

    def __init__(self, hook: str, error: type[BaseException], batch: int = 2) -> None:
        super().__init__()

        def hooked(at: Any = batch, logs: Any = None) -> None:
            if at == batch or not hook.startswith("on_train_batch"):
                raise error

        setattr(self, hook, hooked)
