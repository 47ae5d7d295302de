"""The runs that a command was told to look at, and whether they pass."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from tb_stability.baseline import Difference, compare
from tb_stability.cli.output import FAILED, PASSED, CommandError, complain, progress
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign_tags import TAGS, TagsArgumentError, parse_tags
from tb_stability.plugin.reader import RunReader
from tb_stability.plugin.run import Run, groups_of
from tb_stability.report import Status
from tb_stability.runs import LogdirError, open_logdir

_UNSTABLE: frozenset[Status] = frozenset({"unstable", "diverged", "not_learning"})

BARS: Mapping[str, frozenset[Status]] = {
    "never": frozenset(),
    "unstable": _UNSTABLE,
    "warning": _UNSTABLE | {"warning"},
}
"""For each bar, the statuses at or above it."""


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

    def exit_code(self, fail_on: str) -> int:
        """`FAILED` where a run, or a group of repeated runs, is at or above a bar of `BARS`; else `PASSED`.

        A group is as bad as its worst run, or a `warning` where all go well but end differently. Where there
        is a baseline, only a run that has something new counts; one run cannot tell what is new in a group.
        """
        if self.baseline is None:
            verdicts = [run.verdict for run in self.runs] + [group.verdict for group in groups_of(self.runs)]
            statuses = [verdict.status for verdict in verdicts]
        else:
            statuses = [difference.status for difference in self.differences.values() if difference.is_new]
        return FAILED if BARS[fail_on].intersection(statuses) else PASSED


def select(logdir: str, *, run: str | None, tags: str, baseline: str | None) -> Selection:
    """Reads runs, and says on the standard error which of them cannot be read.

    Args:
      logdir: The log directory.
      run: A regular expression that must match somewhere in the name of a run; None for all.
      tags: More names of series, see `parse_tags`.
      baseline: The name of the run to compare with, whether the expression matches it or not; None for none.

    Raises:
      CommandError: Where nothing can be read, or an argument is wrong.
    """
    try:
        pattern = re.compile(run or "")
    except re.error as error:
        raise CommandError(
            f"--run must be a regular expression: got {run!r} ({error}). Escape special signs with a \\."
        ) from None
    names: list[str] = []

    def wanted(name: str) -> bool:
        names.append(name)
        return pattern.search(name) is not None or name == baseline

    try:
        table = TAGS.extended(parse_tags(tags))
        with progress("Reading"):
            opened = open_logdir(logdir, wanted=wanted, table=table)
    except (LogdirError, TagsArgumentError) as error:
        raise CommandError(str(error)) from None
    known = None
    if baseline is not None:
        known = next((r for r in opened.runs if r.name == baseline), None)
        if known is None:
            raise CommandError(
                f"--baseline must be the name of a run: got {baseline!r}. There are: {', '.join(names[:20])}."
            )
        if not known.readable:
            raise CommandError(f"the baseline {baseline!r} could not be read: {known.problems[0]}")
    runs = [r for r in opened.runs if pattern.search(r.name) is not None]
    others = [r for r in runs if r.name != baseline]
    if known is not None and not others:
        raise CommandError(f"there is no run to compare with the baseline {baseline!r}.")
    sentences = [f"run {r.name!r} could not be read: {r.problems[0]}" for r in others if not r.readable]
    if len(sentences) == len(others):
        raise CommandError(*sentences)
    for sentence in sentences:
        complain(sentence)
    differences = {} if known is None else {r.name: compare(r.report, known.report) for r in others}
    return Selection(logdir, runs, known, differences, opened.reader, opened.experiment)
