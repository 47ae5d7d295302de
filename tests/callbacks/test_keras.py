"""`StabilityCallback` in `model.fit`."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import warnings
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import tb_stability
from tb_stability import StabilityCallback
from tb_stability.writers.event_file import EventFileWriter
from tests.models import BATCH_SIZE, CONVOLUTIONS, PERCEPTRON

_FIT: dict[str, Any] = {"batch_size": BATCH_SIZE, "verbose": 0}


class _RaiseAt(keras.callbacks.Callback):
    """Ends a fit the hard way."""

    def __init__(self, batch: int, error: type[BaseException]) -> None:
        super().__init__()
        self._batch = batch
        self._error = error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == self._batch:
            raise self._error


def _steps(logdir: Path, run: str = "run") -> tuple[int | None, int | None, int]:
    report = next(r for r in tb_stability.load(str(logdir)) if r.name == run)
    steps = report.report.steps
    return steps.first, steps.last, steps.recorded


def test_every_step_of_a_fit_is_in_the_log(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    model.fit(PERCEPTRON.x, PERCEPTRON.y, epochs=4, callbacks=[StabilityCallback(tmp_path / "run")], **_FIT)
    assert _steps(tmp_path) == (0, 43, 44)
    assert os.listdir(tmp_path / "run") == ["stability"]


def test_a_second_fit_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    callback = StabilityCallback(tmp_path / "run")
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback], **_FIT)
    model.compile(keras.optimizers.SGD(0.1), PERCEPTRON.loss)  # its iterations begin at 0 again
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback], **_FIT)
    assert _steps(tmp_path) == (0, 21, 22)


def test_a_resumed_training_counts_on(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    model.fit(PERCEPTRON.x, PERCEPTRON.y, **_FIT)
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[StabilityCallback(tmp_path / "run")], **_FIT)
    assert _steps(tmp_path) == (11, 21, 11)


def test_the_models_own_training_function_is_never_touched(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    model.fit(PERCEPTRON.x, PERCEPTRON.y, **_FIT)
    own = model.train_function
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[StabilityCallback(tmp_path / "run")], **_FIT)
    assert model.train_function is own
    assert "apply" not in vars(model.optimizer)
    assert "compute_loss" not in vars(model)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_exception_nothing_is_left_and_the_next_fit_is_recorded(
    tmp_path: Path, error: type[BaseException]
) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    model.fit(PERCEPTRON.x, PERCEPTRON.y, **_FIT)
    own = model.train_function
    callback = StabilityCallback(tmp_path / "run")
    with pytest.raises(error):
        model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback, _RaiseAt(5, error)], **_FIT)
    assert model.train_function is own
    assert "apply" not in vars(model.optimizer)
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback], **_FIT)
    assert _steps(tmp_path) == (11, 27, 17)


def test_a_training_function_that_a_callback_replaced_is_followed(tmp_path: Path) -> None:
    """Freezing layers in the middle of a fit takes a new training function."""

    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.layers[0].trainable = False
                self.model.make_train_function(force=True)

    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    weights = []
    for callbacks in ([], [StabilityCallback(tmp_path / "run")]):
        model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
        model.fit(PERCEPTRON.x, PERCEPTRON.y, epochs=2, callbacks=[Freeze(), *callbacks], **_FIT)
        weights.append(model.get_weights())
    for without, with_callback in zip(*weights, strict=True):
        np.testing.assert_array_equal(without, with_callback)


def test_the_validation_loss_belongs_to_the_last_step_before_it(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.Adam())
    callback = StabilityCallback(tmp_path / "run")
    seen: list[tuple[int, float]] = []
    recorder = callback._recorder
    record = recorder.record
    recorder.record = lambda values, layout, *, first_step: (  # type: ignore[method-assign]
        seen.extend(
            (first_step + i, v.scalars["val_loss"]) for i, v in enumerate(values) if "val_loss" in v.scalars
        ),
        record(values, layout, first_step=first_step),
    )[1]
    history = model.fit(
        PERCEPTRON.x, PERCEPTRON.y, epochs=2, validation_split=0.2, callbacks=[callback], **_FIT
    ).history
    assert seen == [(8, pytest.approx(history["val_loss"][0])), (17, pytest.approx(history["val_loss"][1]))]


def test_a_full_disk_is_one_warning_and_the_windows_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFileWriter, "write_rows", full)
    model = PERCEPTRON.fresh(keras.optimizers.SGD(1e20))
    callback = StabilityCallback(tmp_path / "run")
    with pytest.warns(RuntimeWarning, match="No space left") as warned:
        model.fit(PERCEPTRON.x, PERCEPTRON.y, epochs=3, callbacks=[callback], **_FIT)
    assert len([w for w in warned if "Stability" in str(w.message)]) == 1
    assert "non_finite" in {w.kind for w in callback.windows}
    assert callback.verdict.status == "diverged"


def test_no_reference_keeps_the_model_alive(tmp_path: Path) -> None:
    model = CONVOLUTIONS.fresh(keras.optimizers.SGD(0.1))
    callback = StabilityCallback(tmp_path / "run")
    model.fit(CONVOLUTIONS.x, CONVOLUTIONS.y, callbacks=[callback], **_FIT)
    gone = weakref.ref(model)
    del model, callback
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "ending", ["os.kill(os.getpid(), signal.SIGKILL)", "raise KeyboardInterrupt", "sys.exit()"]
)
def test_what_was_seen_before_a_cruel_end_is_readable(tmp_path: Path, ending: str) -> None:
    """The loss became NaN some steps before; the report of it was flushed at once, or is at exit."""
    program = f"""
        import os, signal, sys, time
        import keras
        from tb_stability import StabilityCallback
        from tests.models import PERCEPTRON

        class End(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if batch == 9:
                    {ending}
                time.sleep(0.3)

        model = PERCEPTRON.fresh(keras.optimizers.SGD(1e20))
        callbacks = [StabilityCallback({str(tmp_path / "run")!r}), End()]
        model.fit(PERCEPTRON.x, PERCEPTRON.y, batch_size=32, verbose=0, callbacks=callbacks)
    """
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    (run,) = tb_stability.load(str(tmp_path))
    assert "non_finite" in {w.kind for w in run.windows}, done.stderr
    assert run.state == "running"


@pytest.mark.parametrize(
    ("log_dir", "error"), [("", ValueError), (3, TypeError), (b"logs", TypeError), (None, TypeError)]
)
def test_a_log_dir_that_is_none_is_refused_at_once(log_dir: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        StabilityCallback(log_dir)


def test_a_model_that_gets_its_weights_in_the_first_step_is_recorded_from_that_step(tmp_path: Path) -> None:
    """Kills: reading the start of the moving statistics while they have no value yet."""
    layers = [
        keras.layers.Dense(8, "relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(10, "softmax"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.1), PERCEPTRON.loss)
    callback = StabilityCallback(tmp_path / "run")
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback], **_FIT)
    assert _steps(tmp_path) == (0, 10, 11)
    assert callback._recorder._layout.normalizations[0].channels == 8


def test_a_second_callback_in_one_fit_gives_way_with_a_warning(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    model.fit(PERCEPTRON.x, PERCEPTRON.y, **_FIT)
    own = model.train_function
    callbacks = [StabilityCallback(tmp_path / "run"), StabilityCallback(tmp_path / "other")]
    with pytest.warns(RuntimeWarning, match="another StabilityCallback records this fit"):
        model.fit(PERCEPTRON.x, PERCEPTRON.y, epochs=2, callbacks=callbacks, **_FIT)
    assert _steps(tmp_path) == (11, 32, 22)
    assert model.train_function is own
    model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=callbacks[1:], **_FIT)  # alone, it records
    assert _steps(tmp_path, "other") == (33, 43, 11)


def test_a_callback_that_is_listed_twice_records_once(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    callback = StabilityCallback(tmp_path / "run")
    model.fit(
        PERCEPTRON.x, PERCEPTRON.y, validation_split=0.1, epochs=2, callbacks=[callback, callback], **_FIT
    )
    assert _steps(tmp_path) == (0, 19, 20)


def test_a_fit_that_never_updates_with_the_models_optimizer_says_so(tmp_path: Path) -> None:
    """As the GAN of the Keras guides: a `train_step` with optimizers of its own."""

    class OwnOptimizer(keras.Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            own.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    own = keras.optimizers.SGD(0.1)
    model = OwnOptimizer(PERCEPTRON.fresh("adam").layers)
    model.compile("adam", PERCEPTRON.loss)
    with pytest.warns(RuntimeWarning, match="use one StabilityMonitor for each"):
        model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[StabilityCallback(tmp_path / "run")], **_FIT)


def test_windows_and_verdict_are_up_to_date_after_a_fit_that_another_callback_ended(tmp_path: Path) -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(1e20))
    callback = StabilityCallback(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        model.fit(PERCEPTRON.x, PERCEPTRON.y, callbacks=[callback, _RaiseAt(9, KeyboardInterrupt)], **_FIT)
    assert callback.verdict.status == "diverged"


def test_a_model_that_fit_builds_has_the_weights_that_it_began_with(tmp_path: Path) -> None:
    """Kills: weights that are looked at after the first update, here a thousand times as large."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(16, "relu", name="wide"), keras.layers.Dense(1, name="out")])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    x = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    model.fit(x, 1e6 * x[:, :1], epochs=2, verbose=0, callbacks=[StabilityCallback(tmp_path)])
    (run,) = tb_stability.load(tmp_path)
    assert run.report.model is not None
    wide = run.report.model.find("wide")
    assert wide is not None
    assert wide.weight_std == pytest.approx((2 / (8 + 16)) ** 0.5, rel=0.2)  # Glorot
    assert wide.bias_mean == 0.0


def test_a_loop_that_calls_too_few_methods_of_the_callback_is_told(tmp_path: Path) -> None:
    """Kills: silence, and no run, where `train_on_batch` ran without `on_train_batch_begin`."""
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    callback = StabilityCallback(tmp_path / "run")
    callback.set_model(model)
    callback.on_train_begin()
    model.train_on_batch(PERCEPTRON.x[:4], PERCEPTRON.y[:4])
    with pytest.warns(RuntimeWarning, match="use a StabilityMonitor there"):
        callback.on_train_end()


def test_a_fit_that_broke_before_its_first_step_warns_of_nothing_when_it_is_forgotten(tmp_path: Path) -> None:
    """Kills: taking the updates of later fits, without us, for some that were not seen."""

    class Breaks(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            raise ValueError("broken")

    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    callback = StabilityCallback(tmp_path / "run")
    with pytest.raises(ValueError, match="broken"):
        model.fit(PERCEPTRON.x[:8], PERCEPTRON.y[:8], verbose=0, callbacks=[callback, Breaks()])
    model.fit(PERCEPTRON.x[:8], PERCEPTRON.y[:8], verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback._finalizer()
