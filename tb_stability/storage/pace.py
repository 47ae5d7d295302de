"""When to write: often, so that a killed run keeps its evidence, and rarely, so that its log stays small."""

from __future__ import annotations

import math

FIRST_FLUSH_SECONDS = 0.02
"""Longest time that something seen stays unwritten when a run begins, behind its first steps, ..."""

YOUNG_SHARE = 1 / 10
"""... which grows by this share of its age: half of that is what a killed run loses on the average, ..."""

FLUSH_SECONDS = 3.0
"""... up to this."""

FLUSH_SHARE = 1 / 50
"""In an older run: the share of its age. So the number of flushes grows with the logarithm of its age."""

REPORT_SHARE = 1 / 100
"""The share of a run's age that lies between two reports that a changed window asks for, ..."""

PROMPT_REPORTS = 64
"""... after so many of them that were written at once."""


class Pace:
    """Says what is due: what comes first at once, so that a run that dies at once leaves a log.

    Args:
      now: The time, in seconds of any clock that never goes back.
    """

    def __init__(self, now: float) -> None:
        self._started_at = now
        self._flushed_at = -math.inf
        self._reported_at = now
        self._prompt_reports = PROMPT_REPORTS

    def is_flush_due(self, now: float) -> bool:
        """Whether rows and report have waited long enough."""
        age = now - self._started_at
        limit = min(FIRST_FLUSH_SECONDS + YOUNG_SHARE * age, FLUSH_SECONDS)
        return now - self._flushed_at > max(limit, FLUSH_SHARE * age)

    def is_report_due(self, now: float) -> bool:
        """Whether a report of which something changed is to be written."""
        return self._prompt_reports > 0 or now - self._reported_at >= REPORT_SHARE * (now - self._started_at)

    def flushed(self, now: float) -> None:
        """Notes that rows and report were written."""
        self._flushed_at = self._reported_at = now

    def reported(self, now: float) -> None:
        """Notes that a report was written because of a changed window."""
        self._prompt_reports = max(0, self._prompt_reports - 1)
        self._reported_at = now
