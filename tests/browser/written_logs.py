"""Logs that no short training gives: thinned, long, foreign, cut off, too new, or with harmful names."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.report import Cost, TensorRange
from tb_stability.series import NORMALIZATION_VECTORS, Activation, Layout, Normalization, StepValues, Variable
from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, LAYOUT, SCALARS, losses, step_values, write_run, write_scalars

EVERY, STEPS = 10, 120
"""Of the thinned run."""

ROW_STEPS, ROWS, SPIKE = 32, 100, 1500
"""Of the long run: the steps of a row, the rows, and the step of its loss spike."""

COST = Cost(
    0.03, 0.018, EVERY, STEPS // EVERY, "Stability cost 1.8 % of step time, layers at every 10th step."
)
FIRST_BATCH = (TensorRange("input", "", (32, 28, 28), "float32", 0.0, 255.0, 33.5, 0, 0),)
ACTIVATIONS = (Activation("dense", "relu", 3), Activation("re_lu", "relu", 3))


def write_thinned(log_dir: Path) -> None:
    """Layers at every 10th step, with norms that grow from one to the next; activations at every 40th."""
    layout = dataclasses.replace(LAYOUT, activations=ACTIVATIONS)
    values = [step_values(step) for step in range(STEPS)]
    for step, value in enumerate(values):
        value.variables["grad_norm"][:] = 1.5 ** (step // EVERY)
        if step % EVERY:
            values[step] = StepValues(value.scalars)
    report = replay(enumerate(values), layout).report(recorded=STEPS)
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, layout, SCALARS)
    writer.write_steps(range(STEPS), values, layout, SCALARS)
    for step in range(0, STEPS, 40):
        writer.write_activations(step, np.float32([[0.25, 0.5], [math.nan, math.nan]]))
    report = dataclasses.replace(report, cost=COST, first_batch=FIRST_BATCH)
    writer.write_report(STEPS - 1, report, state="ended")
    writer.close()


def write_long(log_dir: Path) -> None:
    """Each row stands for 32 steps."""
    columns = RowLayout(LAYOUT, SCALARS)
    steps = range(ROWS * ROW_STEPS)
    values = [step_values(s, loss=50.0 if s == SPIKE else 1.0 + 3.0 * math.exp(-s / 50)) for s in steps]
    rows, span = [], SpanAccumulator(columns)
    for first in range(0, len(values), ROW_STEPS):
        span.add([pack_step(step, values[step], columns) for step in range(first, first + ROW_STEPS)])
        rows.append(span.take())
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, LAYOUT, SCALARS)
    writer.write_rows(rows, columns)
    report = replay(enumerate(values), LAYOUT).report(recorded=len(values))
    writer.write_report(len(values) - 1, report, state="ended")
    writer.close()


HOSTILE = "<img src=x onerror=alert(1)>"
BACKWARDS = "exp\u202egnp.exe"  # a mark that turns the letters after it round
HOSTILE_LAYOUT = Layout(
    variables=(Variable(f"{HOSTILE}/gamma", HOSTILE, "gamma", (3,)),),
    normalizations=(Normalization(HOSTILE, NORMALIZATION_VECTORS, 3, True),),
)

RUNS = 7
"""Of all that `write_all` writes."""


def write_all(logdir: Path) -> None:
    """Writes the runs `thinned`, `long`, `keras`, `truncated`, `newer`, `HOSTILE` and `BACKWARDS`."""
    write_thinned(logdir / "thinned")
    write_long(logdir / "long")
    for folder in ("train", "validation"):  # as keras.callbacks.TensorBoard writes them
        write_scalars(logdir / "keras" / folder, "epoch_loss", losses(20))
    write_run(logdir / "truncated", losses=DIVERGED, block_steps=10)
    (file,) = (logdir / "truncated" / "stability").iterdir()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * 0.8)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tb_stability.writers.summaries.PLUGIN_CONTENT", b'{"version": 2}')
        write_run(logdir / "newer")
    write_run(logdir / HOSTILE, losses=DIVERGED, layout=HOSTILE_LAYOUT)
    write_run(logdir / BACKWARDS)
