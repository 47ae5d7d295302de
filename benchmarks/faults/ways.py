"""The ways of training of a recipe."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from faults.data import Batches
from faults.losses import make_loss
from faults.program import Recipe
from tb_stability import StabilityCallback, StabilityMonitor

_PRETRAINING_STEPS = 150


@dataclasses.dataclass(frozen=True)
class Training:
    """What is trained.

    Attributes:
      recipe: As it was asked for.
      batches: Its data.
      model: Not compiled.
      optimizer: For the model.
    """

    recipe: Recipe
    batches: Batches
    model: keras.Model
    optimizer: Any

    @property
    def loss(self) -> Any:
        """The loss."""
        return make_loss(self.recipe.loss, self.batches.classes)

    def dataset(self, first: int, last: int) -> tf.data.Dataset:
        """The batches of steps `first` up to, and without, `last`."""
        batches = self.batches
        return tf.data.Dataset.from_tensor_slices((batches.inputs[first:last], batches.targets[first:last]))

    def fit(self, first: int, last: int, callbacks: list[Any]) -> None:
        """Trains these steps with `fit`."""
        recipe = self.recipe
        self.model.optimizer.build(self.model.trainable_variables)  # faster here than while tracing
        self.model.fit(
            self.dataset(first, last),
            steps_per_epoch=recipe.epoch_steps,
            epochs=(last - first) // recipe.epoch_steps,
            validation_data=self.batches.validation if recipe.validates else None,
            validation_batch_size=512,
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        )


def fit(training: Training, log_dir: str) -> None:
    """`model.fit`."""
    training.model.compile(training.optimizer, training.loss)
    training.fit(0, training.recipe.steps, [StabilityCallback(log_dir, overhead=math.inf)])


def fine_tune(training: Training, log_dir: str) -> None:
    """All layers but the last are frozen, after a training that is not recorded."""
    _pretrain(training)
    training.model.compile(training.optimizer, training.loss)
    training.fit(0, training.recipe.steps, [StabilityCallback(log_dir, overhead=math.inf)])


def unfreeze(training: Training, log_dir: str) -> None:
    """The same, and after half of the steps all layers go on with a tenth of the learning rate."""
    recipe, model = training.recipe, training.model
    half = recipe.steps // 2
    callback = StabilityCallback(log_dir, overhead=math.inf)
    _pretrain(training)
    model.compile(training.optimizer, training.loss)
    training.fit(0, half, [callback])
    for layer in model.layers:
        layer.trainable = True
    model.compile(keras.optimizers.Adam(recipe.learning_rate / 10), training.loss)
    training.fit(half, recipe.steps, [callback])


def loop(training: Training, log_dir: str) -> None:
    """A loop of one's own."""
    _loop(training, log_dir, {"training": True})


def loop_inference(training: Training, log_dir: str) -> None:
    """A loop that forgot `training=True`: BatchNormalization runs in inference mode."""
    _loop(training, log_dir, {})


def generator(training: Training, log_dir: str) -> None:
    """A GAN on the inputs; the generator is recorded."""
    _adversarial(training, log_dir, records_generator=True)


def discriminator(training: Training, log_dir: str) -> None:
    """A GAN on the inputs; the discriminator is recorded."""
    _adversarial(training, log_dir, records_generator=False)


def _pretrain(training: Training) -> None:
    training.model.compile(keras.optimizers.Adam(2e-3), training.loss)
    training.model.fit(training.dataset(0, _PRETRAINING_STEPS), verbose=0)
    for layer in training.model.layers[:-1]:
        layer.trainable = False


def _loop(training: Training, log_dir: str, call_options: Mapping[str, Any]) -> None:
    recipe, model, optimizer, loss = training.recipe, training.model, training.optimizer, training.loss
    x_held_back, y_held_back = training.batches.validation

    def mean_loss(x: Any, y: Any, **options: Any) -> Any:
        return tf.reduce_mean(loss(y, model(x, **options)))

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = mean_loss(x, y, **call_options)
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    optimizer.build(model.trainable_variables)
    with StabilityMonitor(log_dir, model=model, optimizer=optimizer, overhead=math.inf) as monitor:
        for step, (x, y) in enumerate(training.dataset(0, recipe.steps)):
            value = train_step(x, y)
            if recipe.validates and (step + 1) % recipe.epoch_steps == 0:
                monitor.on_step(value, val_loss=mean_loss(x_held_back, y_held_back, training=False))
            else:
                monitor.on_step(value)


def _adversarial(training: Training, log_dir: str, *, records_generator: bool) -> None:
    recipe, makes = training.recipe, training.model
    flat = training.batches.inputs.reshape(recipe.steps, recipe.batch_size, -1)
    judges = keras.Sequential(
        [
            keras.layers.Dense(32, "leaky_relu", name="judge_1"),
            keras.layers.Dense(32, "leaky_relu", name="judge_2"),
            keras.layers.Dense(1, name="judge"),
        ]
    )
    judges.build((None, flat.shape[-1]))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizers = [keras.optimizers.Adam(recipe.learning_rate, beta_1=0.5) for _ in range(2)]
    ones, zeros = tf.ones((recipe.batch_size, 1)), tf.zeros((recipe.batch_size, 1))

    @tf.function
    def train_step(real: Any) -> tuple[Any, Any]:
        with tf.GradientTape(persistent=True) as tape:
            made = makes(tf.random.normal((recipe.batch_size, *makes.input_shape[1:])), training=True)
            judged = judges(made, training=True)
            judge_loss = (loss(ones, judges(real, training=True)) + loss(zeros, judged)) / 2
            make_loss_ = loss(ones, judged)
        for optimizer, model, value in zip(
            optimizers, (makes, judges), (make_loss_, judge_loss), strict=True
        ):
            optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return make_loss_, judge_loss

    watched = 0 if records_generator else 1
    for optimizer, model in zip(optimizers, (makes, judges), strict=True):
        optimizer.build(model.trainable_variables)
    model, optimizer = (makes, judges)[watched], optimizers[watched]
    with StabilityMonitor(log_dir, model=model, optimizer=optimizer, overhead=math.inf) as monitor:
        for real in flat:
            monitor.on_step(train_step(real)[watched])


WAYS: Mapping[str, Callable[[Training, str], None]] = {
    way.__name__: way for way in (fit, fine_tune, unfreeze, loop, loop_inference, generator, discriminator)
}
"""By the name that a recipe gives."""
