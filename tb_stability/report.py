"""What is known of a run: the one document that is written, served and printed."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tb_stability.checks import Check
from tb_stability.windows import Window

Status = Literal["healthy", "warning", "unstable", "diverged", "not_learning", "unknown"]


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
      recorded: Number of steps whose values are kept in the log.
    """

    first: int | None
    last: int | None
    observed: int
    recorded: int


@dataclasses.dataclass(frozen=True)
class RunReport:
    """Everything that the detectors say of one run so far.

    Attributes:
      steps: Which steps were seen.
      windows: All windows, by `start_step`.
      verdict: The answer.
      checks: What was looked for, and what was not.
    """

    steps: Steps
    windows: tuple[Window, ...]
    verdict: Verdict
    checks: tuple[Check, ...]
