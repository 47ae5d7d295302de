"""A program: trains on two logical CPUs with `MirroredStrategy`.

    python -m tests.distribute.mirrored DIRECTORY

`DIRECTORY/outcomes.json` says how the trainings ended, `DIRECTORY/<way>/<case>/run` is what was recorded.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from tb_stability import StabilityCallback
from tb_stability.measures.tensorflow import statistics
from tests.distribute import cases


class BrokenReplica(keras.layers.Layer):
    """Fails in the second replica."""

    def call(self, inputs: Any) -> Any:
        context = tf.distribute.get_replica_context()
        if context is not None and tf.get_static_value(context.replica_id_in_sync_group) == 1:
            raise LookupError("the second replica is broken")
        return inputs


def fit_broken(strategy: tf.distribute.Strategy, log_dir: Path) -> dict[str, Any]:
    """What a training ends with that fails in the second replica, when the first one waits for it."""
    with strategy.scope():
        model = keras.Sequential([keras.Input((6,)), BrokenReplica(), keras.layers.Dense(3)])
        model.compile("sgd", "mse")
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(np.ones((4, 6)), np.ones((4, 3)), verbose=0, callbacks=[StabilityCallback(log_dir)])
        except Exception as raised:  # older versions of Keras have it wrapped by TensorFlow
            error = str(raised)
    return {"error": error} | cases.outcome_of(model, [], caught)


def main(directory: Path) -> None:
    """Trains every case with and without us."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    outcomes: dict[str, Any] = {}
    for name, case in cases.CASES.items():
        outcomes[f"fit {name}"] = cases.fit(case, strategy, directory / "fit" / name / "run")
        outcomes[f"fit {name} alone"] = cases.fit(case, strategy)
    clipped = cases.CASES["clipped"]
    outcomes["loop clipped"] = cases.loop(clipped, strategy, directory / "loop" / "clipped" / "run")
    outcomes["loop clipped alone"] = cases.loop(clipped, strategy)
    with mock.patch.object(statistics, "variable_statistics", side_effect=LookupError("a fault of ours")):
        outcomes["fault"] = cases.fit(cases.CASES["dense"], strategy, directory / "fault")
    outcomes["broken"] = fit_broken(strategy, directory / "broken")
    cases.save(outcomes, directory / "outcomes.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
