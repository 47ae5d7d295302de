"""Collects the facts of a recipe: builds its model as `training.py` does, untrained. Imports Keras."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from faults.data import Batches, make_batches
from faults.facts import empty_report, write_facts
from faults.program import Recipe
from faults.training import _make_optimizer as make_scheduled
from faults.ways import Training, _pretrain
from tb_stability.callbacks.keras_facts import collect_facts
from tb_stability.measures.tensorflow.first_batch import batch_tensors, decode, measure_ranges
from tb_stability.model_facts import ModelFacts
from tb_stability.report import RunReport, TensorRange

_LOOPS = ("loop", "loop_inference", "generator", "discriminator")


def collect(recipe: Recipe, path: Path) -> None:
    """Writes the facts of a recipe to `path`."""
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        write_facts(_facts(recipe), path)
    finally:
        keras.config.set_dtype_policy("float32")
        keras.backend.clear_session()


def _facts(recipe: Recipe) -> RunReport:
    if recipe.way == "discriminator":  # whose model is made inside of the training
        return dataclasses.replace(empty_report(), model=ModelFacts("loop"))
    network = importlib.import_module(f"faults.networks.{recipe.architecture}")
    batches = make_batches(recipe, network.VIEW)
    model = network.build(batches.inputs.shape[2:], batches.outputs, **recipe.network)
    training = Training(recipe, batches, model, make_optimizer(recipe))
    if recipe.way in _LOOPS:
        return dataclasses.replace(empty_report(), model=collect_facts(model, training.optimizer, way="loop"))
    steps = recipe.steps
    if recipe.way in ("fine_tune", "unfreeze"):
        _pretrain(training)
    if recipe.way == "unfreeze":
        steps = recipe.steps // 2
    model.compile(training.optimizer, training.loss)
    facts = collect_facts(
        model,
        training.optimizer,
        way="fit",
        steps_per_epoch=recipe.epoch_steps,
        epochs=steps // recipe.epoch_steps,
    )
    return dataclasses.replace(empty_report(), model=facts, first_batch=_first_batch(batches))


def make_optimizer(recipe: Recipe) -> Any:
    """With a plain number where the rate never changes: the schedule of the corpus is a device of its own."""
    changes = any(change.kind == "learning_rate" for change in recipe.changes)
    if recipe.schedule != "constant" or changes:
        return make_scheduled(recipe)
    options: Mapping[str, Any] = {
        name: value for name, value in recipe.optimizer_options.items() if name != "loss_scale_growth_steps"
    }
    optimizer = getattr(keras.optimizers, recipe.optimizer)(recipe.learning_rate, **options)
    is_scaled = len(options) < len(recipe.optimizer_options) or recipe.precision == "mixed_float16"
    return keras.optimizers.LossScaleOptimizer(optimizer) if is_scaled else optimizer


def _first_batch(batches: Batches) -> tuple[TensorRange, ...]:
    tensors = batch_tensors(tf.constant(batches.inputs[0]), tf.constant(batches.targets[0]))
    return decode([spec for spec, _ in tensors], measure_ranges(tensors))
