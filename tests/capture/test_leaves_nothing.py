"""After a fit, and after one that broke, model and optimizer are as they were."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from tb_stability import StabilityCallback, StabilityMonitor
from tests.capture import tiny_models
from tests.capture.tiny_models import BATCH_SIZE
from tests.capture.traces import RaiseAt, assert_nothing_left, attributes
from tests.capture.training import Training, expected_warnings
from tests.capture.ways import SGD, OwnTrainStep

_TRAININGS: dict[str, Training] = {
    "norms": Training(tiny_models.frozen, lambda: SGD(0.1, momentum=0.9)),
    "eager": Training(tiny_models.relu, compile={"run_eagerly": True}),
    "scaled": Training(
        optimizer=lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=4.0),
        compile={"steps_per_execution": 2},
    ),
    "own_train_step": Training(lambda: OwnTrainStep(tiny_models.relu().layers)),
}


def _trained(training: Training) -> keras.Model:
    """A model that was in a fit before: Keras adds attributes of its own in the first one."""
    model = training.fresh()
    _fit(training, model)
    return model


def _fit(training: Training, model: keras.Model, *callbacks: Any, **arguments: Any) -> None:
    x, y = training.arrays()
    with expected_warnings():
        model.fit(
            x, y, batch_size=BATCH_SIZE, shuffle=False, verbose=0, callbacks=list(callbacks), **arguments
        )


@pytest.mark.parametrize(
    ("name", "overhead"), [*((name, math.inf) for name in _TRAININGS), ("norms", 1e-6), ("eager", 1e-6)]
)
def test_after_a_fit_every_attribute_is_as_before(name: str, overhead: float, tmp_path: Path) -> None:
    model = _trained(_TRAININGS[name])
    before = attributes(model)
    epochs = 1 if math.isinf(overhead) else 20  # the first steps are not thinned
    _fit(_TRAININGS[name], model, StabilityCallback(tmp_path, overhead=overhead), epochs=epochs)
    assert_nothing_left(before, attributes(model))


@pytest.mark.parametrize(
    ("hook", "error"),
    [
        ("on_train_begin", ValueError),
        ("on_epoch_begin", ValueError),
        ("on_train_batch_begin", ValueError),
        ("on_train_batch_end", KeyboardInterrupt),
        ("on_epoch_end", SystemExit),
        ("on_train_end", KeyboardInterrupt),
    ],
)
def test_after_a_callback_that_raised_the_next_fit_has_nothing_of_us(
    hook: str, error: type[BaseException], tmp_path: Path
) -> None:
    """A hook of ours may stand ready for the step that never came; it must go before that fit trains."""
    training = _TRAININGS["norms"]
    model = _trained(training)
    before = attributes(model)
    with pytest.raises(error):
        _fit(training, model, StabilityCallback(tmp_path, overhead=math.inf), RaiseAt(hook, error))
    _fit(training, model)
    after = attributes(model)
    after["model.train_function"] = before["model.train_function"]  # Keras may have made a new one
    assert_nothing_left(before, after)


def _broken_data(training: Training) -> Any:
    yield from [(x, y) for x, y, _ in training.batches()][:2]
    raise ValueError("the data broke")


@pytest.mark.parametrize("name", ["norms", "eager"])
def test_after_data_that_raised_every_attribute_is_as_before(name: str, tmp_path: Path) -> None:
    training = _TRAININGS[name]
    model = _trained(training)
    before = attributes(model)
    with pytest.raises((tf.errors.OpError, ValueError), match="the data broke"), expected_warnings():
        model.fit(_broken_data(training), verbose=0, callbacks=[StabilityCallback(tmp_path)])
    assert_nothing_left(before, attributes(model))


def test_after_an_operation_that_failed_every_attribute_is_as_before(tmp_path: Path) -> None:
    """A word that the embedding does not have fails inside of the compiled step."""
    training = Training(tiny_models.embedding, data=tiny_models.words)
    model = _trained(training)
    before = attributes(model)
    x, y = training.arrays()
    x[20] = tiny_models.WORDS + 5
    with pytest.raises(tf.errors.InvalidArgumentError):
        model.fit(
            x, y, batch_size=BATCH_SIZE, shuffle=False, verbose=0, callbacks=[StabilityCallback(tmp_path)]
        )
    assert_nothing_left(before, attributes(model))


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_after_a_step_that_raised_while_it_was_traced_every_attribute_is_as_before(
    error: type[BaseException], tmp_path: Path
) -> None:
    class Raises(OwnTrainStep):
        planted: type[BaseException] | None = None

        def train_step(self, data: Any) -> dict[str, Any]:
            logs = super().train_step(data)
            if self.planted is not None:
                raise self.planted
            return logs

    training = Training(lambda: Raises(tiny_models.relu().layers))
    model = _trained(training)
    before = attributes(model)
    Raises.planted = error
    with pytest.raises(error):
        _fit(training, model, StabilityCallback(tmp_path))
    Raises.planted = None
    after = attributes(model)
    after.update({name: before[name] for name in before if name.endswith("Raises.planted")})
    assert_nothing_left(before, after)


def _loop(training: Training, model: keras.Model, error: type[BaseException] | None, log_dir: Path) -> None:
    @tf.function(reduce_retracing=True)
    def step(x: Any, y: Any) -> Any:
        return model.train_step((x, y))["my_loss"]

    with StabilityMonitor(log_dir, model=model, optimizer=model.optimizer) as monitor:
        for at, (x, y, _) in enumerate(training.batches()):
            monitor.on_step(step(x, y))
            if at == 3 and error is not None:
                raise error


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_after_a_loop_every_attribute_is_as_before(error: type[BaseException] | None, tmp_path: Path) -> None:
    training = _TRAININGS["own_train_step"]
    model = _trained(training)
    before = attributes(model)
    with pytest.raises(error) if error else contextlib.nullcontext():
        _loop(training, model, error, tmp_path)
    assert_nothing_left(before, attributes(model))


def _ends(training: Training, log_dir: Path) -> dict[str, Callable[[keras.Model], None]]:
    def interrupted(model: keras.Model) -> None:
        raising = RaiseAt("on_train_batch_end", KeyboardInterrupt)
        with contextlib.suppress(KeyboardInterrupt):
            _fit(training, model, StabilityCallback(log_dir), raising)

    return {
        "fit": lambda model: _fit(training, model, StabilityCallback(log_dir, overhead=math.inf)),
        "thinned": lambda model: _fit(training, model, StabilityCallback(log_dir, overhead=1e-6), epochs=20),
        "interrupted": interrupted,
        "loop": lambda model: _loop(training, model, None, log_dir),
    }


@pytest.mark.parametrize("end", ["fit", "thinned", "interrupted", "loop"])
def test_no_reference_keeps_the_model_alive(end: str, tmp_path: Path) -> None:
    training = _TRAININGS["own_train_step"]
    model = training.fresh()
    _ends(training, tmp_path)[end](model)
    gone = [weakref.ref(each) for each in (model, model.optimizer, model.layers[0])]
    del model
    keras.utils.clear_session()
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]


def test_a_callback_that_lives_on_keeps_no_model_alive(tmp_path: Path) -> None:
    """Only what Keras itself sets on a callback does, and that goes with the next model."""
    training = _TRAININGS["norms"]
    model = training.fresh()
    callback = StabilityCallback(tmp_path, overhead=math.inf)
    _fit(training, model, callback)
    gone = weakref.ref(model)
    callback.set_model(tiny_models.dense())
    del model
    keras.utils.clear_session()
    gc.collect()
    assert gone() is None
    assert callback.verdict.status
