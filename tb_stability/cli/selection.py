"""The runs that a command was told to look at, and whether they pass."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from tb_stability.baseline import Difference, compare
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign_tags import TAGS, TagsArgumentError, parse_tags
from tb_stability.plugin.reader import RunReader
from tb_stability.plugin.run import Run
from tb_stability.report import Status
from tb_stability.runs import LogdirError, open_logdir

_UNSTABLE: frozenset[Status] = frozenset({"unstable", "diverged", "not_learning"})

BARS: Mapping[str, frozenset[Status]] = {
    "never": frozenset(),
    "unstable": _UNSTABLE,
    "warning": _UNSTABLE | {"warning"},
}
"""For each bar, the statuses at or above it."""


class SelectionError(ValueError):
    """What was asked for cannot be looked at; the text is a sentence that says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """Runs of a log directory.

    Attributes:
      logdir: As it was given.
      runs: Those to look at, by name.
      baseline: What they are compared with; None where they are not.
      differences: What is new in each run but the baseline, by its name; empty without a baseline.
      reader: What reads their steps.
      experiment: Likewise.
    """

    logdir: str
    runs: list[Run]
    baseline: Run | None
    differences: Mapping[str, Difference]
    reader: RunReader
    experiment: Experiment

    @property
    def is_unreadable(self) -> bool:
        """Whether no run could be read; the baseline, which could, does not count."""
        return not any(run.readable for run in self.runs if run is not self.baseline)

    def fails(self, fail_on: str) -> bool:
        """Whether a run is at or above a bar of `BARS` and, where there is a baseline, has something new."""
        if self.baseline is None:
            return any(run.verdict.status in BARS[fail_on] for run in self.runs)
        return any(d.is_new and d.status in BARS[fail_on] for d in self.differences.values())


def select(logdir: str, *, run: str | None, tags: str, baseline: str | None) -> Selection:
    """Reads runs.

    Args:
      logdir: The log directory.
      run: A regular expression that must match somewhere in the name of a run; None for all.
      tags: More names of series, see `parse_tags`.
      baseline: The name of the run to compare with, whether the expression matches it or not; None for none.

    Raises:
      SelectionError: Where nothing can be read, or an argument is wrong.
    """
    try:
        pattern = re.compile(run or "")
    except re.error as error:
        raise SelectionError(
            f"--run must be a regular expression: got {run!r} ({error}). Escape special signs with a \\."
        ) from None
    names: list[str] = []

    def wanted(name: str) -> bool:
        names.append(name)
        return pattern.search(name) is not None or name == baseline

    try:
        opened = open_logdir(logdir, wanted=wanted, table=TAGS.extended(parse_tags(tags)))
    except (LogdirError, TagsArgumentError) as error:
        raise SelectionError(str(error)) from None
    known = None
    if baseline is not None:
        known = next((r for r in opened.runs if r.name == baseline), None)
        if known is None:
            raise SelectionError(
                f"--baseline must be the name of a run: got {baseline!r}. There are: {', '.join(names[:20])}."
            )
        if not known.readable:
            raise SelectionError(f"the baseline {baseline!r} could not be read: {known.problems[0]}")
    runs = [r for r in opened.runs if pattern.search(r.name) is not None]
    others = [r for r in runs if r.name != baseline]
    if known is not None and not others:
        raise SelectionError(f"there is no run to compare with the baseline {baseline!r}.")
    differences = {} if known is None else {r.name: compare(r.report, known.report) for r in others}
    return Selection(logdir, runs, known, differences, opened.reader, opened.experiment)
