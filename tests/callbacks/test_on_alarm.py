"""`on_alarm`: what a user has done at an alarm, in `fit` and in a loop."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import pytest
import tensorflow as tf

import tb_stability
from tb_stability import StabilityCallback, StabilityMonitor
from tb_stability.callbacks.on_alarm import Alarms, OnAlarm
from tb_stability.recorder import Recorder
from tb_stability.report import Diagnosis, Fix
from tb_stability.windows import Window

_X = np.linspace(-1.0, 1.0, 40, dtype=np.float32).reshape(20, 2)
_Y = _X.sum(axis=1, keepdims=True)
_STEPS_OF_AN_EPOCH = 10
_BREAKS = 1e20
"""A learning rate with which the loss is NaN from the third step on."""


def _model(learning_rate: float, **compiled: Any) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate), "mse", **compiled)
    return model


def _fit(
    folder: Path,
    on_alarm: OnAlarm,
    *others: keras.callbacks.Callback,
    learning_rate: float = _BREAKS,
    epochs: int = 4,
    **compiled: Any,
) -> StabilityCallback:
    """Eagerly, where nothing else is said: that is faster than to trace so small a model."""
    model = _model(learning_rate, **compiled or {"run_eagerly": True})
    callback = StabilityCallback(folder / "run", on_alarm=on_alarm)
    model.fit(_X, _Y, batch_size=2, epochs=epochs, verbose=0, callbacks=[callback, *others])
    return callback


class _ReadWhileItTrains(keras.callbacks.Callback):
    """Reads the log as soon as the training is asked to stop."""

    def __init__(self, logdir: Path) -> None:
        super().__init__()
        self.stop_step: int | None = None
        self._logdir = logdir

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.model.stop_training and self.stop_step is None:
            (run,) = tb_stability.load(self._logdir)
            self.stop_step = run.report.stop_step

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.on_train_batch_begin(epoch)


@pytest.mark.parametrize(
    "compiled", [{"steps_per_execution": 5}, {"run_eagerly": True}], ids=["several_at_once", "eager"]
)
def test_stop_ends_a_fit_soon_after_the_alarm_and_the_log_says_so_at_once(
    tmp_path: Path, compiled: dict[str, Any]
) -> None:
    read = _ReadWhileItTrains(tmp_path)
    callback = _fit(tmp_path, "stop", read, **compiled)
    assert callback.model.stop_training
    (run,) = tb_stability.load(tmp_path)
    report = run.report
    alarm = next(w.alarm_step for w in run.windows if w.severity == "critical")
    assert report.stop_step is not None
    assert alarm <= report.stop_step < report.steps.observed < 4 * _STEPS_OF_AN_EPOCH
    assert read.stop_step == report.stop_step
    assert report.steps.recorded == report.steps.observed
    assert (run.verdict.status, run.state) == ("diverged", "ended")
    assert run.verdict.text.endswith(f"on_alarm asked it to stop at step {report.stop_step}.")
    assert callback.verdict == run.verdict


def test_a_fit_after_one_that_was_stopped_is_not_called_stopped(tmp_path: Path) -> None:
    callback = _fit(tmp_path, "stop")
    callback.model.fit(_X, _Y, batch_size=2, verbose=0, callbacks=[callback])
    assert not callback.model.stop_training  # once for one window
    (run,) = tb_stability.load(tmp_path)
    assert run.report.stop_step is None
    assert "on_alarm" not in run.verdict.text


def test_a_training_that_goes_well_runs_to_its_end(tmp_path: Path) -> None:
    callback = _fit(tmp_path, "stop", learning_rate=0.1)
    assert not callback.model.stop_training
    (run,) = tb_stability.load(tmp_path)
    assert (run.report.steps.observed, run.report.stop_step) == (4 * _STEPS_OF_AN_EPOCH, None)


def test_a_function_gets_every_window_with_the_leading_diagnosis_and_training_goes_on(tmp_path: Path) -> None:
    got: list[tuple[Window, Diagnosis | None]] = []
    callback = _fit(tmp_path, lambda window, diagnosis: got.append((window, diagnosis)))
    (run,) = tb_stability.load(tmp_path)
    assert run.report.steps.observed == 4 * _STEPS_OF_AN_EPOCH
    assert {w.kind for w, _ in got} == {w.kind for w in run.windows if w.severity != "info"} != set()
    assert callback.diagnoses[0].cause in {d.cause for _, d in got if d is not None}


def test_what_the_last_steps_raised_is_told_at_the_end(tmp_path: Path) -> None:
    told: list[Window] = []
    callback = _fit(tmp_path, lambda window, _: told.append(window), epochs=1, learning_rate=1e3)
    assert [w.kind for w in told] == [w.kind for w in callback.windows if w.severity != "info"] != []


def test_a_function_that_fails_is_one_warning_and_training_goes_on(tmp_path: Path) -> None:
    calls: list[str] = []

    def fail(window: Window, diagnosis: Diagnosis | None) -> None:
        calls.append(window.kind)
        raise OSError("no network")

    with pytest.warns(RuntimeWarning, match="on_alarm, which failed; .* OSError: no network") as warned:
        _fit(tmp_path, fail, learning_rate=10.0)
    assert len([w for w in warned if "Stability" in str(w.message)]) == 1
    assert len(calls) > 1
    assert tb_stability.load(tmp_path)[0].report.steps.observed == 4 * _STEPS_OF_AN_EPOCH


def test_a_function_may_end_the_program_and_the_log_is_complete(tmp_path: Path) -> None:
    def interrupt(window: Window, diagnosis: Diagnosis | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path, interrupt)
    (run,) = tb_stability.load(tmp_path)
    assert (run.verdict.status, run.state) == ("diverged", "running")


def test_a_loop_is_asked_to_stop(tmp_path: Path) -> None:
    model = _model(_BREAKS)
    steps = 0
    with StabilityMonitor(
        tmp_path / "run", model=model, optimizer=model.optimizer, on_alarm="stop"
    ) as monitor:
        assert not monitor.should_stop
        while not monitor.should_stop and steps < 80:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(_X, training=True) - _Y))
            variables = model.trainable_variables
            model.optimizer.apply(tape.gradient(loss, variables), variables)
            monitor.on_step(loss)
            steps += 1
    (run,) = tb_stability.load(tmp_path)
    assert run.report.stop_step == steps - 1 < 40
    assert run.verdict.text.endswith(f"on_alarm asked it to stop at step {steps - 1}.")


@pytest.mark.parametrize(
    "make", [StabilityCallback, functools.partial(StabilityMonitor, model=1, optimizer=1)]
)
@pytest.mark.parametrize(
    ("on_alarm", "error", "sentence"),
    [
        ("halt", ValueError, 'on_alarm must be "stop" or a function: got \'halt\'. Give "stop"'),
        (True, TypeError, 'on_alarm must be "stop" or a function: got True'),
        (
            lambda window: None,
            TypeError,
            "on_alarm must take two arguments, a window and a diagnosis or None",
        ),
    ],
)
def test_anything_else_is_refused_at_once(
    make: Callable[..., Any], on_alarm: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        make("logs", on_alarm=on_alarm)


@dataclasses.dataclass
class _Found:
    """What `Alarms` looks at of a recorder."""

    windows: tuple[Window, ...]
    diagnoses: tuple[Diagnosis, ...] = ()


def _act(alarms: Alarms, *windows: Window, diagnoses: tuple[Diagnosis, ...] = ()) -> bool:
    return alarms.act(cast(Recorder, _Found(windows, diagnoses)))


_WARNING = Window("loss_divergence", "loss", None, (), 10, 12, None, 14, 1.2, "warning")
_CRITICAL = dataclasses.replace(_WARNING, peak_score=3.0, severity="critical")
_PASSED = dataclasses.replace(_CRITICAL, end_step=20, outcome="recovered")


def test_neither_a_warning_nor_what_has_passed_stops_a_training() -> None:
    assert not _act(Alarms("stop"), _WARNING)
    assert not _act(Alarms("stop"), _PASSED)
    assert _act(Alarms("stop"), _CRITICAL)


def test_one_of_several_workers_is_not_stopped() -> None:
    """The others would wait for it: each notices an alarm at a step of its own."""
    recorder = cast(Recorder, _Found((_CRITICAL,)))
    with pytest.warns(RuntimeWarning, match='on_alarm="stop" works where one process trains'):
        assert not Alarms("stop").stop(recorder, alone=False)


def test_a_window_stops_a_training_once_also_where_it_was_a_warning_first() -> None:
    alarms = Alarms("stop")
    assert [_act(alarms, window) for window in (_WARNING, _CRITICAL, _CRITICAL, _PASSED)] == [
        *(False, True, False, False)
    ]


def test_a_function_is_told_of_a_window_again_when_it_becomes_critical() -> None:
    told: list[tuple[str, str | None]] = []
    alarms = Alarms(lambda w, d: told.append((w.severity, d.cause if d else None)))
    info = dataclasses.replace(_WARNING, severity="info")
    diagnosis = Diagnosis("learning_rate_too_high", "likely", None, 10, "", Fix("", ""), ())
    assert not _act(alarms, info)
    assert not _act(alarms, _WARNING)
    assert not _act(alarms, _WARNING, diagnoses=(diagnosis,))
    assert not _act(alarms, _CRITICAL, diagnoses=(diagnosis,))
    assert not _act(alarms, _PASSED, diagnoses=(diagnosis,))
    assert told == [("warning", None), ("critical", "learning_rate_too_high")]
