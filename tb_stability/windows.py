"""Divergence windows: a stretch of steps with one symptom."""

from __future__ import annotations

import dataclasses
from typing import Literal

Severity = Literal["info", "warning", "critical"]

Outcome = Literal["recovered", "run_ended", "non_finite"]
"""What became of a window: normal again; abnormal until the run ended, or went on with other variables; or
until loss, gradients or weights were not finite any more."""


@dataclasses.dataclass(frozen=True)
class Window:
    """A stretch of steps in which training showed one symptom.

    Steps are optimizer updates from 0; both ends are inclusive.

    Attributes:
      kind: The symptom, such as `loss_spike`.
      series: The series that went first: `loss`, `grad_norm/dense/kernel`.
      layer: The first layer to go; None for a series of the whole run.
      layers: All layers that went with it, in order of onset.
      start_step: Onset, the first abnormal step.
      alarm_step: Step at which the detector was sure. The detection delay, in
        steps, is `alarm_step - start_step`.
      end_step: Last abnormal step, or None while the window is open (also when
        the run ended inside of it).
      peak_step: Step of the largest score.
      peak_score: Largest score, in thresholds: 1 is just abnormal. Infinite
        where a value was not finite.
      severity: `info` (worth knowing, needs no action), `warning` or `critical`.
      outcome: What became of it; None where it is open in a run that goes on, and where that is not known.
    """

    kind: str
    series: str
    layer: str | None
    layers: tuple[str, ...]
    start_step: int
    alarm_step: int
    end_step: int | None
    peak_step: int
    peak_score: float
    severity: Severity
    outcome: Outcome | None = None
