"""Step time of the demo's models with and without the callback, measured in turn in one process.

    python benchmarks/step_time.py [--alternations 15]

Prints, for each model, the median step time and the median ratio with its quartiles. Each fit is
warmed up by one epoch that is not timed, so that tracing and compiling are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).parents[1] / "demo"))

import keras
import numpy as np
import trainings

from tb_stability import StabilityCallback

_EPOCHS = 3


class _EpochTimes(keras.callbacks.Callback):
    """Seconds of every epoch, without what happens between them."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Starts the watch."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Stops it."""
        self.seconds.append(time.perf_counter() - self._start)


def step_milliseconds(build: Callable[[], keras.Model], log_dir: str | None) -> float:
    """Trains a fresh model; the fastest of its epochs but the first, in milliseconds a step."""
    trainings.start_afresh()
    images, classes = trainings.digits()
    model = build()
    model.compile(keras.optimizers.Adam(1e-3), trainings.loss_function(), metrics=["accuracy"])
    times = _EpochTimes()
    observers = [StabilityCallback(log_dir)] if log_dir else []
    model.fit(
        images,
        classes,
        batch_size=trainings.BATCH_SIZE,
        epochs=1 + _EPOCHS,
        verbose=0,
        callbacks=[times, *observers],
    )
    steps = -(-len(images) // trainings.BATCH_SIZE)
    return 1000 * min(times.seconds[1:]) / steps


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alternations", type=int, default=15, help="pairs of fits (default: %(default)s)")
    alternations = parser.parse_args().alternations
    print(f"{'model':<28}{'without':>12}{'with':>12}{'ratio':>8}{'quartiles':>16}")
    for build in (trainings.multilayer_perceptron, trainings.deep_sigmoid, trainings.normalized_convolutions):
        pairs = []
        for _ in range(alternations):
            with tempfile.TemporaryDirectory() as folder:
                pairs.append((step_milliseconds(build, None), step_milliseconds(build, folder)))
        without, observed = np.array(pairs).T
        low, ratio, high = np.percentile(observed / without, [25, 50, 75])
        print(
            f"{build.__name__:<28}{np.median(without):>9.2f} ms{np.median(observed):>9.2f} ms{ratio:>8.2f}"
            f"{low:>9.2f} - {high:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
