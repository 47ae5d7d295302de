"""A program: one of two workers that train together with `MultiWorkerMirroredStrategy`.

    python -m tests.distribute.worker DIRECTORY

`TF_CONFIG` says which one it is. `DIRECTORY` as in `mirrored.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow import replicas
from tests.distribute import cases


class WorkerModel(keras.Model):
    """A functional model that Keras 3 can `fit` with several workers, which it cannot by itself.

    It averages the first batch and the metrics over workers, and fails at that:
    https://github.com/keras-team/keras/issues/20585
    """

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Nothing is left to build."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """Metrics with the axis that Keras averages over."""
        return {name: value[tf.newaxis] for name, value in super().train_step(data).items()}


def _for_workers(model: keras.Model) -> keras.Model:
    return WorkerModel(model.inputs, model.outputs)


def main(directory: Path) -> None:
    """Trains with and without us."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    outcomes: dict[str, Any] = {}
    for name in ("dense", "with_a_nan"):
        log_dir = directory / "fit" / name / "run"
        outcomes[f"fit {name}"] = cases.fit(cases.CASES[name], strategy, log_dir, _for_workers)
    outcomes["fit dense alone"] = cases.fit(cases.CASES["dense"], strategy, kind=_for_workers)
    clipped = cases.CASES["clipped"]
    outcomes["loop clipped"] = cases.loop(clipped, strategy, directory / "loop" / "clipped" / "run")
    outcomes["loop clipped alone"] = cases.loop(clipped, strategy)
    with mock.patch.object(replicas, "PATIENCE_SECONDS", 1.0):
        is_first = strategy.extended.should_save_summary
        outcomes["lonely"] = cases.fit(
            cases.CASES["dense"], strategy, directory / "lonely" if is_first else None, _for_workers
        )
    cases.save(outcomes, directory / "outcomes.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
