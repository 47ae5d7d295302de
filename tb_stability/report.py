"""What is known of a run: the one document that is written, served and printed."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

from tb_stability.checks import Check
from tb_stability.model_facts import ModelFacts
from tb_stability.windows import Window

Status = Literal["healthy", "warning", "unstable", "diverged", "not_learning", "unknown"]

Confidence = Literal["certain", "likely", "possible"]
"""How sure a diagnosis is: `certain` has a proof, `likely` several signs and little against it."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The answer for one run, in one sentence each.

    Attributes:
      status: One word; see `STATUSES` in `verdict.py` for their meaning and rank.
      text: What is the matter, with step and layer.
      why: The evidence, with numbers and their healthy range.
      next: What to do now.
    """

    status: Status
    text: str
    why: str
    next: str


@dataclasses.dataclass(frozen=True)
class Steps:
    """Which steps a report speaks of.

    Attributes:
      first: First step seen; None where none was.
      last: Last step seen; None where none was.
      observed: Number of steps that the detectors saw.
      recorded: Number of steps that the rows in the log stand for.
    """

    first: int | None
    last: int | None
    observed: int
    recorded: int


@dataclasses.dataclass(frozen=True)
class Cost:
    """What recording cost the training.

    Attributes:
      budget: Share of the step time that recording may take; infinite where it was told to see everything.
      share: Share of the step time that it took lately, measured; NaN where not known yet.
      every: Lately, gradients and weights were measured at every n-th step, and the scalars at every step.
      full_steps: Number of steps that were measured in full.
      text: That in one sentence.
    """

    budget: float
    share: float
    every: int
    full_steps: int
    text: str


@dataclasses.dataclass(frozen=True)
class TensorRange:
    """What one tensor of the first batch holds.

    Attributes:
      role: `input` or `target`.
      name: Its name in the structure that the model was given; `""` where there is one only.
      shape: Its shape, with the batch in front.
      dtype: Name of its type, such as `float32`.
      min, max, mean: Over the finite entries; NaN where there is none.
      nan, inf: Numbers of entries that are NaN, or infinite.
    """

    role: Literal["input", "target"]
    name: str
    shape: tuple[int, ...]
    dtype: str
    min: float
    max: float
    mean: float
    nan: int
    inf: int


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something true of the model, the optimizer or the data. Information: it may harm nothing.

    Attributes:
      kind: What it is, such as `unscaled_inputs`; see `preflight/`.
      layer: The layer that it is about, the first of several; None where it is about no layer.
      text: In one sentence, with the numbers.
    """

    kind: str
    layer: str | None
    text: str


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Something that speaks for or against a diagnosis.

    Attributes:
      kind: The symptom or finding that it rests on, or the measure, such as `update_ratio`.
      text: In one sentence, with the run's number beside the healthy range.
      supports: True where it speaks for the diagnosis; `for` in JSON.
    """

    kind: str
    text: str
    supports: bool


@dataclasses.dataclass(frozen=True)
class Fix:
    """What to change.

    Attributes:
      text: In one or two sentences.
      code: Keras 3 code with the names and numbers of this run; may be empty.
    """

    text: str
    code: str


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """A cause behind the windows of a run.

    Attributes:
      cause: Its name, such as `bn_inference_mode`; see `diagnosis/`.
      confidence: How sure it is.
      layer: The layer where it started; None where it is about the whole run.
      first_step: Step of the first symptom that it explains.
      why: In one plain sentence.
      fix: What to change.
      evidence: What speaks for it, then what speaks against it.
    """

    cause: str
    confidence: Confidence
    layer: str | None
    first_step: int
    why: str
    fix: Fix
    evidence: tuple[Evidence, ...]


@dataclasses.dataclass(frozen=True)
class Final:
    """Where a run stands: what repeated runs are compared by. NaN where not known.

    Attributes:
      first_loss: Median of the first 5 losses.
      loss: Mean of the last losses, a quarter of the run and at most 64; NaN where the last is not finite.
      loss_error: Standard error of that mean, in the same unit.
      val_loss: Median of the last 3 validation losses; NaN where the last is not finite.
      val_loss_error: Standard deviation of a validation loss about its neighbours.
      learning_rate: The last one.
      batch_size: Most examples in a batch; None where not recorded.
    """

    first_loss: float = math.nan
    loss: float = math.nan
    loss_error: float = math.nan
    val_loss: float = math.nan
    val_loss_error: float = math.nan
    learning_rate: float = math.nan
    batch_size: int | None = None


@dataclasses.dataclass(frozen=True)
class RunReport:
    """Everything that the detectors say of one run so far.

    Attributes:
      steps: Which steps were seen.
      windows: All windows, by `start_step`.
      verdict: The answer.
      checks: What was looked for, and what was not.
      cost: What recording cost; None where that is not known, as for logs of other tools.
      first_batch: The tensors of the first batch; empty where they were not seen.
      model: The model when recording began; None where it was not seen.
      findings: What is noteworthy about model, optimizer and data.
      diagnoses: Causes of the windows, surest first.
      final: Where the run stands; None where not known, as in older logs.
      stop_step: Step at which `on_alarm="stop"` asked the training to stop; None where it did not.
    """

    steps: Steps
    windows: tuple[Window, ...]
    verdict: Verdict
    checks: tuple[Check, ...]
    cost: Cost | None = None
    first_batch: tuple[TensorRange, ...] = ()
    model: ModelFacts | None = None
    findings: tuple[Finding, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    final: Final | None = None
    stop_step: int | None = None
