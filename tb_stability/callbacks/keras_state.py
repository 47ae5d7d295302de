"""The variables of optimizer and metrics, made before the first step is traced.

Keras makes them while it traces the first step, and TensorFlow then throws that trace away and traces once
more. Whoever makes them before saves one of two traces: what our twin takes longer to trace.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow.layout import layers_of


def optimizers_of(model: keras.Model) -> list[Any]:
    """Returns the optimizer of `compile`, then those that the model keeps for a `train_step` of its own."""
    own = [value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)]
    distinct = {id(optimizer): optimizer for optimizer in [model.optimizer, *own]}
    return list(distinct.values())


def make_state(model: keras.Model, iterator: Any) -> None:
    """Makes the variables that the first step of a fit makes, as it would make them.

    Only where Keras' own step is trained, on one device, with all layers built: elsewhere nobody knows
    what will be made. Makes nothing twice.

    Args:
      model: The model, right before its first step.
      iterator: What the step takes its batch from.
    """
    optimizer = model.optimizer
    if (
        model.run_eagerly
        or tf.distribute.has_strategy()
        or type(model).train_step is not keras.Model.train_step
        or "train_step" in vars(model)
        or not all(layer.built for _, layer in layers_of(model))
    ):
        return
    variables = model.trainable_variables
    if not optimizer.built and variables:
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(variables)
            optimizer.built = True
    _make_metrics(model, getattr(iterator, "element_spec", None))


def _make_metrics(model: keras.Model, batch: Any) -> None:
    """Has the metrics of `compile` made, where a batch is `(x, y, ...)` with one target for one output."""
    metrics = getattr(model, "_compile_metrics", None)
    # What the model returns is a dict or a list of outputs, or one tensor.
    output = getattr(getattr(model, "_functional", None) or model, "_outputs_struct", None)
    if (
        metrics is None
        or metrics.built
        or type(model).compute_metrics is not keras.Model.compute_metrics
        or not type(model).call.__module__.startswith("keras.")
        or not isinstance(batch, tuple)
        or len(batch) < 2
        or not isinstance(output, keras.KerasTensor)
    ):
        return
    target = batch[1]
    if not isinstance(target, tf.TensorSpec) or target.shape.rank is None:
        return
    metrics.build(keras.KerasTensor(tuple(target.shape), target.dtype.name), output)
