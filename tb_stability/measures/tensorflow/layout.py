"""The layout of a Keras model: its variables and normalization layers, by names that people know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from tb_stability.series import NORMALIZATION_VECTORS, Layout, Normalization, Variable


def normalization_layers(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Returns the BatchNormalization layers in network order, each once, nested models included.

    One that has no weights yet is among them: its `moving_mean` is None.
    """
    found: dict[int, Any] = {}
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.BatchNormalization):
            found.setdefault(id(layer), layer)
    return list(found.values())


def describe(
    model: keras.Model | None,
    variables: Sequence[Any],
    normalizations: Iterable[keras.layers.BatchNormalization],
) -> Layout:
    """Describes variables and layers, in the order given.

    A name is the variable's Keras path without the name of the model in front, where all have it:
    `sequential_3/dense/kernel` is `dense/kernel`. Where two layers have one path, the second is `dense#2`.
    """
    normalizations = list(normalizations)
    paths = [_path(variable) for variable in variables]
    normalization_paths = [_path(layer.moving_mean) for layer in normalizations]
    prefix = f"{model.name}/" if model is not None else ""
    # A path of its own below the model: `sequential/gain` is a variable of the model itself.
    if not all(path.startswith(prefix) for path in paths + normalization_paths):
        prefix = ""
    names = _unique(path[len(prefix) :] for path in paths)
    layers = _unique(path[len(prefix) :] for path in normalization_paths)
    return Layout(
        variables=tuple(
            Variable(
                name=f"{layer}/{role}" if layer else role,
                layer=layer or (model.name if model is not None else role),
                role=role,
                shape=tuple(int(n) for n in variable.shape),
            )
            for (layer, role), variable in zip(names, variables, strict=True)
        ),
        normalizations=tuple(
            Normalization(
                layer=path,
                vectors=tuple(name for name in NORMALIZATION_VECTORS if getattr(layer, name) is not None),
                channels=int(layer.moving_mean.shape[0]),
                trainable=bool(layer.trainable),
            )
            for (path, _), layer in zip(layers, normalizations, strict=True)
        ),
    )


def _path(variable: Any) -> str:
    """The path of a Keras variable, or the name of a plain `tf.Variable`."""
    return str(getattr(variable, "path", None) or variable.name.split(":")[0])


def _unique(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Splits paths into layer and role, and numbers the layers of paths that occur again."""
    seen: dict[str, int] = {}
    split = []
    for path in paths:
        layer, _, role = path.rpartition("/")
        seen[path] = seen.get(path, 0) + 1
        split.append((f"{layer}#{seen[path]}" if seen[path] > 1 else layer, role))
    return split
