"""Trains a small model for some hundred steps, as a check before a change is merged; see docs/ci.md.

python demo/ci/train_small.py [--learning-rate 0.05] [--logdir logs/ci/change]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from keras import layers
from sklearn.datasets import load_digits

from tb_stability import StabilityCallback

EPOCHS = 2
"""114 steps: most of what goes wrong does so in the first hundred."""

BATCH_SIZE = 32
SEED = 0


def train(logdir: str, learning_rate: float) -> None:
    """Trains, and records into a directory."""
    keras.utils.set_random_seed(SEED)
    images, classes = load_digits(return_X_y=True)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(32, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(32, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.SGD(learning_rate, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        images / 16,
        classes,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[StabilityCallback(logdir)],
    )


def main() -> None:
    """Parses the arguments and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learning-rate", type=float, default=0.05, help="default: %(default)s")
    parser.add_argument("--logdir", default="logs/ci/change", help="default: %(default)s")
    arguments = parser.parse_args()
    train(arguments.logdir, arguments.learning_rate)


if __name__ == "__main__":
    main()
