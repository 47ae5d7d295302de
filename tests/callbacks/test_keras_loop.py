"""`StabilityMonitor` in a loop of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

import tb_stability
from tb_stability import StabilityCallback, StabilityMonitor
from tests.capture.recorded import read_steps
from tests.models import BATCH_SIZE, CONVOLUTIONS, PERCEPTRON, Case


def _train_step(model: Any, *, training: bool | None = True) -> Callable[..., Any]:
    @tf.function(reduce_retracing=True)
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=training))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return train_step


def _data(case: Case) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((case.x, case.y)).batch(BATCH_SIZE)


@pytest.mark.parametrize("learning_rate", [0.05, 100.0])
def test_the_same_training_has_the_same_windows_in_fit_and_in_a_loop(
    tmp_path: Path, learning_rate: float
) -> None:
    def optimizer() -> keras.optimizers.Optimizer:
        return keras.optimizers.SGD(learning_rate, momentum=0.9)

    model = PERCEPTRON.fresh(optimizer())
    callback = StabilityCallback(tmp_path / "fit")
    model.fit(
        PERCEPTRON.x,
        PERCEPTRON.y,
        batch_size=BATCH_SIZE,
        epochs=5,
        shuffle=False,
        verbose=0,
        callbacks=[callback],
    )
    model = PERCEPTRON.fresh(optimizer())
    with StabilityMonitor(tmp_path / "loop", model=model, optimizer=model.optimizer) as monitor:
        step = _train_step(model)
        for x, y in _data(PERCEPTRON).repeat(5):
            monitor.on_step(step(x, y))
    assert monitor.windows == callback.windows
    assert bool(monitor.windows) == (learning_rate == 100.0)
    written = {run.name: run.windows for run in tb_stability.load(str(tmp_path))}
    assert written == {"fit": callback.windows, "loop": monitor.windows}


def test_a_forgotten_training_true_is_found_by_step_20_with_all_its_layers(tmp_path: Path) -> None:
    for training, expected in ((None, ["bn_statistics_frozen"]), (True, [])):
        model = CONVOLUTIONS.fresh(keras.optimizers.SGD(0.05))
        with StabilityMonitor(tmp_path / str(training), model=model, optimizer=model.optimizer) as monitor:
            step = _train_step(model, training=training)
            for x, y in _data(CONVOLUTIONS).repeat(2):
                monitor.on_step(step(x, y))
        frozen = [w for w in monitor.windows if w.kind == "bn_statistics_frozen"]
        assert [w.kind for w in frozen] == expected
        for window in frozen:
            assert window.start_step == 0
            assert window.alarm_step <= 20
            assert window.layers == ("batch_normalization", "batch_normalization_1")


def test_a_monitor_that_comes_too_late_says_so_and_still_records_the_loss(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    step = _train_step(model)
    data = list(_data(PERCEPTRON))[:-1]
    step(*data[0])
    monitor = StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer)
    for x, y in data:
        monitor.on_step(step(x, y))
    with pytest.warns(RuntimeWarning, match="before the first call of your tf.function"):
        monitor.close()
    (run,) = tb_stability.load(str(tmp_path))
    assert run.report.steps.recorded == len(data)


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("updates", [1, 10])
def test_every_update_is_recorded_also_where_on_step_is_rarer(
    tmp_path: Path, updates: int, every: int
) -> None:
    """Several updates inside of one tf.function, and on_step after some of its calls only."""
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    one = _train_step(model).python_function

    @tf.function
    def several(x: Any, y: Any) -> Any:
        for _ in tf.range(updates - 1):
            one(x, y)
        return one(x, y)

    x, y = next(iter(_data(PERCEPTRON)))
    with StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer) as monitor:
        for call in range(1, 43):
            loss = several(x, y)
            if call % every == 0:
                monitor.on_step(loss)
    (run,) = tb_stability.load(str(tmp_path))
    assert run.report.steps.recorded == 42 * updates


def test_updates_that_are_lost_are_said(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    step = _train_step(model)
    x, y = next(iter(_data(PERCEPTRON)))
    monitor = StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer)
    for _ in range(2100):  # and on_step forgotten
        step(x, y)
    with pytest.warns(RuntimeWarning, match="lost 52 updates before step 52"):
        monitor.close()


def test_what_was_seen_is_written_also_while_something_else_is_traced(tmp_path: Path) -> None:
    """Python may collect a monitor at any moment. Kills: reading the device inside of a graph."""
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    step = _train_step(model)
    monitor = StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer)
    for x, y in _data(PERCEPTRON):
        step(x, y)

    @tf.function
    def traced() -> tf.Tensor:
        monitor.close()
        return tf.constant(0)

    traced()
    (run,) = tb_stability.load(str(tmp_path))
    assert run.report.steps.recorded == 11


def test_a_loss_that_is_no_number_is_left_out_and_the_rest_is_recorded(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    step = _train_step(model)
    monitor = StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer)
    (first, *rest) = _data(PERCEPTRON)
    step(*first)
    with pytest.warns(RuntimeWarning, match="loss as one number"):
        monitor.on_step(None)
    for x, y in rest:
        step(x, y)
        monitor.on_step(None)
    monitor.close()
    (run,) = tb_stability.load(str(tmp_path))
    assert run.report.steps.recorded == 11


def test_values_given_by_keyword_are_recorded(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    with StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer) as monitor:
        step = _train_step(model)
        for i, (x, y) in enumerate(_data(PERCEPTRON)):
            monitor.on_step(step(x, y), **({"val_loss": 0.5} if i == 3 else {}))
    _, _, values = read_steps(tmp_path)
    assert [step for step, row in enumerate(values) if row.scalars.get("val_loss") == 0.5] == [3]


def test_the_step_that_was_traced_runs_on_after_the_monitor_was_closed(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    step = _train_step(model)
    x, y = next(iter(_data(PERCEPTRON)))
    with StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer) as monitor:
        monitor.on_step(step(x, y))
    del monitor
    assert "apply" not in vars(model.optimizer)
    before = int(model.optimizer.iterations)
    step(x, y)
    assert int(model.optimizer.iterations) == before + 1


def test_an_exception_in_the_loop_leaves_a_log_that_was_cut_off(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))

    def loop() -> None:
        with StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer) as monitor:
            step = _train_step(model)
            for x, y in _data(PERCEPTRON):
                monitor.on_step(step(x, y))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    (run,) = tb_stability.load(str(tmp_path))
    assert (run.state, run.report.steps.recorded) == ("running", 11)


def test_misuse_is_said_where_it_happens(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.05))
    monitor = StabilityMonitor(tmp_path / "run", model=model, optimizer=model.optimizer)

    @tf.function
    def inside() -> None:
        monitor.on_step(tf.constant(1.0))

    with pytest.raises(TypeError, match="call on_step after your"):
        inside()
    with pytest.raises(TypeError, match="model must be a Keras Model"):
        StabilityMonitor(tmp_path / "run", model=model.optimizer, optimizer=model)
    with pytest.raises(TypeError, match="optimizer must be a Keras Optimizer"):
        StabilityMonitor(tmp_path / "run", model=model, optimizer="adam")
    monitor.close()
    monitor.close()
    with pytest.raises(RuntimeError, match="after close"):
        monitor.on_step(1.0)
