"""Reads the facts of a Keras model from its real objects (functions, initializers), never from names."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from tb_stability.callbacks.keras_digest import digest_of
from tb_stability.callbacks.keras_layer_facts import PASSING, activation_of, layer_facts, units_of
from tb_stability.callbacks.keras_training_facts import loss_facts, optimizer_facts
from tb_stability.measures.tensorflow.layout import describe, layers_of, normalization_kind
from tb_stability.model_facts import LayerFacts, ModelFacts, NormalizationFacts
from tb_stability.recorder import Recorder


def note_facts(
    recorder: Recorder,
    model: keras.Model,
    optimizer: Any,
    *,
    way: str,
    began: bool,
    steps_per_epoch: int | None = None,
    epochs: int | None = None,
) -> None:
    """Gives a recorder the facts of a model, as soon as its layers have weights.

    A fault of ours is one warning. Of a run that goes on with the same layers, the initial weights stay
    those of its beginning.

    Args:
      recorder: Whom to give them.
      model: See `collect_facts`, as for the others.
      optimizer: Likewise.
      way: Likewise.
      began: Whether a step has run; layers that have no weights then are not used.
      steps_per_epoch: Likewise.
      epochs: Likewise.
    """
    try:
        if not began and not all(layer.built for _, layer in layers_of(model)):
            return
        facts = collect_facts(model, optimizer, way=way, steps_per_epoch=steps_per_epoch, epochs=epochs)
        if began:
            facts = _before_the_first_update(facts, recorder.first_weights)
        recorder.model = facts if recorder.model is None else with_first_weights(facts, recorder.model)
    except Exception as error:
        recorder.model = recorder.model or ModelFacts(way)  # and no second try
        warnings.warn(
            f"Stability could not look at the model; training goes on. {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=3,
        )


def _before_the_first_update(facts: ModelFacts, root_mean_squares: Mapping[str, float]) -> ModelFacts:
    """`facts` with what is known of the weights of layers that were made in the first step.

    Their mean square is known from before its update. That is the variance of a kernel with mean 0, as every
    usual initializer makes it; of a bias, and a recurrent kernel, it tells only whether it was 0.
    """

    def replaced(layer: LayerFacts) -> LayerFacts:
        bias = root_mean_squares.get(f"{layer.layer}/bias", math.nan)
        return dataclasses.replace(
            layer,
            weight_std=root_mean_squares.get(f"{layer.layer}/kernel", math.nan),
            recurrent_gain=math.nan,
            bias_mean=0.0 if bias == 0.0 else math.nan,
        )

    return dataclasses.replace(facts, layers=tuple(map(replaced, facts.layers)))


def with_first_weights(now: ModelFacts, first: ModelFacts) -> ModelFacts:
    """`now` with what `first` knew of the initial weights of the same layers."""
    known = {layer.layer: layer for layer in first.layers if layer.has_kernel}
    return dataclasses.replace(
        now,
        layers=tuple(
            dataclasses.replace(
                layer,
                weight_std=known[layer.layer].weight_std,
                recurrent_gain=known[layer.layer].recurrent_gain,
                bias_mean=known[layer.layer].bias_mean,
            )
            if layer.layer in known
            else layer
            for layer in now.layers
        ),
    )


def collect_facts(
    model: keras.Model,
    optimizer: Any,
    *,
    way: str,
    steps_per_epoch: int | None = None,
    epochs: int | None = None,
) -> ModelFacts:
    """Returns what is known of a model now. Changes nothing, draws no random number.

    Args:
      model: The model. Of layers that are not built yet, little is known.
      optimizer: The optimizer that trains it; None where there are several.
      way: `fit` or `loop`.
      steps_per_epoch: Steps of an epoch, where known.
      epochs: Number of epochs, where known.
    """
    leaves = [(path, layer) for path, layer in layers_of(model) if not getattr(layer, "_layers", None)]
    names = _names(model, leaves)
    layers = tuple(layer_facts(name, layer) for name, (_, layer) in zip(names, leaves, strict=True))
    normalizations = tuple(
        NormalizationFacts(
            layer=name,
            kind=normalization_kind(layer),
            momentum=float(getattr(layer, "momentum", math.nan)),
            epsilon=float(getattr(layer, "epsilon", math.nan)),
            trainable=bool(layer.trainable),
        )
        for name, (_, layer) in zip(names, leaves, strict=True)
        if normalization_kind(layer)
    )
    output = _output_layer(model)
    by_object = {id(layer): name for name, (_, layer) in zip(names, leaves, strict=True)}
    return ModelFacts(
        way=way,
        layers=layers,
        normalizations=normalizations,
        optimizer=None if optimizer is None else optimizer_facts(optimizer),
        loss=loss_facts(model) if way == "fit" else None,
        output_layer=by_object.get(id(output), ""),
        output_activation=_output_activation(output),
        output_units=units_of(output),
        compute_dtype=str(model.dtype_policy.compute_dtype or "float32"),
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        parameters=sum(math.prod(weight.shape) for weight in model.trainable_variables),
        digest=_digest(model, optimizer, way=way),
    )


def _digest(model: keras.Model, optimizer: Any, *, way: str) -> str:
    """Empty where some object of the user's own is configured in a way that nobody else can read."""
    try:
        return digest_of(model, optimizer, with_loss=way == "fit")
    except Exception:
        return ""


def _names(model: keras.Model, leaves: list[tuple[str, Any]]) -> list[str]:
    """The paths of layers as in the layout of the run."""
    variables = list(model.trainable_variables)
    layout = describe(model, variables, [])
    owners = {id(v): known.layer for v, known in zip(variables, layout.variables, strict=True)}
    prefix = f"{model.name}/"

    def name(path: str, layer: Any) -> str:
        own = [owners[id(v)] for v in layer.trainable_variables if id(v) in owners]
        return own[0] if own else (layer.path or path).removeprefix(prefix)

    return [name(path, layer) for path, layer in leaves]


def _output_layer(model: Any) -> Any:
    """The layer that makes the only output of a model, nested models included; None where unknown."""
    for _ in range(8):
        if isinstance(model, keras.Sequential):
            last = model.layers[-1] if model.layers else None
        else:
            outputs = getattr(model, "outputs", None) or []
            if len(outputs) != 1 or not hasattr(outputs[0], "_keras_history"):
                return None
            last = outputs[0]._keras_history.operation
        if not isinstance(last, keras.Model):
            return last if isinstance(last, keras.layers.Layer) else None
        model = last
    return None


def _output_activation(output: Any) -> str:
    """Name of the last function; "" where there is none, or a layer of the user's own computes the output."""
    for layer in _way_back(output):
        if not type(layer).__module__.startswith("keras."):
            return ""
        if name := activation_of(layer):
            return name
    return ""


def _way_back(layer: Any) -> Iterator[Any]:
    """A layer and those before it, as long as they do not bend what passes through."""
    for _ in range(12):
        if layer is None:
            return
        yield layer
        nodes = getattr(layer, "_inbound_nodes", [])
        parents = nodes[-1].parent_nodes if nodes else []
        if len(parents) != 1 or not isinstance(layer, (*PASSING, keras.layers.Activation)):
            return
        layer = parents[0].operation
