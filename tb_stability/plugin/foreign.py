"""Runs that this package did not record: their series, replayed through the detectors.

`keras.callbacks.TensorBoard`, PyTorch's `SummaryWriter`, tensorboardX and Lightning write a loss, and
sometimes a learning rate, a validation loss, a gradient norm, and histograms. What can be judged by that is;
what is missing is said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign_histograms import HistogramRows, read_histogram_rows
from tb_stability.plugin.foreign_index import ForeignRun, base_name
from tb_stability.plugin.foreign_tags import CAVEATS, SERIES
from tb_stability.plugin.restarts import drop_rewritten, is_possible
from tb_stability.plugin.rows import RunRows
from tb_stability.plugin.run import Source
from tb_stability.plugin.timeline import Timeline
from tb_stability.series import FloatArray
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.step_block import StepBlock

Points = dict[int, float]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def read_foreign_rows(experiment: Experiment, run: ForeignRun) -> RunRows:
    """Reads all series of a run, a row for each step at which there is any.

    What counts other steps than the loss is put where the loss was when it was written; `problems` say so.
    """
    points, timeline, problems = _read_scalars(experiment, run)
    layers = read_histogram_rows(experiment, run.histograms, timeline)
    steps = sorted({step for series_points in points.values() for step in series_points} | set(layers.steps))
    layout = RowLayout(
        layout=layers.layout,
        scalars=tuple(points),
        variable_measures=tuple(layers.variables),
        normalization_measures=tuple(layers.normalizations),
    )
    present, at = _align(steps, layers)
    block = StepBlock(
        steps=np.array(steps, np.int64),
        scalars={
            name: np.array([p.get(step, 0.0) for step in steps], np.float32) for name, p in points.items()
        },
        observed={name: np.array([step in p for step in steps], bool) for name, p in points.items()},
        variables={name: _spread_out(x, present, at) for name, x in layers.variables.items()},
        normalizations={name: _spread_out(x, present, at) for name, x in layers.normalizations.items()},
        variables_observed=present & bool(layers.variables),
        normalizations_observed=present & bool(layers.normalizations),
    )
    return RunRows(layout, (block,), (*problems, *layers.problems))


def foreign_source(run: ForeignRun, rows: RunRows, scalar_cap: int) -> Source:
    """Where the data of a run comes from.

    Args:
      run: The run.
      rows: What was read of it.
      scalar_cap: Number of points that TensorBoard keeps of a scalar; 0 for all.
    """
    name = next((name for name in SERIES if name in run.scalars), None)
    block = rows.block
    steps = block.steps[block.observed[name]] if name else block.steps[block.variables_observed]
    sampled = bool(scalar_cap and name and len(steps) >= scalar_cap)
    return Source(
        recorded=False,
        sampled=sampled,
        kept=len(steps),
        # The least distance is that of the points before some were dropped, as good as ever.
        of=int((steps[-1] - steps[0]) // np.diff(steps).min()) + 1
        if sampled and len(steps) > 1
        else len(steps),
        axis=run.axis,
        tags=run.tags,
        histograms=len(run.histograms),
    )


def foreign_problems(name: str, run: ForeignRun, rows: RunRows) -> tuple[str, ...]:
    """By what a run was judged, what it lacks, and how to record it."""
    log_dir = "logs" if name == "." else f"logs/{base_name(name)}"
    has, layout = rows.layout.variable_measures, rows.layout.layout
    used = [repr(tag) for tag in run.tags.values()]
    used += [f"{len(run.histograms)} histograms"] if run.histograms else []
    missing = ["updates"]
    missing += [] if "grad_norm" in has or "grad_norm" in run.scalars else ["gradients"]
    missing += [] if "weight_norm" in has else ["weights"]
    missing += [] if layout.normalizations else ["BatchNormalization"]
    sentences = [
        f"This run was not recorded by Stability: it was judged by its {_listed(used)} alone, without "
        f"{_listed(missing)}. To record them: from tb_stability import StabilityCallback; "
        f'model.fit(..., callbacks=[StabilityCallback("{log_dir}")])'
    ]
    if "loss" not in run.scalars:
        sentences.append(
            "No training loss was found under a known name. If it has one, start TensorBoard with "
            '--stability_tags="loss=NAME".'
        )
    sentences += [CAVEATS[run.axis]] if CAVEATS[run.axis] else []
    return (*sentences, *rows.problems)


def _listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _read_scalars(experiment: Experiment, run: ForeignRun) -> tuple[dict[str, Points], Timeline, list[str]]:
    """The points of each series by step, on the steps of the loss."""
    points: dict[str, Points] = {}
    problems: list[str] = []
    timeline = Timeline([])
    impossible = 0
    for name in sorted(run.scalars, key=lambda name: name != "loss"):  # the loss first: its steps count
        series = run.scalars[name]
        stored = experiment.read_scalar_points(series.folder, series.tag)
        read = drop_rewritten(point for point in stored if is_possible(point[0]))
        impossible += sum(not is_possible(step) for step, _ in stored)
        times = [(step, time) for step, (time, _) in read]
        if name == "loss":
            timeline = Timeline(times)
        elif timeline.is_other(times):
            problems.append(
                f"{series.tag!r} counts other steps than {run.scalars['loss'].tag!r}: its points were put "
                "where the loss was when they were written."
            )
            read = [(timeline.step_at(time), (time, value)) for _, (time, value) in read]
        points[name] = {step: value for step, (_, value) in read}
    if impossible:
        problems.append(f"{impossible} points are at steps that no run can have, and were left out.")
    return points, timeline, problems


def _align(steps: Sequence[int], layers: HistogramRows) -> tuple[Flags, Indices]:
    """Which rows have histograms, and which of them."""
    places: Mapping[int, int] = {step: i for i, step in enumerate(layers.steps)}
    at = np.array([places.get(step, 0) for step in steps], np.int64)
    return np.array([step in places for step in steps], bool), at


def _spread_out(values: FloatArray, present: Flags, at: Indices) -> FloatArray:
    """`[histograms, columns]` to `[rows, columns]`; zeros, which mean nothing, where there is none."""
    spread = np.zeros((len(at), values.shape[1]), np.float32)
    spread[present] = values[at[present]]
    return spread
