"""Five small trainings on scikit-learn's digits: two that work, three that break.

Each records itself into its own run. `fit` and `custom_loop` train the same model with the same
optimizer on the same batches; the loop forgets `training=True`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

from tb_stability import StabilityCallback, StabilityMonitor

BATCH_SIZE = 32
EPOCHS = 5
SEED = 0

Advance = Callable[[int], None]
"""Called with the number of steps done since the last call."""


@dataclasses.dataclass(frozen=True)
class Training:
    """One run of the demo.

    Attributes:
      name: The run's name.
      summary: What is special about it.
      train: Trains and records into a directory, and reports its progress.
    """

    name: str
    summary: str
    train: Callable[[str, Advance], None]


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns 1,797 images of digits, `[n, 8, 8, 1]` in [0, 1], and their classes, `[n]`."""
    images, classes = load_digits(return_X_y=True)
    return (images / 16).reshape(-1, 8, 8, 1).astype("float32"), classes.astype("int32")


def steps_of_one_training() -> int:
    """Optimizer updates of each of the trainings."""
    return EPOCHS * -(-len(digits()[0]) // BATCH_SIZE)


def multilayer_perceptron() -> keras.Model:
    """Two hidden layers, initialized for their activation."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="leaky_relu", kernel_initializer="he_normal"),
            layers.Dense(64, activation="leaky_relu", kernel_initializer="he_normal"),
            layers.Dense(10),
        ]
    )


def deep_sigmoid() -> keras.Model:
    """Ten sigmoid layers with small initial weights: each passes back less than a tenth of the gradient."""
    small = keras.initializers.RandomNormal(stddev=0.05)
    hidden = [layers.Dense(32, activation="sigmoid", kernel_initializer=small) for _ in range(10)]
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), *hidden, layers.Dense(10)])


def normalized_convolutions() -> keras.Model:
    """Six convolutions, each with BatchNormalization."""
    inputs = x = keras.Input((8, 8, 1))
    for i in range(1, 7):
        x = layers.Conv2D(
            16, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"conv_{i}"
        )(x)
        x = layers.BatchNormalization(name=f"bn_{i}")(x)
        x = layers.LeakyReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, name="classes")(x))


def start_afresh() -> None:
    """Makes every training start from the same random state and name its layers from 1."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(SEED)


def loss_function() -> keras.losses.Loss:
    """The loss of all the trainings."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def seed_optimizer() -> keras.optimizers.Optimizer:
    """The optimizer of `fit` and `custom_loop`."""
    return keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)


def train_by_fit(
    build: Callable[[], keras.Model], optimizer: Callable[[], keras.optimizers.Optimizer]
) -> Callable[[str, Advance], None]:
    """Returns a training by `model.fit` with a `StabilityCallback`."""

    def train(log_dir: str, advance: Advance) -> None:
        start_afresh()
        images, classes = digits()
        model = build()
        model.compile(optimizer(), loss_function(), metrics=["accuracy"])
        model.fit(
            images,
            classes,
            batch_size=BATCH_SIZE,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[StabilityCallback(log_dir), _Progress(advance)],
        )

    return train


def train_by_custom_loop(log_dir: str, advance: Advance) -> None:
    """Trains like `fit`, but without `training=True`: BatchNormalization runs in inference mode."""
    start_afresh()
    images, classes = digits()
    model, optimizer, loss_of = normalized_convolutions(), seed_optimizer(), loss_function()
    data = tf.data.Dataset.from_tensor_slices((images, classes))
    data = data.shuffle(len(images), seed=SEED).batch(BATCH_SIZE).repeat(EPOCHS)

    @tf.function
    def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x))  # the bug: model(x, training=True) is meant
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    with StabilityMonitor(log_dir, model=model, optimizer=optimizer) as monitor:
        for x, y in data:
            monitor.on_step(train_step(x, y))
            advance(1)


class _Progress(keras.callbacks.Callback):
    """Reports every step of `fit`."""

    def __init__(self, advance: Advance) -> None:
        super().__init__()
        self._advance = advance

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._advance(1)


TRAININGS = (
    Training(
        "healthy", "as it should be", train_by_fit(multilayer_perceptron, lambda: keras.optimizers.Adam(1e-3))
    ),
    Training(
        "lr_too_high",
        "learning rate 2",
        train_by_fit(multilayer_perceptron, lambda: keras.optimizers.SGD(2.0)),
    ),
    Training(
        "vanishing", "ten sigmoid layers", train_by_fit(deep_sigmoid, lambda: keras.optimizers.SGD(0.1))
    ),
    Training("fit", "BatchNormalization in model.fit", train_by_fit(normalized_convolutions, seed_optimizer)),
    Training("custom_loop", "the same, without training=True", train_by_custom_loop),
)
