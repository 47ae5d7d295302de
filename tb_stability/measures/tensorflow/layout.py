"""The layout of a Keras model: its variables and layers, by names that people know."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras

from tb_stability.measures.tensorflow.variables import is_keras_variable
from tb_stability.series import NORMALIZATION_VECTORS, Activation, Layout, Normalization, Variable

_NORMALIZATIONS = tuple(
    (getattr(keras.layers, name), name)
    for name in (
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "UnitNormalization",
        "RMSNormalization",
    )
    if hasattr(keras.layers, name)  # older versions of Keras lack the last one
)


def layers_of(model: keras.Model) -> list[tuple[str, Any]]:
    """Returns the layers of a model in network order, each once, nested ones included.

    Each comes with the names of the layers on the way to it: `block_1/dense`.
    """
    seen: set[int] = set()

    def walk(parent: Any, path: str) -> Iterator[tuple[str, Any]]:
        for layer in parent._layers:
            if id(layer) not in seen:
                seen.add(id(layer))
                yield path + layer.name, layer
                yield from walk(layer, f"{path}{layer.name}/")

    return list(walk(model, ""))


def normalization_layers(model: keras.Model) -> list[Any]:
    """Returns the normalization layers in network order, each once, nested models included.

    One that is not built yet is among them, see `layer.built`.
    """
    return [layer for _, layer in layers_of(model) if normalization_kind(layer)]


def normalization_kind(layer: Any) -> str:
    """Returns the Keras class that a normalization layer is or derives from, `""` for other layers."""
    return next((name for kind, name in _NORMALIZATIONS if isinstance(layer, kind)), "")


def normalization_vector(layer: Any, name: str) -> Any:
    """Returns a weight of a normalization layer by its name in `NORMALIZATION_VECTORS`, None if it has none.

    A vector over several axes is a weight of that many dimensions.
    """
    if name == "gamma" and normalization_kind(layer) == "RMSNormalization":
        name = "scale"  # of the other kinds a bool
    weight = getattr(layer, name, None)
    return weight if is_keras_variable(weight) else None


def describe(
    model: keras.Model | None,
    variables: Sequence[Any],
    normalizations: Iterable[Any],
    activations: Iterable[tuple[Any, str, int]] = (),
) -> Layout:
    """Describes variables and layers, in the order given.

    A name is the variable's Keras path without the name of the model in front, where all have it:
    `sequential_3/dense/kernel` is `dense/kernel`. Where two layers have one path, the second is `dense#2`.
    A layer is named as its variables are.

    Args:
      model: The model that all belong to, if there is one.
      variables: Variables of Keras or TensorFlow.
      normalizations: Layers of the kinds of `normalization_kind`.
      activations: Layers with the name of their function and their number of units.
    """
    normalizations = list(normalizations)
    activations = list(activations)
    paths = [_path(variable) for variable in variables]
    prefix = f"{model.name}/" if model is not None else ""
    # A path of its own below the model: `sequential/gain` is a variable of the model itself.
    built = [layer.path for layer in normalizations if layer.path]
    if not all(path.startswith(prefix) for path in paths + built):
        prefix = ""
    described = tuple(
        Variable(
            name=f"{layer}/{role}" if layer else role,
            layer=layer or (model.name if model is not None else role),
            role=role,
            shape=tuple(int(n) for n in variable.shape),
        )
        for (layer, role), variable in zip(
            _unique(path[len(prefix) :] for path in paths), variables, strict=True
        )
    )
    below = {id(layer): path for path, layer in layers_of(model)} if model is not None else {}
    owners = {id(variable): known.layer for variable, known in zip(variables, described, strict=True)}

    def names(layers: Sequence[Any]) -> list[str]:
        used = set(owners.values())
        found = []
        for layer in layers:
            name = _owner(layer, owners)
            if name is None:
                # Without weights a layer has no path in Keras.
                path = layer.path.removeprefix(prefix) if layer.path else below.get(id(layer), layer.name)
                name = next(x for x in _numbered(path) if x not in used)
                used.add(name)
            found.append(name)
        return found

    return Layout(
        variables=described,
        normalizations=tuple(
            _normalization(name, layer)
            for name, layer in zip(names(normalizations), normalizations, strict=True)
        ),
        activations=tuple(
            Activation(layer=name, function=function, units=units)
            for name, (_, function, units) in zip(
                names([layer for layer, _, _ in activations]), activations, strict=True
            )
        ),
    )


def _normalization(name: str, layer: Any) -> Normalization:
    weights = {vector: normalization_vector(layer, vector) for vector in NORMALIZATION_VECTORS}
    sizes = [int(weight.value.shape.num_elements()) for weight in weights.values() if weight is not None]
    return Normalization(
        layer=name,
        vectors=tuple(vector for vector, weight in weights.items() if weight is not None),
        channels=max(sizes, default=0),
        trainable=bool(layer.trainable),
        kind=normalization_kind(layer),
    )


def _owner(layer: Any, owners: Mapping[int, str]) -> str | None:
    """The layer name of a layer's own variables; None where none of them is described."""
    own = (v for v in layer.variables if _path(v).rpartition("/")[0] == layer.path)
    return next((owners[id(variable)] for variable in own if id(variable) in owners), None)


def _numbered(path: str) -> Iterator[str]:
    """Yields `path`, `path#2`, `path#3`, ..."""
    yield path
    yield from (f"{path}#{i}" for i in itertools.count(2))


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
