"""Trains a recipe under the real callback, and records what it saw. Imports Keras."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from faults.data import make_batches
from faults.program import Recipe
from faults.recording import Recording, Segment, write
from faults.schedules import learning_rates
from faults.ways import WAYS, Training
from tb_stability.recorder import Recorder
from tb_stability.report import RunReport, Steps
from tb_stability.series import Layout, StepValues
from tb_stability.writers.tensorflow import open_record_file

with contextlib.suppress(RuntimeError):  # a process that ran TensorFlow before keeps its threads
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


@keras.saving.register_keras_serializable("tb_stability_benchmarks")
class RateTable(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate for every update; the last one goes on."""

    def __init__(self, rates: Sequence[float]) -> None:
        self.rates = [float(rate) for rate in rates]

    def __call__(self, step: Any) -> Any:
        return tf.gather(tf.constant(self.rates), tf.minimum(tf.cast(step, tf.int32), len(self.rates) - 1))

    def get_config(self) -> dict[str, Any]:
        return {"rates": self.rates}


def train(recipe: Recipe, folder: Path) -> None:
    """Trains, and writes the recording into `folder`."""
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(recipe.precision)
    try:
        recording = _record(recipe)
    finally:
        keras.config.set_dtype_policy("float32")
        keras.backend.clear_session()
    write(recording, folder, open_records=open_record_file)


def _record(recipe: Recipe) -> Recording:
    network = importlib.import_module(f"faults.networks.{recipe.architecture}")
    batches = make_batches(recipe, network.VIEW)
    model = network.build(batches.inputs.shape[2:], batches.outputs, **recipe.network)
    training = Training(recipe, batches, model, _make_optimizer(recipe))
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as log_dir,
        _seen() as (segments, recorders),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Gradients do not exist")
        warnings.filterwarnings("error", message="Stability", category=RuntimeWarning)
        WAYS[recipe.way](training, log_dir)
        (recorder,) = recorders
        steps = [step for segment in segments for step, _ in segment.steps]
        live = RunReport(
            Steps(steps[0], steps[-1], len(steps), len(steps)), recorder.windows, recorder.verdict, ()
        )
    return Recording(segments, live)


def _make_optimizer(recipe: Recipe) -> Any:
    options = dict(recipe.optimizer_options)
    growth_steps = options.pop("loss_scale_growth_steps", None)
    optimizer = getattr(keras.optimizers, recipe.optimizer)(RateTable(learning_rates(recipe)), **options)
    if growth_steps is not None:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, dynamic_growth_steps=growth_steps)
    return optimizer


@contextlib.contextmanager
def _seen() -> Iterator[tuple[list[Segment], list[Recorder]]]:
    """While inside, notes what the recorder is given."""
    segments: list[Segment] = []
    recorders: list[Recorder] = []
    original = Recorder.record

    def record(recorder: Recorder, values: Sequence[StepValues], layout: Layout, *, first_step: int) -> None:
        if recorder not in recorders:
            recorders.append(recorder)
        if not segments or segments[-1].layout != layout:
            segments.append(Segment(layout))
        segments[-1].steps.extend(enumerate(values, first_step))
        original(recorder, values, layout, first_step=first_step)

    Recorder.record = record  # type: ignore[method-assign]
    try:
        yield segments, recorders
    finally:
        Recorder.record = original  # type: ignore[method-assign]
