"""Models are saved, cloned, copied and pickled while they are recorded, and load without this package."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_stability import StabilityCallback, StabilityMonitor
from tests.capture import tiny_models
from tests.capture.training import Training
from tests.capture.ways import ADAM, SGD

_ALONE = Training(tiny_models.convolutions, lambda: ADAM(0.01, clipnorm=1.0), data=tiny_models.images)
_SCALED = Training(
    tiny_models.nested, lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1, momentum=0.9), initial_scale=4.0)
)
_TRAININGS = {"alone": _ALONE, "scaled": _SCALED}

_LOAD_WITHOUT_US = """
    import pathlib, pickle, sys

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "tb_stability":
                raise ImportError("tb_stability is not installed here")

    sys.meta_path.insert(0, Blocker())
    import keras, numpy as np

    folder = pathlib.Path(sys.argv[1])
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".keras", ".pickle"))
    for path in found:
        if path.suffix == ".keras":
            model = keras.models.load_model(path)
        else:
            model = pickle.loads(path.read_bytes())
        weights = np.load(path.with_suffix(".npz"))
        for mine, saved in zip(model.get_weights(), weights.values(), strict=True):
            np.testing.assert_array_equal(mine, saved)
        # Before Keras 3.10 the inner one alone counts.
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        assert int(optimizer.iterations) > 0
        if "after" in path.name:
            x = np.zeros((4, *model.input_shape[1:]), "float32")
            model.fit(x, np.zeros(4, "int32"), verbose=0)
    assert "tb_stability" not in sys.modules
    print(len(found))
"""


def _save_everything(model: keras.Model, folder: Path, name: str) -> None:
    """Saves a model in all ways, and checks the copies that stay in this process."""
    weights = model.get_weights()
    for suffix in (f"{name}_saved.keras", f"{name}_pickled.pickle"):
        np.savez((folder / suffix).with_suffix(".npz"), *weights)
    model.save(folder / f"{name}_saved.keras")
    (folder / f"{name}_pickled.pickle").write_bytes(pickle.dumps(model))
    model.save_weights(folder / f"{name}.weights.h5")
    for twin in (copy.deepcopy(model), keras.models.clone_model(model)):
        # Keras 3.5 does not compile a clone, and one that is not has no such attribute there.
        assert "apply" not in vars(getattr(twin, "optimizer", None) or twin)
        twin.set_weights(weights)
        x = np.zeros((2, *model.input_shape[1:]), "float32")
        np.testing.assert_array_equal(twin(x, training=False), model(x, training=False))


class _SaveDuring(keras.callbacks.Callback):
    """Saves at a hook of the second batch."""

    def __init__(self, folder: Path, hook: str) -> None:
        super().__init__()

        def save(batch: int, logs: Any = None) -> None:
            if batch == 2:
                _save_everything(self.model, folder, hook)

        setattr(self, hook, save)


def _fit(training: Training, model: keras.Model, folder: Path) -> None:
    x, y = training.arrays()
    ours = StabilityCallback(folder / "log", overhead=math.inf)
    before, after = (_SaveDuring(folder, f"on_train_batch_{end}") for end in ("begin", "end"))
    model.fit(
        x, y, batch_size=tiny_models.BATCH_SIZE, shuffle=False, verbose=0, callbacks=[before, ours, after]
    )


def _loop(training: Training, model: keras.Model, folder: Path) -> None:
    @tf.function(reduce_retracing=True)
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
            scaled = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss

    with StabilityMonitor(folder / "log", model=model, optimizer=model.optimizer) as monitor:
        for at, (x, y, _) in enumerate(training.batches()):
            monitor.on_step(step(x, y))
            if at == 2:
                _save_everything(model, folder, "loop")


_WAYS: dict[str, Callable[[Training, keras.Model, Path], None]] = {"fit": _fit, "loop": _loop}


def test_what_is_saved_during_and_after_training_loads_without_this_package(tmp_path: Path) -> None:
    for name, training in _TRAININGS.items():
        for way, train in _WAYS.items():
            folder = tmp_path / f"{name}_{way}"
            folder.mkdir()
            model = training.fresh()
            train(training, model, folder)
            _save_everything(model, folder, "after")
    program = textwrap.dedent(_LOAD_WITHOUT_US)
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(_TRAININGS) * 2 * (3 + 2)


@pytest.mark.parametrize("way", _WAYS)
def test_saving_in_the_middle_does_not_change_the_training(way: str, tmp_path: Path) -> None:
    weights = []
    for name in ("with", "without"):
        folder = tmp_path / name
        folder.mkdir()
        model = _ALONE.fresh()
        if name == "with":
            _WAYS[way](_ALONE, model, folder)
        elif way == "fit":
            x, y = _ALONE.arrays()
            model.fit(x, y, batch_size=tiny_models.BATCH_SIZE, shuffle=False, verbose=0)
        else:
            _loop_alone(model)
        weights.append(model.get_weights())
    for mine, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def _loop_alone(model: keras.Model) -> None:
    step = tf.function(model.train_step, reduce_retracing=True)
    for x, y, _ in _ALONE.batches():
        step((tf.constant(x), tf.constant(y)))
