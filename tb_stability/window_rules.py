"""What scores speak of, and when they become a window."""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Target:
    """What a score speaks of.

    Attributes:
      series: Name of the series, such as `grad_norm/dense/kernel`.
      layer: Path of its layer; None for a series of the whole run.
    """

    series: str
    layer: str | None = None


@dataclasses.dataclass(frozen=True)
class WindowRules:
    """When scores become a window. A score is abnormal from 1 on.

    Attributes:
      patience: Evidence that raises the alarm: the sum of the abnormal scores
        of a target since its onset. Larger is less sensitive.
      most_evidence: The most that one step adds; with `patience` it sets the
        fewest abnormal steps before an alarm.
      grace: Normal steps in a row after which an onset without alarm is forgotten.
      cooldown: Normal steps in a row, of all targets, that close a window.
      release: A score below this is normal; between it and 1 nothing changes.
      merge: A window that starts within this many steps of the end of the last
        one, or within the last one's length, continues it.
      lag: How many observed steps the onset lies before the first abnormal score
        (3 for a score that needs 4 steps in a row).
      warning_steps: Abnormal steps that make a window a warning; before, it is `info`.
      warning_score: A peak that makes it a warning at once.
      critical_score: A peak that makes a warning critical.
    """

    patience: float = 1.0
    most_evidence: float = 1.0
    grace: int = 3
    cooldown: int = 10
    release: float = 0.7
    merge: int = 20
    lag: int = 0
    warning_steps: int = 1
    warning_score: float = math.inf
    critical_score: float = math.inf
