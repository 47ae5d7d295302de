"""Gradient accumulation: a row for every call of `apply`, as `optimizer.iterations` counts them.

The gradient of a row is that of its batch. Weights move in every n-th call only, so the update is 0 in
the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_stability import StabilityCallback
from tests.capture import tiny_models
from tests.capture.agreement import assert_agreement
from tests.capture.oracle import by_hand
from tests.capture.recorded import RUN, read_steps
from tests.capture.training import Training, require_keras
from tests.capture.ways import SGD


def _training(optimizer: Callable[[], Any], **arguments: Any) -> Training:
    return Training(optimizer=optimizer, fit={"epochs": 2}, **arguments)


_TRAININGS: dict[str, Training] = {
    "every_second": _training(lambda: SGD(0.1, gradient_accumulation_steps=2)),
    "decay": _training(lambda: SGD(0.1, gradient_accumulation_steps=3, momentum=0.9, weight_decay=0.1)),
    "jit": _training(lambda: SGD(0.1, gradient_accumulation_steps=2), compile={"jit_compile": True}),
    "steps_per_execution": _training(
        lambda: SGD(0.1, gradient_accumulation_steps=2), compile={"steps_per_execution": 3}
    ),
    "norms": Training(
        tiny_models.convolutions, lambda: SGD(0.1, gradient_accumulation_steps=2), data=tiny_models.images
    ),
    "loss_scale": _training(
        lambda: keras.optimizers.LossScaleOptimizer(
            SGD(0.1, gradient_accumulation_steps=2), initial_scale=128.0
        )
    ),
    "ema": _training(
        lambda: SGD(
            0.1, gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=4
        )
    ),
}


@pytest.mark.parametrize("name", _TRAININGS)
def test_a_row_is_one_batch_and_its_update_is_zero_where_there_was_none(name: str, tmp_path: Path) -> None:
    if name == "steps_per_execution":
        require_keras(3, 7, "before, iterations count one more where the data end within an execution")
    training = _TRAININGS[name]
    alone = training.run()
    training.run(StabilityCallback(tmp_path / "default")).assert_identical(alone)
    training.run(StabilityCallback(tmp_path / RUN, overhead=math.inf)).assert_identical(alone)
    _, steps, values = read_steps(tmp_path)
    model = training.fresh()
    oracle = by_hand(training, epochs=training.fit.get("epochs", 1), model=model)
    assert steps == list(range(len(oracle)))
    assert_agreement(values, oracle, rtol=training.rtol, atol=training.atol)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not inner.use_ema:
        moved = [step for step, row in enumerate(values) if row.variables["update_norm"].any()]
        every = inner.gradient_accumulation_steps
        assert moved == list(range(every - 1, len(oracle), every))


@pytest.mark.parametrize("clip", [{"clipnorm": 0.05}, {"clipvalue": 0.01}, {"global_clipnorm": 0.05}])
def test_what_is_clipped_is_the_mean_gradient_so_a_batch_has_no_clipped_norm(
    clip: dict[str, float], tmp_path: Path
) -> None:
    """The update shows it: with plain gradient descent it is the learning rate times the clipped mean."""
    training = _training(lambda: SGD(0.5, gradient_accumulation_steps=2, **clip))
    alone = training.run()
    training.run(StabilityCallback(tmp_path / RUN, overhead=math.inf)).assert_identical(alone)
    _, _, values = read_steps(tmp_path)
    oracle = by_hand(training, epochs=2)
    assert_agreement(
        values, oracle, rtol=training.rtol, atol=training.atol, without=frozenset({"clipped_grad_norm"})
    )
    assert not any("clipped_grad_norm" in row.scalars for row in values)
    limit = clip.get("global_clipnorm")
    if limit is not None:
        updates = [np.linalg.norm(row.variables["update_norm"]) for row in values[1::2]]
        np.testing.assert_allclose(updates, 0.5 * limit, rtol=1e-4)
