"""Trains a program with a fault, applies the fix of its first diagnosis, and trains again. Imports Keras."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import math
import os
import tempfile
from collections.abc import Sequence
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from faults.data import Batches, make_batches
from faults.facts_collecting import make_optimizer
from faults.losses import make_loss
from faults.program import Program, Recipe

from tb_stability import StabilityCallback
from tb_stability.report import Diagnosis

_SOUND = ("healthy", "warning")
_BEFORE_BUILDING = "before the model is built"


@dataclasses.dataclass(frozen=True)
class Fixed:
    """A fault before and after its fix.

    Attributes:
      kind, program: Of the fault.
      cause: What was told of it.
      fix: The fix in words.
      code: The fix as code, which was run.
      before, after: The verdicts.
      loss_before, loss_after: Mean training loss of the last epoch.
    """

    kind: str
    program: str
    cause: str
    fix: str
    code: str
    before: str
    after: str
    loss_before: float
    loss_after: float

    @property
    def works(self) -> bool:
        """Whether the fixed run is sound."""
        return self.after in _SOUND


def try_fix(candidates: Sequence[Program]) -> Fixed | str:
    """Returns the first program that gets a diagnosis, fixed; a sentence where none does."""
    for program in candidates:
        before = _train(program.recipe, "")
        cause = next(iter(before.diagnoses), None)
        if cause is not None and cause.fix.code:
            after = _train(program.recipe, cause.fix.code)
            return Fixed(
                program.kind,
                program.name,
                cause.cause,
                cause.fix.text,
                cause.fix.code,
                before.status,
                after.status,
                before.loss,
                after.loss,
            )
    return f"{candidates[0].kind}: no program gets a diagnosis with code."


@dataclasses.dataclass(frozen=True)
class _Run:
    status: str
    diagnoses: tuple[Diagnosis, ...]
    loss: float


def _train(recipe: Recipe, code: str) -> _Run:
    """Trains a recipe, after the change `code`."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        network = importlib.import_module(f"faults.networks.{recipe.architecture}")
        return _fit(recipe, make_batches(recipe, network.VIEW), network, code)
    finally:
        keras.config.set_dtype_policy("float32")
        keras.backend.clear_session()


def _fit(recipe: Recipe, batches: Batches, network: ModuleType, code: str) -> _Run:
    """`code` sees `keras`, `model`, `x` and `y`; what it passes to `model.fit` holds for the training."""
    scope: dict[str, Any] = {
        "keras": keras,
        "x": batches.inputs.reshape(-1, *batches.inputs.shape[2:]),
        "y": batches.targets.reshape(-1, *batches.targets.shape[2:]),
    }
    if _BEFORE_BUILDING in code:
        exec(code, scope)
    model = network.build(batches.inputs.shape[2:], batches.outputs, **recipe.network)
    loss = make_loss(recipe.loss, batches.classes)
    model.compile(scope.get("optimizer") or make_optimizer(recipe), loss)
    asked: dict[str, Any] = {}
    if _BEFORE_BUILDING not in code:
        fit, model.fit = model.fit, lambda *_, **options: asked.update(options)
        scope["model"] = model
        exec(code, scope)
        model.fit, model = fit, scope["model"]
    if not model.compiled:
        model.compile(make_optimizer(recipe), loss)
    x, y, size = scope["x"], scope["y"], asked.get("batch_size", recipe.batch_size)
    again = np.resize(np.arange(len(x)), recipe.steps * size)  # as often as needed
    losses: list[float] = []
    noting = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: losses.append(logs["loss"]))
    with tempfile.TemporaryDirectory() as log_dir:
        callback = StabilityCallback(log_dir, overhead=math.inf)
        model.fit(
            tf.data.Dataset.from_tensor_slices((x[again], y[again])).batch(size),
            steps_per_epoch=recipe.epoch_steps,
            epochs=recipe.steps // recipe.epoch_steps,
            validation_data=batches.validation if recipe.validates else None,
            validation_batch_size=512,
            shuffle=False,
            verbose=0,
            callbacks=[callback, noting, *asked.get("callbacks", ())],
        )
    return _Run(callback.verdict.status, callback.diagnoses, losses[-1])
