"""Trainings that run with any strategy, and what they leave."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_stability import StabilityCallback, StabilityMonitor
from tests.capture import tiny_models
from tests.capture.tiny_models import BATCH_SIZE
from tests.capture.training import sparse_crossentropy

LEARNING_RATE = 0.1
"""Of all cases, so that an update tells the gradient that was applied."""

EXAMPLES = 44
"""Five whole batches, and one of half the size: replicas always get equal parts."""


def _with_a_nan() -> tuple[np.ndarray, np.ndarray]:
    x, y = tiny_models.features()
    x[20] = np.nan  # in the part of one replica alone
    return x, y


@dataclasses.dataclass(frozen=True)
class Case:
    """A model, data, and options of SGD."""

    build: Callable[[], keras.Model] = tiny_models.dense
    data: Callable[[], tuple[np.ndarray, np.ndarray]] = tiny_models.features
    optimizer: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CASES = {
    "dense": Case(optimizer={"momentum": 0.5, "weight_decay": 0.01}),
    "embedding": Case(tiny_models.embedding, tiny_models.words),
    "with_a_nan": Case(data=_with_a_nan),
    "clipped": Case(optimizer={"global_clipnorm": 0.1}),
    "norms": Case(tiny_models.convolutions, tiny_models.images),
}


def fit(
    case: Case,
    strategy: tf.distribute.Strategy | None,
    log_dir: Path | None = None,
    kind: Callable[[keras.Model], keras.Model] = lambda model: model,
) -> dict[str, Any]:
    """Trains with `fit`; into `log_dir`, where it is given.

    Args:
      case: What to train.
      strategy: How; None for one device.
      log_dir: Where to record; None not to.
      kind: Makes another model of the built one.

    Returns:
      The `state` afterwards as hexadecimal text; when it was recorded also the status of the `verdict`, the
      kinds of `windows`, and the `warnings` of ours.
    """
    model = _compiled(case, strategy, kind)
    callbacks = [] if log_dir is None else [StabilityCallback(log_dir, overhead=math.inf)]
    x, y = case.data()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(
            x[:EXAMPLES], y[:EXAMPLES], batch_size=BATCH_SIZE, shuffle=False, verbose=0, callbacks=callbacks
        )
    return outcome_of(model, callbacks, caught) | {"history": str(history.history)}


def loop(case: Case, strategy: tf.distribute.Strategy, log_dir: Path | None = None) -> dict[str, Any]:
    """Trains with a loop of the user's own; else as `fit`."""
    model = _compiled(case, strategy, lambda model: model)
    optimizer = model.optimizer
    x, y = case.data()
    data = tf.data.Dataset.from_tensor_slices((x[:EXAMPLES], y[:EXAMPLES])).batch(BATCH_SIZE)

    def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = sparse_crossentropy()(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    @tf.function
    def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(step, args=(x, y)), axis=None)

    with contextlib.ExitStack() as stack:
        caught = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        monitors = []
        if log_dir is not None:
            arguments: dict[str, Any] = {"model": model, "optimizer": optimizer, "overhead": math.inf}
            monitors = [stack.enter_context(StabilityMonitor(log_dir, **arguments))]
        for x, y in strategy.experimental_distribute_dataset(data):
            loss = train_step(x, y)
            for monitor in monitors:
                monitor.on_step(loss)
    return outcome_of(model, monitors, caught)


def save(outcome: Mapping[str, Any], path: Path) -> None:
    """Hands outcomes from a process to the test that started it."""
    path.write_text(json.dumps(outcome))


def _compiled(
    case: Case, strategy: tf.distribute.Strategy | None, kind: Callable[[keras.Model], keras.Model]
) -> keras.Model:
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        model = kind(case.build())
        optimizer = keras.optimizers.SGD(LEARNING_RATE, **case.optimizer)
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, sparse_crossentropy(), jit_compile=False)
    return model


def outcome_of(
    model: keras.Model, observers: list[Any], caught: list[warnings.WarningMessage]
) -> dict[str, Any]:
    """How a training ended: see `fit`."""
    outcome: dict[str, Any] = {
        "state": {
            f"{i} {variable.path}": np.asarray(variable).tobytes().hex()
            for i, variable in enumerate([*model.variables, *model.optimizer.variables])
        },
        "left_behind": [
            name for name in ("apply", "_all_reduce_sum_gradients") if name in vars(model.optimizer)
        ],
        "warnings": [str(warning.message) for warning in caught if "Stability" in str(warning.message)],
    }
    for observer in observers:
        outcome["verdict"] = observer.verdict.status
        outcome["windows"] = [[window.kind, window.start_step] for window in observer.windows]
    return outcome
