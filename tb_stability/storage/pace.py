"""When to write: often, so that a killed run keeps its evidence, and rarely, so that its log stays small."""

from __future__ import annotations

import math

FIRST_FLUSH_SECONDS = 0.02
"""Longest time that something seen stays unwritten when a run begins, behind its first steps, ..."""

YOUNG_SHARE = 1 / 20
"""... which grows by this share of its age: half of that is what a killed run loses on the average, ..."""

FLUSH_SECONDS = 3.0
"""... up to this."""

FLUSH_SHARE = 1 / 50
"""In an older run: the share of its age. So the number of flushes grows with the logarithm of its age."""

REPORT_SHARE = 1 / 100
"""The share of a run's age that lies between two reports that a changed window asks for, ..."""

PROMPT_REPORTS = 64
"""... after so many of them that were written at once."""

FRESH_SHARE = 1 / 3
"""The share of a run's age that lies between two reports where no window changed, ..."""

FRESH_SECONDS = 10.0
"""... up to this. Such a report tells little that is new, and is as long as the rows of a young run."""


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

    def is_report_due(self, now: float, *, changed: bool) -> bool:
        """Whether a report is to be written.

        Args:
          now: The time.
          changed: Whether a window is another one than in the last report.
        """
        age, since = now - self._started_at, now - self._reported_at
        if changed:
            return self._prompt_reports > 0 or since >= REPORT_SHARE * age
        return since >= min(FRESH_SHARE * age, FRESH_SECONDS)

    def flushed(self, now: float, *, with_report: bool) -> None:
        """Notes that rows were written, and a report or not."""
        self._flushed_at = now
        if with_report:
            self._reported_at = now

    def reported(self, now: float) -> None:
        """Notes that a report was written because of a changed window."""
        self._prompt_reports = max(0, self._prompt_reports - 1)
        self._reported_at = now
