"""The logs that `read.py` reads: long and wide, and many; by the real recorder, from random walks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from synthetic_runs import Clock, Run, record_steps
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.histogram.summary import histogram_pb
from tensorboard.summary import Writer
from tensorboard.summary.writer.event_file_writer import EventFileWriter as EventFile

from tb_stability.recorder import Recorder
from tb_stability.series import NORMALIZATION_VECTORS, Layout, Normalization, Variable
from tb_stability.writers.event_file import EventFileWriter

INCIDENTS = 3
"""Planted in a run, at a quarter, half and three quarters of its steps."""

NAN_AT = 0.7
"""Share of the steps at which a gradient of the first layer has NaN."""

ORDINARY_HISTOGRAMS = 120
"""Histograms of each layer that are written the ordinary way."""

HISTOGRAM_ENTRIES = 256
"""Entries of each of them; its bins are 30 in any case."""

_STEP_SECONDS = 0.05
_WALK = 0.02
"""Standard deviation of a step of the ordinary walk, in units of e."""


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


def record_run(log_dir: Path, layers: int, steps: int, seed: int = 0) -> Recorder:
    """Writes a run of our own; returns its recorder, which knows the windows."""
    from tb_stability.writers.tensorflow import open_record_file

    layout, clock = make_layout(layers), Clock()
    run = Run(layout, steps, INCIDENTS, nan_step=int(NAN_AT * steps), seed=seed)
    recorder = Recorder(lambda: EventFileWriter(str(log_dir), open_records=open_record_file), clock=clock)
    record_steps(recorder, run, layout, clock, range(steps), step_seconds=_STEP_SECONDS)
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
