"""Several optimizers in one step, as in the GAN of the Keras guides: one run for all, or one for each."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_stability import StabilityCallback, StabilityMonitor
from tests.capture.agreement import assert_agreement, assert_names
from tests.capture.oracle import OracleStep, update
from tests.capture.recorded import RUN, read_steps
from tests.capture.training import Outcome
from tests.capture.ways import ADAM, SGD

_BATCH, _LATENT, _SIZE, _BATCHES = 4, 3, 5, 6


class Gan(keras.Model):
    """Discriminator and generator; `update` is how an optimizer is applied."""

    def __init__(self) -> None:
        super().__init__()
        self.discriminator = keras.Sequential(
            [keras.Input((_SIZE,)), layers.Dense(4, "tanh"), layers.Dense(1)], name="discriminator"
        )
        self.generator = keras.Sequential(
            [keras.Input((_LATENT,)), layers.Dense(4, "tanh"), layers.Dense(_SIZE)], name="generator"
        )
        self.seeds = keras.random.SeedGenerator(3)
        self.crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.update = lambda optimizer, gradients, variables: optimizer.apply(gradients, variables)

    def compile(self, **arguments: Any) -> None:
        super().compile(**arguments)
        self.d_optimizer, self.g_optimizer = ADAM(0.02), SGD(0.1, momentum=0.5, clipnorm=0.1)

    def train_step(self, real: Any) -> dict[str, Any]:
        fake = self.generator(self._noise(), training=True)
        both = keras.ops.concatenate([fake, real], axis=0)
        labels = keras.ops.concatenate([keras.ops.ones((_BATCH, 1)), keras.ops.zeros((_BATCH, 1))], axis=0)
        d_loss = self._step(
            self.d_optimizer, self.discriminator, lambda: self.discriminator(both, training=True), labels
        )
        noise = self._noise()
        g_loss = self._step(
            self.g_optimizer,
            self.generator,
            lambda: self.discriminator(self.generator(noise, training=True), training=True),
            keras.ops.zeros((_BATCH, 1)),
        )
        return {"d_loss": d_loss, "g_loss": g_loss}

    def _step(self, optimizer: Any, model: keras.Model, forward: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self.crossentropy(labels, forward())
        gradients = tape.gradient(loss, model.trainable_variables)
        self.update(optimizer, gradients, model.trainable_variables)
        return loss

    def _noise(self) -> Any:
        return keras.random.normal((_BATCH, _LATENT), seed=self.seeds)


def _fresh(**arguments: Any) -> Gan:
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(1)
    gan = Gan()
    gan.compile(**arguments)
    return gan


def _images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(_BATCHES * _BATCH, _SIZE)).astype("float32")


class _GiveLosses(keras.callbacks.Callback):
    """Hands each monitor the loss of its optimizer; logs are the losses of the batch here."""

    def __init__(self, **monitors: StabilityMonitor) -> None:
        super().__init__()
        self._monitors = monitors

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        for name, monitor in self._monitors.items():
            monitor.on_step(logs[name])


@pytest.mark.parametrize("arguments", [{"jit_compile": False}, {"run_eagerly": True}])
def test_each_optimizer_is_recorded_as_defined(arguments: dict[str, Any], tmp_path: Path) -> None:
    outcomes, oracle = [], _oracle()
    for observed in (False, True):
        gan = _fresh(**arguments)
        with contextlib.ExitStack() as stack:
            callbacks = []
            if observed:
                d, g = (
                    stack.enter_context(
                        StabilityMonitor(tmp_path / name, model=model, optimizer=optimizer, overhead=math.inf)
                    )
                    for name, model, optimizer in (
                        ("d", gan.discriminator, gan.d_optimizer),
                        ("g", gan.generator, gan.g_optimizer),
                    )
                )
                callbacks = [_GiveLosses(d_loss=d, g_loss=g)]
            history = gan.fit(
                _images(), batch_size=_BATCH, shuffle=False, verbose=0, callbacks=callbacks
            ).history
        outcomes.append(Outcome.of(gan, history))
    outcomes[1].assert_identical(outcomes[0])
    for name, model in (("d", gan.discriminator), ("g", gan.generator)):
        layout, steps, values = read_steps(tmp_path, name)
        assert steps == list(range(_BATCHES))
        assert_names(layout, [v.path for v in model.trainable_variables])
        assert_agreement(
            values, oracle[name], rtol=2e-4, atol=2e-6, without=frozenset({"loss", "batch_size"})
        )


@pytest.mark.parametrize("arguments", [{"jit_compile": False}, {"run_eagerly": True}])
def test_the_callback_records_all_optimizers_of_a_step_in_one_row(
    arguments: dict[str, Any], tmp_path: Path
) -> None:
    outcomes, oracle = [], _oracle()
    for callbacks in ([], [StabilityCallback(tmp_path / RUN, overhead=math.inf)]):
        gan = _fresh(**arguments)
        history = gan.fit(_images(), batch_size=_BATCH, shuffle=False, verbose=0, callbacks=callbacks).history
        outcomes.append(Outcome.of(gan, history))
    outcomes[1].assert_identical(outcomes[0])
    layout, steps, values = read_steps(tmp_path)
    assert steps == list(range(_BATCHES))
    assert_names(layout, [v.path for v in gan.trainable_variables])
    both = [
        OracleStep(
            {"grad_norm": math.hypot(d.scalars["grad_norm"], g.scalars["grad_norm"])},
            [*d.variables, *g.variables],
            [],
            [*d.gradients, *g.gradients],
        )
        for d, g in zip(oracle["d"], oracle["g"], strict=True)
    ]
    ambiguous = frozenset({"loss", "learning_rate", "clipped_grad_norm", "batch_size"})
    assert_agreement(values, both, rtol=2e-4, atol=2e-6, without=ambiguous)


def _oracle() -> dict[str, list[OracleStep]]:
    """The same training, step by step by hand."""
    gan = _fresh(run_eagerly=True)
    oracle: dict[str, list[OracleStep]] = {"d": [], "g": []}
    gan.update = lambda optimizer, gradients, variables: oracle[
        "d" if optimizer is gan.d_optimizer else "g"
    ].append(update(optimizer, gradients, variables))
    for start in range(0, _BATCHES * _BATCH, _BATCH):
        gan.train_step(tf.constant(_images()[start : start + _BATCH]))
    return oracle
