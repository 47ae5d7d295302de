"""The ways to train with `fit`, by name: each differs in one respect from the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.capture import tiny_models as models
from tests.capture.training import Training

SGD, ADAM = keras.optimizers.SGD, keras.optimizers.Adam

ROUGH = {"rtol": 3e-2, "atol": 1e-3}
"""Where the step itself is computed in half precision: one bit is 1e-3 or 8e-3 of a number."""


class OwnTrainStep(keras.Sequential):
    """As the guides of Keras write it from scratch: without `compute_loss`, with metrics of its own."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(
                keras.losses.sparse_categorical_crossentropy(y, self(x, training=True), from_logits=True)
            )
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"my_loss": loss}


class ComputeLossTrainStep(keras.Sequential):
    """As the guide "Customizing what happens in fit" writes it."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def _own(kind: type[keras.Sequential]) -> Callable[[], keras.Model]:
    return lambda: kind(models.dense().layers)


WAYS: dict[str, Training] = {
    "ragged": Training(examples=models.EXAMPLES, compile={"metrics": ["accuracy"]}),
    "ragged_norms": Training(models.convolutions, data=models.images, examples=models.EXAMPLES),
    "ragged_embedding": Training(models.embedding, data=models.words, examples=models.EXAMPLES),
    "ragged_steps_per_execution": Training(compile={"steps_per_execution": 4}, examples=models.EXAMPLES),
    "run_eagerly_norms": Training(models.convolutions, data=models.images, compile={"run_eagerly": True}),
    "jit": Training(compile={"jit_compile": True}),
    "jit_norms": Training(models.convolutions, data=models.images, compile={"jit_compile": True}),
    "jit_embedding": Training(models.embedding, data=models.words, compile={"jit_compile": True}),
    "steps_per_execution_norms": Training(
        models.convolutions, data=models.images, compile={"steps_per_execution": 2}
    ),
    "jit_attention": Training(models.attention, data=models.words, compile={"jit_compile": True}),
    "jit_steps_per_execution": Training(compile={"steps_per_execution": 3, "jit_compile": True}),
    "validation": Training(fit={"validation_data": models.features()}),
    "sample_weight": Training(fit={"sample_weight": np.linspace(0.1, 2.0, 40, dtype="float32")}),
    "wide": Training(models.wide),
    "deep": Training(models.deep),
    "normalizations": Training(models.normalizations, data=models.images),
    "dropout": Training(models.dropout),
    "embedding_eager": Training(models.embedding, data=models.words, compile={"run_eagerly": True}),
    "recurrent": Training(models.recurrent, data=models.words),
    "attention": Training(models.attention, data=models.words),
    "shared": Training(models.shared),
    "frozen": Training(models.frozen),
    "nested": Training(models.nested),
    "regularized": Training(models.regularized),
    "dictionary_inputs": Training(models.mixed_inputs, data=models.two_inputs),
    "scalar_and_no_gradient": Training(models.scalar),
    "late": Training(models.Late),
    "late_eager": Training(models.Late, compile={"run_eagerly": True}),
    "own_train_step": Training(_own(OwnTrainStep)),
    "compute_loss_train_step": Training(_own(ComputeLossTrainStep), compile={"metrics": ["accuracy"]}),
    "float64": Training(policy="float64"),
    "float16": Training(policy="float16", **ROUGH),
    "float16_updates_that_round_to_nothing": Training(
        optimizer=lambda: SGD(1e-3), policy="float16", rtol=3e-2, atol=1e-5
    ),
    "bfloat16": Training(policy="bfloat16", **ROUGH),
    "mixed_bfloat16": Training(policy="mixed_bfloat16", **ROUGH),
    "mixed_float16": Training(policy="mixed_float16", **ROUGH),
    "mixed_float16_norms": Training(
        models.convolutions, data=models.images, policy="mixed_float16", rtol=5e-2, atol=5e-3
    ),
    "own_train_step_scaled": Training(
        _own(OwnTrainStep),
        lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=1024.0, dynamic_growth_steps=2),
    ),
}
"""Trainings with the plain optimizer."""


def _of(optimizer: Callable[[], Any], **arguments: Any) -> Training:
    return Training(optimizer=optimizer, **arguments)


def _sparse(optimizer: Callable[[], Any]) -> Training:
    return Training(models.embedding, optimizer, data=models.words)


def _excluding() -> Any:
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def _several() -> Any:
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip(f"Keras {keras.__version__} has no keras.optimizers.MultiOptimizer")
    return keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(ADAM(0.01), {".*first/.*": SGD(0.1, momentum=0.9)})
    )


OPTIMIZERS: dict[str, Training] = {
    "nesterov": _of(lambda: SGD(0.1, momentum=0.9, nesterov=True)),
    "adam": _of(lambda: ADAM(0.01)),
    "adamw_excluding_biases": _of(_excluding),
    "rmsprop_centered": _of(lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True)),
    "several_in_one": _of(_several),
    "schedule": _of(lambda: SGD(keras.optimizers.schedules.CosineDecay(0.1, 5))),
    "callable_rate": _of(lambda: SGD(lambda: 0.1)),
    "clipnorm": _of(lambda: SGD(0.1, clipnorm=0.1)),
    "global_clipnorm": _of(lambda: SGD(0.1, global_clipnorm=0.2)),
    "decay_and_clip": _of(lambda: SGD(0.1, momentum=0.9, weight_decay=0.1, global_clipnorm=0.2)),
    "ema_that_overwrites": _of(lambda: SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)),
    "loss_scale_factor": _of(lambda: SGD(0.1, loss_scale_factor=64.0)),
    "loss_scale_optimizer": _of(
        lambda: keras.optimizers.LossScaleOptimizer(ADAM(0.01), initial_scale=256.0, dynamic_growth_steps=2)
    ),
    "embedding_adam": _sparse(lambda: ADAM(0.01)),
    "embedding_global_clipnorm": _sparse(lambda: SGD(0.1, global_clipnorm=0.2)),
}
"""Updates of every kind, each made by Keras' own optimizer."""
