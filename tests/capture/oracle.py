"""The oracle: a plain eager loop that trains by hand, and measures copies of everything by the definitions.

It shares no code with capture but `measures/reference.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_stability.measures import reference
from tb_stability.series import NORMALIZATION_VECTORS
from tests.capture.training import Training, expected_warnings, policy

NORMALIZATION_LAYERS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.UnitNormalization,
)


@dataclasses.dataclass(frozen=True)
class OracleStep:
    """One call of `optimizer.apply`.

    Attributes:
      scalars: `series.SCALARS` that can be known, by name.
      variables: `series.VARIABLE_MEASURES` of each trainable variable, in the order of the model.
      normalizations: `series.NORMALIZATION_MEASURES` of each normalization layer, in the order of the model.
      gradients: Of each trainable variable, unscaled; None where it has none.
    """

    scalars: Mapping[str, float]
    variables: Sequence[Mapping[str, float]]
    normalizations: Sequence[Mapping[str, float]]
    gradients: Sequence[np.ndarray | None]


def by_hand(
    training: Training, *, epochs: int = 1, model: keras.Model | None = None, starts_late: bool = False
) -> list[OracleStep]:
    """Trains as `fit` would without shuffling, and measures every step.

    Args:
      training: What to train.
      epochs: Passes over its data.
      model: A compiled one to go on with; a fresh one where None.
      starts_late: Whether the model has no weights before its first step. Then normalization layers start,
        for capture, with what they are after it.
    """
    if model is None:
        model = training.fresh()
    with policy(training.policy), expected_warnings():
        return list(_train(model, epochs * training.batches(), starts_late))


def _train(
    model: keras.Model, batches: Sequence[tuple[Any, Any, Any]], starts_late: bool
) -> Iterator[OracleStep]:
    model(batches[0][0], training=False)  # a late model gets its weights
    norms = normalization_layers(model)
    start = previous = [_vectors(layer) for layer in norms]
    for x, y, weight in batches:
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True), weight, training=True)
            scaled = model.optimizer.scale_loss(loss)
        step = update(model.optimizer, tape.gradient(scaled, variables), variables)
        now = [_vectors(layer) for layer in norms]
        if starts_late:
            starts_late, start, previous = False, now, now
        yield dataclasses.replace(
            step,
            scalars={**step.scalars, "loss": float(loss), "batch_size": float(len(y))},
            normalizations=[_normalization(*each) for each in zip(norms, now, start, previous, strict=True)],
        )
        previous = now


def update(optimizer: Any, sparse: Sequence[Any], variables: Sequence[Any]) -> OracleStep:
    """Applies gradients, and measures all of a step but its loss and its normalization layers."""
    before = [_copy(v) for v in variables]
    rate, scale = _learning_rate(optimizer), _loss_scale(optimizer)
    optimizer.apply(sparse, variables)
    gradients = [None if g is None else _dense(g) / (scale or 1.0) for g in sparse]
    return OracleStep(
        {
            "grad_norm": reference.global_norm([reference.norm(g) for g in gradients if g is not None]),
            **({} if rate is None else {"learning_rate": rate}),
            **({} if scale is None else {"loss_scale": scale}),
            **_clipped(optimizer, sparse, scale or 1.0),
        },
        [
            reference.variable_measures(np.zeros_like(b) if g is None else g, b, _copy(v))
            for g, b, v in zip(gradients, before, variables, strict=True)
        ],
        [],
        gradients,
    )


def normalization_layers(model: keras.Model) -> list[Any]:
    """All normalization layers of a model in network order, those of nested models in their place."""
    found: list[Any] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += normalization_layers(layer)
        elif isinstance(layer, NORMALIZATION_LAYERS):
            found.append(layer)
    return list({id(layer): layer for layer in found}.values())


def _normalization(layer: Any, now: Any, start: Any, previous: Any) -> dict[str, float]:
    """`series.NORMALIZATION_MEASURES` of one layer."""
    measures = {}
    for vector, value in now.items():
        for name, x in reference.vector_statistics(value, start[vector], previous[vector]).items():
            measures[f"{vector}_{name}"] = x
    if isinstance(layer, keras.layers.BatchNormalization):
        measures["batch_statistics"] = float(layer.trainable)  # see `BatchNormalization.call`
    return measures


def _vectors(layer: Any) -> dict[str, np.ndarray]:
    found = {name: getattr(layer, name, None) for name in NORMALIZATION_VECTORS}
    return {name: _copy(value) for name, value in found.items() if value is not None}


def _copy(variable: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable)).astype(np.float64)


def _dense(gradient: Any) -> np.ndarray:
    """A gradient as an array; the rows of a sparse one are added up, in the order that they come."""
    if isinstance(gradient, tf.IndexedSlices):
        dense = np.zeros(gradient.dense_shape.numpy(), np.float64)
        np.add.at(dense, gradient.indices.numpy(), np.asarray(gradient.values, np.float64))
        return dense
    return np.asarray(tf.cast(gradient, tf.float64))


def _learning_rate(optimizer: Any) -> float | None:
    """None for an optimizer that has none of its own, or a function that is the user's to call."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, getattr(keras.optimizers, "MultiOptimizer", ())):
        return None
    rate = inner._learning_rate
    if callable(rate) and not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return None
    return float(inner.learning_rate)


def _loss_scale(optimizer: Any) -> float | None:
    """The factor by which the loss of this step was scaled; to be asked before the update."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return float(optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale)
    factor = optimizer.loss_scale_factor
    return None if factor is None else float(factor)


def _clipped(optimizer: Any, sparse: Sequence[Any], scale: float) -> dict[str, float]:
    """`clipped_grad_norm`, as the arguments of Keras' optimizers are documented.

    Of a sparse gradient Keras clips the rows as they come, before those of one word are added up.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    given = [g for g in sparse if g is not None]
    gradients = [_dense(g) / scale for g in given]
    sizes = [reference.norm(g.values if isinstance(g, tf.IndexedSlices) else g) / scale for g in given]
    if inner.clipnorm:
        clipped = [g * min(1.0, inner.clipnorm / size) for g, size in zip(gradients, sizes, strict=True)]
    elif inner.global_clipnorm:
        factor = min(1.0, inner.global_clipnorm / reference.global_norm(sizes))
        clipped = [g * factor for g in gradients]
    elif inner.clipvalue:
        clipped = [np.clip(g, -inner.clipvalue, inner.clipvalue) for g in gradients]
    else:
        return {}
    return {"clipped_grad_norm": reference.global_norm([reference.norm(g) for g in clipped])}
