"""The logs that `read.py` reads: long and wide, and many; by the real recorder, from random walks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.histogram.summary import histogram_pb
from tensorboard.summary import Writer
from tensorboard.summary.writer.event_file_writer import EventFileWriter as EventFile

from tb_stability.recorder import Recorder
from tb_stability.series import (
    HISTOGRAM_BINS,
    NORMALIZATION_MEASURES,
    NORMALIZATION_VECTORS,
    VARIABLE_MEASURES,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tb_stability.writers.event_file import EventFileWriter

DRAIN_STEPS = 32
"""Steps that come in together, as from the callback."""

SAMPLE_EVERY = 32
"""Steps between two gradient histograms."""

ORDINARY_HISTOGRAMS = 120
"""Histograms of each layer that are written the ordinary way."""

HISTOGRAM_ENTRIES = 256
"""Entries of each of them; its bins are 30 in any case."""

INCIDENT_STEPS = 20
"""Steps that a planted window takes; the loss and all gradients are 50 times as large in it."""

NAN_STEPS = 1
"""Steps of the planted NaN, in one layer."""

_STEP_SECONDS = 0.05
_WALK = 0.02
"""Standard deviation of a step of the walks, in units of e."""


@dataclasses.dataclass
class Clock:
    """A clock that is set by hand, so that a run of hours is written in minutes."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def make_layout(layers: int) -> Layout:
    """Layers of a network: four of five are dense, with kernel and bias; the fifth normalises."""
    variables: list[Variable] = []
    normalizations: list[Normalization] = []
    for i in range(layers):
        if i % 5 == 4:
            name = f"bn_{i}"
            variables += [Variable(f"{name}/{role}", name, role, (64,)) for role in ("gamma", "beta")]
            normalizations.append(Normalization(name, NORMALIZATION_VECTORS, 64, True))
        else:
            name = f"dense_{i}"
            variables.append(Variable(f"{name}/kernel", name, "kernel", (64, 64)))
            variables.append(Variable(f"{name}/bias", name, "bias", (64,)))
    return Layout(tuple(variables), tuple(normalizations))


class Walk:
    """A run that learns: every gradient and weight is a random walk, and windows are planted in it.

    Args:
      layout: Its layers.
      steps: Its steps.
      seed: Of the walks.

    Attributes:
      spikes: First steps of the planted windows.
      nan_step: Step at which the gradient of one layer is NaN.
    """

    def __init__(self, layout: Layout, steps: int, seed: int = 0) -> None:
        self.spikes = [steps * part // 10 for part in (3, 5, 8)]
        self.nan_step = steps * 7 // 10
        self._layout = layout
        self._random = np.random.default_rng(seed)
        self._log_gradients = np.zeros(len(layout.variables), np.float32)
        self._histograms = np.full((len(layout.variables), HISTOGRAM_BINS), 40, np.uint16)

    def step(self, step: int) -> StepValues:
        """The measurements of a step; steps come in order."""
        size, layers = len(self._layout.variables), len(self._layout.normalizations)
        jump = 50.0 if any(0 <= step - first < INCIDENT_STEPS for first in self.spikes) else 1.0
        noise = self._random.standard_normal(size, np.float32)
        # Pulled back to 0, so that a long run stays a healthy one.
        self._log_gradients += np.float32(_WALK) * noise - np.float32(_WALK**2) * self._log_gradients
        gradients = np.exp(self._log_gradients + np.float32(0.1) * noise) * np.float32(jump)
        nothing = np.zeros(size, np.float32)
        variables = dict.fromkeys(VARIABLE_MEASURES, gradients)
        variables |= {
            "grad_zero_share": nothing,
            "grad_nan": nothing,
            "grad_inf": nothing,
            "weight_norm": np.full(size, 8.0, np.float32),
            "update_norm": gradients * np.float32(8e-3 / jump),
        }
        if step == self.nan_step:
            bad = nothing.copy()
            bad[0] = 7.0
            variables["grad_nan"] = bad
        channels = 1 + np.float32(0.01) * self._random.standard_normal(layers, np.float32)
        loss = (0.1 + 2.0 / (1 + 0.001 * step)) * jump * float(np.exp(0.05 * self._random.standard_normal()))
        return StepValues(
            {
                "loss": loss,
                "learning_rate": 1e-3,
                "batch_size": 128.0,
                "grad_norm": float(np.sqrt(np.square(gradients.astype(np.float64)).sum())),
                "step_seconds": _STEP_SECONDS,
            },
            variables,
            dict.fromkeys(NORMALIZATION_MEASURES, channels) if layers else {},
            histograms=self._histograms if step % SAMPLE_EVERY == 0 else None,
        )


def record_run(log_dir: Path, layers: int, steps: int, seed: int = 0) -> Recorder:
    """Writes a run of our own; returns its recorder, which knows the windows."""
    from tb_stability.writers.tensorflow import open_record_file

    layout, clock = make_layout(layers), Clock()
    walk = Walk(layout, steps, seed)
    recorder = Recorder(lambda: EventFileWriter(str(log_dir), open_records=open_record_file), clock=clock)
    for first in range(0, steps, DRAIN_STEPS):
        values = [walk.step(step) for step in range(first, min(first + DRAIN_STEPS, steps))]
        clock.now += len(values) * _STEP_SECONDS
        recorder.record(values, layout, first_step=first)
    recorder.close()
    return recorder


def write_ordinary_run(log_dir: Path, layers: int, steps: int, every: int) -> None:
    """Writes the gradient norm of each layer the ordinary way: a scalar each, at every `every`-th step.

    In a run `histograms` beside it, as many histograms of gradients as TensorBoard keeps, and some more.
    """
    layout = make_layout(layers)
    walk: npt.NDArray[np.float32] = np.zeros(layers, np.float32)
    random = np.random.default_rng(0)
    log_dir.mkdir(parents=True)
    writer = Writer(str(log_dir))
    for step in range(0, steps, every):
        walk += np.float32(_WALK) * random.standard_normal(layers, np.float32)
        for name, value in zip(layout.layers, np.exp(walk), strict=True):
            writer.add_scalar(f"grad_norm/{name}", float(value), step=step)
    writer.close()
    values = random.standard_normal(HISTOGRAM_ENTRIES)
    file = EventFile(str(log_dir.parent / "histograms"))
    for step in range(0, steps, steps // ORDINARY_HISTOGRAMS):
        for name in layout.layers:
            summary = histogram_pb(f"gradients/{name}", values * random.lognormal())
            file.add_event(Event(wall_time=float(step), step=step, summary=summary))
    file.close()
