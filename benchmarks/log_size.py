"""How large a log gets, and how much memory recording takes: synthetic steps through the real recorder.

    python benchmarks/log_size.py --steps 100000 --variables 200

Each planted incident makes the loss and the gradients jump for some steps, so that windows open and the steps
around them are stored one by one. Steps are measured in full at every `--full-every`-th, as under a budget,
and gradient histograms are sampled at every 32nd. The clock is that of a run whose steps take
`--step-seconds`, so a run of days is written in minutes. Memory is the peak that tracemalloc sees of
recorder and monitor: run it again with `--no-memory` for the time, since tracemalloc slows everything down.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.util.tensor_util import make_ndarray

import tb_stability
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
from tb_stability.summary.tags import STEPS_TAG
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.record_file import open_local_records

DRAIN_STEPS = 32
"""Steps that come in together, as from the callback."""

INCIDENT_STEPS = 20


@dataclasses.dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def make_layout(variables: int, normalizations: int) -> Layout:
    """A network of that many variables."""
    return Layout(
        tuple(
            Variable(f"layer_{i // 2}/v{i % 2}", f"layer_{i // 2}", "kernel", (64, 64))
            for i in range(variables)
        ),
        tuple(Normalization(f"bn_{i}", NORMALIZATION_VECTORS, 64, True) for i in range(normalizations)),
    )


class Run:
    """The steps of a run that learns, with `incidents` at even distances."""

    def __init__(
        self, layout: Layout, steps: int, incidents: int, full_every: int, sample_every: int
    ) -> None:
        self._layout = layout
        self._full_every = full_every
        self._sample_every = sample_every
        self._starts = [(i + 1) * steps // (incidents + 1) for i in range(incidents)]
        self._random = np.random.default_rng(0)
        self._histograms = np.full((len(layout.variables), HISTOGRAM_BINS), 40, np.uint16)

    def step(self, step: int) -> StepValues:
        """The measurements of a step."""
        jump = 50.0 if any(0 <= step - start < INCIDENT_STEPS for start in self._starts) else 1.0
        noise = float(np.exp(0.05 * self._random.standard_normal()))
        scalars = {
            "loss": (0.1 + 2.0 / (1 + 0.01 * step)) * jump * noise,
            "learning_rate": 1e-3,
            "batch_size": 128.0,
            "grad_norm": jump * noise,
            "step_seconds": 0.01,
        }
        if step % self._full_every:
            return StepValues(scalars)
        size, layers = len(self._layout.variables), len(self._layout.normalizations)
        ones = np.exp(0.1 * self._random.standard_normal(size)).astype(np.float32)
        variables = dict.fromkeys(VARIABLE_MEASURES, ones)
        variables |= {
            "grad_norm": ones * np.float32(jump),
            "grad_nan": np.zeros(size, np.float32),
            "grad_inf": np.zeros(size, np.float32),
            "update_norm": ones * np.float32(1e-3),
        }
        normalizations = {measure: np.ones(layers, np.float32) for measure in NORMALIZATION_MEASURES}
        sampled = bool(size) and step % self._sample_every == 0
        return StepValues(
            scalars,
            variables if size else {},
            normalizations if layers else {},
            histograms=self._histograms if sampled else None,
        )


def record(arguments: argparse.Namespace, folder: Path) -> tuple[float, float, Recorder]:
    """Records the run; returns seconds in the recorder, and its peak of memory in bytes."""
    layout = make_layout(arguments.variables, arguments.normalizations)
    run = Run(layout, arguments.steps, arguments.incidents, arguments.full_every, arguments.sample_every)
    clock = Clock()

    def open_writer() -> EventFileWriter:
        if arguments.python_records:
            return EventFileWriter(str(folder), open_records=open_local_records)
        from tb_stability.writers.tensorflow import open_record_file

        return EventFileWriter(str(folder), open_records=open_record_file)

    recorder = Recorder(open_writer, clock=clock)
    recorder.record([run.step(0)], layout, first_step=0)  # opens the file, which may import TensorFlow
    recorder.flush()
    if arguments.memory:
        tracemalloc.start()
    seconds = 0.0
    for first in range(1, arguments.steps, DRAIN_STEPS):
        values = [run.step(step) for step in range(first, min(first + DRAIN_STEPS, arguments.steps))]
        clock.now += len(values) * arguments.step_seconds
        start = time.perf_counter()
        recorder.record(values, layout, first_step=first)
        seconds += time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1] if arguments.memory else 0
    tracemalloc.stop()
    recorder.close()
    return seconds, peak, recorder


def main() -> None:
    """Records one run and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--variables", type=int, default=200)
    parser.add_argument("--normalizations", type=int, default=0)
    parser.add_argument("--incidents", type=int, default=6)
    parser.add_argument("--full-every", type=int, default=1, help="steps between two measured in full")
    parser.add_argument("--sample-every", type=int, default=32, help="steps between two gradient histograms")
    parser.add_argument("--step-seconds", type=float, default=0.02)
    parser.add_argument("--python-records", action="store_true", help="write without TensorFlow: slow")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        seconds, peak, recorder = record(arguments, Path(folder) / "run")
        (file,) = (Path(folder) / "run" / "stability").iterdir()
        blocks = [
            make_ndarray(value.tensor).shape
            for event in LegacyEventFileLoader(str(file)).Load()
            for value in event.summary.value
            if value.tag == STEPS_TAG
        ]
        (run,) = tb_stability.load(folder)
        print(f"{arguments.steps} steps, {arguments.variables} variables, {len(recorder.windows)} windows")
        print(f"log            {file.stat().st_size / 1e6:.1f} MB")
        print(f"rows           {sum(shape[0] for shape in blocks)} in {len(blocks)} events")
        print(f"steps          {run.source.kept} of {run.source.of}")
        print(f"recorder       {1e6 * seconds / arguments.steps:.0f} us a step, monitor included")
        if arguments.memory:
            print(f"memory         {peak / 1e6:.1f} MB at most")


if __name__ == "__main__":
    main()
