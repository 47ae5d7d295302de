"""Logs for tests: real event files, written with our writer or, for those of others, with TensorBoard's."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tensorboard.summary import Writer

from tb_stability.monitor import Monitor
from tb_stability.report import RunReport
from tb_stability.series import (
    NORMALIZATION_MEASURES,
    NORMALIZATION_VECTORS,
    VARIABLE_MEASURES,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter

LAYOUT = Layout(
    variables=(
        Variable("dense/kernel", "dense", "kernel", (4, 3)),
        Variable("dense/bias", "dense", "bias", (3,)),
        Variable("bn/gamma", "bn", "gamma", (3,)),
    ),
    normalizations=(Normalization("bn", NORMALIZATION_VECTORS, 3, True),),
)
SCALARS = ("loss", "learning_rate")


def step_values(step: int, *, loss: float | None = None, layout: Layout = LAYOUT) -> StepValues:
    """A healthy step, each of whose numbers tells its step, measure and column."""
    slow = 1 + 0.001 * (step % 7)
    variables = {m: np.full(len(layout.variables), slow, np.float32) for m in VARIABLE_MEASURES}
    if layout.variables:
        variables["update_norm"] = np.full(len(layout.variables), 1e-3 * slow, np.float32)
        for measure in ("grad_nan", "grad_inf", "grad_zero_share"):
            variables[measure] = np.zeros(len(layout.variables), np.float32)
    normalizations = {
        m: np.full(len(layout.normalizations), slow, np.float32) for m in NORMALIZATION_MEASURES
    }
    scalars = {"loss": 2.0 / (1 + 0.01 * step) if loss is None else loss, "learning_rate": 0.01}
    return StepValues(
        scalars, variables if layout.variables else {}, normalizations if layout.normalizations else {}
    )


def write_run(
    log_dir: Path,
    steps: Sequence[int] = range(100),
    *,
    losses: Mapping[int, float] | None = None,
    layout: Layout = LAYOUT,
    state: State | None = "ended",
    block_steps: int = 64,
) -> RunReport:
    """Writes a run as the callback does: layout, blocks as they fill, headline scalars, the report at times.

    Args:
      log_dir: The log directory of the run.
      steps: Its steps.
      losses: Losses by step, where they differ from a healthy one.
      layout: What is measured.
      state: That of the last report; None writes no report, as a run that was killed early.
      block_steps: Steps of a block.

    Returns:
      The last report.
    """
    monitor = Monitor(layout)
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(steps[0], layout, SCALARS)
    losses = losses or {}
    values = [step_values(step, loss=losses.get(step), layout=layout) for step in steps]
    for start in range(0, len(steps), block_steps):
        block = slice(start, start + block_steps)
        for step, value in zip(steps[block], values[block], strict=True):
            monitor.update(step, value)
            writer.write_scalars(step, {"loss": value.scalars["loss"]})
        writer.write_steps(steps[block], values[block], layout, SCALARS)
        if state is not None:
            done = min(start + block_steps, len(steps))
            writer.write_report(steps[done - 1], monitor.report(recorded=done), state="running")
    report = monitor.report(recorded=len(steps))
    if state is not None:
        writer.write_report(steps[-1], report, state=state)
    writer.close()
    return report


DIVERGED = dict.fromkeys(range(60, 100), math.nan)
"""Losses of a run that is NaN from step 60 on."""


def write_scalars(folder: Path, tag: str, points: Iterable[tuple[int, float]]) -> None:
    """Writes ordinary scalars into a file of its own, as a run that this package did not record."""
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    writer = Writer(str(folder))
    for step, value in points:
        writer.add_scalar(tag, value, step=step)
    writer.close()
    # Within a second TensorBoard's names are in no order; its loader passes over files that come before.
    (written,) = set(folder.iterdir()) - before
    written.rename(folder / f"events.out.tfevents.{int(time.time())}.{len(before):03d}")


def losses(count: int) -> list[tuple[int, float]]:
    """A loss that falls, as points of a scalar."""
    return [(step, 2.0 / (1 + 0.05 * step)) for step in range(count)]
