"""What the diagnosis says of a program, held against what is known of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from faults.causes import CAUSES
from faults.facts import read_facts
from faults.program import Program, Split
from faults.recording import Recording, path_of, read

from tb_stability.diagnosis import with_diagnoses
from tb_stability.diagnosis.run_history import RunHistory
from tb_stability.final_level import FinalLevel
from tb_stability.monitor import Monitor
from tb_stability.report import Confidence, Diagnosis, RunReport

SURE: tuple[Confidence, ...] = ("certain", "likely")
"""Confidences that a verdict may rest on."""


@dataclasses.dataclass(frozen=True)
class Told:
    """A diagnosis of a program.

    Attributes:
      cause, confidence, layer, first_step, why: Of the diagnosis.
      is_right: Whether the cause is one of those that are right; never, where nothing is wrong.
    """

    cause: str
    confidence: Confidence
    layer: str | None
    first_step: int
    why: str
    is_right: bool


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the diagnosis said of one program.

    Attributes:
      name, kind, split, is_healthy: Of the program.
      status: The verdict.
      causes: Those that are right; empty for a healthy program.
      is_found: Whether any window is `warning` or above; without one there is nothing to explain.
      told: The diagnoses, surest first.
      next: What the verdict says to do.
      traceless: Of a fault that nothing recorded shows, why; empty for others.
      is_layer_right: Whether the first diagnosis that is right names a right layer; None where none is
        known, or none is right.
    """

    name: str
    kind: str
    split: Split
    is_healthy: bool
    status: str
    causes: tuple[str, ...]
    is_found: bool
    told: tuple[Told, ...]
    next: str = ""
    traceless: str = ""
    is_layer_right: bool | None = None

    def is_right(self, most: int) -> bool:
        """Whether a right cause is among the first `most`."""
        return any(told.is_right for told in self.told[:most])

    @property
    def leading(self) -> Told | None:
        """The first diagnosis, where it is likely or certain; None else."""
        return self.told[0] if self.told and self.told[0].confidence in SURE else None


def judge(program: Program, cache: Path) -> Outcome:
    """Replays a program, and diagnoses it as the recorder of its run would have at the end."""
    recording = read(path_of(program.recipe, cache))
    return compare(program, diagnosed(recording, read_facts(program.recipe, cache)))


def diagnosed(recording: Recording, facts: RunReport) -> RunReport:
    """Returns the report of a recording, with findings and diagnoses."""
    monitor, history, level = Monitor(), RunHistory(), FinalLevel()
    for segment in recording.segments:
        monitor.change_layout(segment.layout)
        history.change_layout(segment.layout)
        for step, values in segment.steps:
            changed = monitor.update(step, values)
            history.update(step, values, alarmed=any(w.end_step is None for w in changed))
            level.update(values)
    known = {"model": facts.model, "first_batch": facts.first_batch, "final": level.final}
    report = dataclasses.replace(monitor.report(), **known)
    return with_diagnoses(report, history.observed)


def compare(program: Program, report: RunReport) -> Outcome:
    """Holds the diagnoses of a program against the truth."""
    causes = () if program.truth is None else CAUSES[program.kind]
    told = tuple(
        Told(d.cause, d.confidence, d.layer, d.first_step, d.why, d.cause in causes) for d in report.diagnoses
    )
    right = [d for d in report.diagnoses if d.cause in causes]
    layers = frozenset() if program.truth is None else program.truth.layers
    return Outcome(
        program.name,
        program.kind,
        program.split,
        program.truth is None,
        report.verdict.status,
        causes,
        any(w.severity != "info" for w in report.windows),
        told,
        report.verdict.next,
        "" if program.truth is None else program.truth.traceless,
        _names_one(right, layers) if right and layers else None,
    )


def _names_one(right: Sequence[Diagnosis], layers: frozenset[str]) -> bool:
    """Whether the first diagnosis names one of the layers, or a layer inside of one."""
    named = f"{right[0].layer}/"
    return any(named.startswith(f"{layer}/") for layer in layers)
