"""Runs of known truth for the benchmarks of logs: networks, and steps that take no training."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

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

DRAIN_STEPS = 32
"""Steps that come in together, as from the callback."""

SAMPLE_EVERY = 32
"""Steps between two gradient histograms."""

INCIDENT_STEPS = 20
"""Steps that a planted incident takes; the loss and all gradients are 50 times as large in it."""

_INCIDENT_FACTOR = 50.0
_WALK = 0.02
"""Standard deviation of a step of the walks, in units of e."""


@dataclasses.dataclass
class Clock:
    """A clock that is set by hand, so that a run of days is written in minutes."""

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
    """The steps of a run that learns: every gradient is a random walk, and incidents are planted in it.

    Args:
      layout: Its layers.
      steps: Its steps.
      incidents: Their number; they are at even distances.
      full_every: Steps between two that are measured in full, as under a budget; the others are scalars.
      sample_every: Steps between two gradient histograms.
      nan_step: Step at which the gradient of the first variable has NaN.
      seed: Of the walks.

    Attributes:
      incidents: Their first steps.
    """

    def __init__(
        self,
        layout: Layout,
        steps: int,
        incidents: int,
        full_every: int = 1,
        sample_every: int = SAMPLE_EVERY,
        *,
        nan_step: int | None = None,
        seed: int = 0,
    ) -> None:
        self.incidents = [(i + 1) * steps // (incidents + 1) for i in range(incidents)]
        self._layout = layout
        self._full_every = full_every
        self._sample_every = sample_every
        self._nan_step = nan_step
        self._random = np.random.default_rng(seed)
        self._log_gradients = np.zeros(len(layout.variables), np.float32)
        self._histograms = np.full((len(layout.variables), HISTOGRAM_BINS), 40, np.uint16)

    def step(self, step: int) -> StepValues:
        """The measurements of a step; steps come in order."""
        is_incident = any(0 <= step - first < INCIDENT_STEPS for first in self.incidents)
        jump = _INCIDENT_FACTOR if is_incident else 1.0
        size, layers = len(self._layout.variables), len(self._layout.normalizations)
        noise = self._random.standard_normal(size, np.float32)
        # Pulled back to 0, so that a long run stays a healthy one.
        self._log_gradients += np.float32(_WALK) * noise - np.float32(_WALK**2) * self._log_gradients
        gradients = np.exp(self._log_gradients + np.float32(0.1) * noise) * np.float32(jump)
        loss_noise = float(np.exp(0.05 * self._random.standard_normal()))
        scalars = {
            "loss": (0.1 + 2.0 / (1 + 0.001 * step)) * jump * loss_noise,
            "learning_rate": 1e-3,
            "batch_size": 128.0,
            "grad_norm": float(np.sqrt(np.square(gradients.astype(np.float64)).sum())),
            "step_seconds": 0.05,
        }
        if step % self._full_every:
            return StepValues(scalars)
        nothing = np.zeros(size, np.float32)
        bad = nothing.copy()
        if step == self._nan_step:
            bad[0] = 7.0
        variables = {
            **dict.fromkeys(VARIABLE_MEASURES, gradients),
            "grad_zero_share": nothing,
            "grad_nan": bad,
            "grad_inf": nothing,
            "weight_norm": np.full(size, 8.0, np.float32),
            "update_norm": gradients * np.float32(8e-3 / jump),
        }
        channels = 1 + np.float32(0.01) * self._random.standard_normal(layers, np.float32)
        is_sampled = bool(size) and step % self._sample_every == 0
        return StepValues(
            scalars,
            variables if size else {},
            dict.fromkeys(NORMALIZATION_MEASURES, channels) if layers else {},
            histograms=self._histograms if is_sampled else None,
        )


def record_steps(
    recorder: Recorder,
    run: Run,
    layout: Layout,
    clock: Clock,
    steps: range,
    *,
    step_seconds: float,
) -> float:
    """Records the steps as they come in from a training, with the clock of one whose steps take so long.

    Returns:
      Seconds in the recorder.
    """
    seconds = 0.0
    for first in range(steps.start, steps.stop, DRAIN_STEPS):
        values = [run.step(step) for step in range(first, min(first + DRAIN_STEPS, steps.stop))]
        clock.now += len(values) * step_seconds
        start = time.perf_counter()
        recorder.record(values, layout, first_step=first)
        seconds += time.perf_counter() - start
    return seconds
