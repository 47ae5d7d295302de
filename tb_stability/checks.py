"""What was looked for in a run, and what could not be."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    Attributes:
      name: The symptom it looks for, such as `bn_statistics_frozen`.
      status: `ran`, or `skipped`.
      reason: Why it was skipped, in words ("the model has no
        BatchNormalization layer"); empty where it ran.
    """

    name: str
    status: Literal["ran", "skipped"]
    reason: str = ""
