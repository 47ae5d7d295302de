"""Loops of the user's own, recorded by `StabilityMonitor`: as defined, and the same to the last bit."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from tb_stability import StabilityMonitor
from tests.capture import tiny_models
from tests.capture.agreement import assert_agreement, assert_names
from tests.capture.oracle import by_hand
from tests.capture.recorded import RUN, read_steps
from tests.capture.training import Outcome, Training, expected_warnings, policy
from tests.capture.ways import ADAM, ROUGH, SGD

_EPOCHS = 2

_IN_STEP: dict[str, Callable[..., Any]] = {
    "eager": lambda step: step,
    "traced": tf.function(reduce_retracing=True),
    "jit": tf.function(jit_compile=True),
}
"""Where the user's step runs."""

_LOOPS: dict[str, Training] = {
    "dense": Training(),
    "norms": Training(tiny_models.convolutions, lambda: SGD(0.1, momentum=0.9), data=tiny_models.images),
    "embedding": Training(tiny_models.embedding, lambda: ADAM(0.01, clipnorm=0.1), data=tiny_models.words),
    "frozen": Training(tiny_models.frozen, lambda: SGD(0.1, weight_decay=0.1, global_clipnorm=0.3)),
    "no_gradient": Training(tiny_models.scalar, lambda: SGD(0.1, use_ema=True, ema_overwrite_frequency=3)),
    "late": Training(tiny_models.Late),
    "mixed_float16": Training(
        optimizer=lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=512.0),
        policy="mixed_float16",
        **ROUGH,
    ),
}
_LEFT_OUT = {
    *((name, "jit") for name in ("norms", "frozen", "no_gradient", "late", "mixed_float16")),
    *((name, "eager") for name in ("dense", "frozen", "no_gradient")),
}
"""XLA takes its time to compile; eager steps differ in nothing that other tests would not see."""


def _train_step(model: Any) -> Callable[[Any, Any], Any]:
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True), training=True)
            scaled = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss

    return train_step


def _run(training: Training, kind: str, log_dir: Path | None, **arguments: Any) -> tuple[Outcome, Any]:
    """Trains in a loop, monitored where there is a `log_dir`; returns what it leaves, and the model."""
    model = training.fresh()
    step = _IN_STEP[kind](_train_step(model))
    losses = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(policy(training.policy))
        stack.enter_context(expected_warnings())
        monitor = None
        if log_dir is not None:
            monitor = stack.enter_context(
                StabilityMonitor(log_dir, model=model, optimizer=model.optimizer, **arguments)
            )
        for x, y, _ in _EPOCHS * training.batches():
            loss = step(tf.constant(x), tf.constant(y))
            losses.append(loss)
            if monitor is not None:
                monitor.on_step(loss)
    return Outcome.of(model, {"loss": [float(loss) for loss in losses]}), model


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n in _LOOPS for k in _IN_STEP if (n, k) not in _LEFT_OUT]
)
def test_a_loop_is_recorded_as_defined_and_trains_as_without_us(name: str, kind: str, tmp_path: Path) -> None:
    training = _LOOPS[name]
    alone, _ = _run(training, kind, None)
    observed, model = _run(training, kind, tmp_path / RUN, overhead=math.inf)
    layout, steps, values = read_steps(tmp_path)
    oracle = by_hand(training, epochs=_EPOCHS, starts_late=(name, kind) == ("late", "eager"))
    assert steps == list(range(len(oracle)))
    assert_names(layout, [v.path for v in model.trainable_variables])
    assert_agreement(
        values, oracle, rtol=training.rtol, atol=training.atol, without=frozenset({"batch_size"})
    )
    if (name, kind) == ("embedding", "jit") and tf.__version__.startswith("2.18."):
        pytest.skip("XLA of TensorFlow 2.18 rounds a product otherwise where somebody else reads it, too")
    observed.assert_identical(alone)


def test_several_updates_in_one_call_are_all_recorded(tmp_path: Path) -> None:
    """A loop inside of the `tf.function`: the loss given belongs to its last update."""
    training = Training()
    model = training.fresh()
    step = _train_step(model)

    @tf.function
    def epoch(data: tf.data.Dataset) -> Any:
        loss = tf.constant(0.0)
        for x, y in data:
            loss = step(x, y)
        return loss

    data = tf.data.Dataset.from_tensor_slices(training.arrays()).batch(tiny_models.BATCH_SIZE)
    with StabilityMonitor(
        tmp_path / RUN, model=model, optimizer=model.optimizer, overhead=math.inf
    ) as monitor:
        for _ in range(_EPOCHS):
            monitor.on_step(epoch(data))
    _, steps, values = read_steps(tmp_path)
    oracle = by_hand(training, epochs=_EPOCHS)
    assert steps == list(range(len(oracle)))
    per_epoch = len(oracle) // _EPOCHS
    assert [step for step, row in enumerate(values) if "loss" in row.scalars] == [
        per_epoch - 1,
        2 * per_epoch - 1,
    ]
    assert values[-1].scalars["loss"] == pytest.approx(oracle[-1].scalars["loss"], rel=1e-4)
    assert_agreement(
        values, oracle, rtol=training.rtol, atol=training.atol, without=frozenset({"batch_size", "loss"})
    )


def test_gradients_that_a_loop_changed_are_recorded_as_the_optimizer_got_them(tmp_path: Path) -> None:
    """Some loops clip by themselves, or leave the last layer out of an update."""
    training = Training()
    norms = []
    model = training.fresh()
    kernel, bias, *_ = model.trainable_variables

    @tf.function(reduce_retracing=True)
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        gradients, norm = tf.clip_by_global_norm(tape.gradient(loss, [kernel, bias]), 0.01)
        model.optimizer.apply_gradients([(gradients[0], kernel), (gradients[1], bias)])
        return loss, norm

    model.optimizer.build(model.trainable_variables)
    with StabilityMonitor(
        tmp_path / RUN, model=model, optimizer=model.optimizer, overhead=math.inf
    ) as monitor:
        for x, y, _ in training.batches():
            loss, norm = step(x, y)
            monitor.on_step(loss)
            norms.append(float(norm))
    _, _, values = read_steps(tmp_path)
    assert min(norms) > 0.01
    for row in values:
        assert row.scalars["grad_norm"] == pytest.approx(0.01, rel=1e-4)
        assert (row.variables["grad_norm"][2:] == 0).all()
        assert (row.variables["update_norm"][2:] == 0).all()
        assert row.variables["update_norm"][0] == pytest.approx(0.1 * row.variables["grad_norm"][0], rel=1e-3)
