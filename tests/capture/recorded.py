"""What a run recorded, read back from its event files with the viewer's own reader."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.reader import ALL_POINTS, RunReader
from tb_stability.series import Layout, StepValues
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN, STEPS_PLUGIN

RUN = "run"
"""The name of the run that most tests record, below their temporary directory."""


def read_steps(logdir: Path, run: str = RUN) -> tuple[Layout, list[int], list[StepValues]]:
    """The layout of a run, its steps, and the values of each, none of them sampled away.

    Fails where the log keeps several steps in one row: the runs of these tests are too short for that.
    """
    caps = {STEPS_PLUGIN: ALL_POINTS, DOCUMENTS_PLUGIN: ALL_POINTS, SCALARS_PLUGIN: ALL_POINTS}
    multiplexer = EventMultiplexer(tensor_size_guidance=caps)
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    experiment = Experiment(MultiplexerDataProvider(multiplexer, str(logdir)))
    reader = RunReader(scalar_cap=ALL_POINTS)
    rows = reader.read_rows(experiment, run)
    assert rows.block.spread is None
    values = dict(rows.block)
    histograms = reader.read_histograms(experiment, run)
    for step, counts in zip(histograms.steps.tolist(), histograms.counts, strict=True):
        values[step] = dataclasses.replace(values[step], histograms=counts)
    activations = reader.read_activations(experiment, run)
    for i, step in enumerate(activations.steps.tolist()):
        shares = {measure: column[i] for measure, column in activations.measures.items()}
        values[step] = dataclasses.replace(values[step], activations=shares)
    return rows.layout.layout, list(values), list(values.values())


def column(values: Sequence[StepValues], scalar: str) -> list[float]:
    """One scalar over steps, NaN where a step has none."""
    return [step.scalars.get(scalar, np.nan) for step in values]
