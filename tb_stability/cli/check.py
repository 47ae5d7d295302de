"""`tb-stability check`: reads a log directory, prints the verdicts, answers with an exit code."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from tb_stability.cli.markdown import format_markdown
from tb_stability.cli.plain import plain
from tb_stability.cli.text import format_text
from tb_stability.plugin.foreign_tags import TAGS, TagsArgumentError, parse_tags
from tb_stability.plugin.run import Run, runs_document
from tb_stability.report import Status
from tb_stability.runs import LogdirError, read_logdir

PASSED, FAILED, UNREADABLE = 0, 1, 2
"""Exit codes."""

_UNSTABLE: frozenset[Status] = frozenset({"unstable", "diverged", "not_learning"})

BARS: Mapping[str, frozenset[Status]] = {
    "never": frozenset(),
    "unstable": _UNSTABLE,
    "warning": _UNSTABLE | {"warning"},
}
"""For each bar, the statuses at or above it."""


def _format_json(logdir: str, runs: Sequence[Run]) -> str:
    return json.dumps(runs_document(logdir, runs), indent=2, allow_nan=False)


FORMATS: Mapping[str, Callable[[str, Sequence[Run]], str]] = {
    "json": _format_json,
    "markdown": format_markdown,
    "text": format_text,
}


def check(logdir: str, *, run: str | None, format: str, fail_on: str, tags: str = "") -> int:
    """Prints the runs and returns the exit code.

    Args:
      logdir: The log directory.
      run: A regular expression that must match somewhere in the name of a run; None for all.
      format: One of `FORMATS`.
      fail_on: One of `BARS`.
      tags: More names of series, see `parse_tags`.
    """
    try:
        pattern = re.compile(run or "")
    except re.error as error:
        return _refuse(
            f"--run must be a regular expression: got {run!r} ({error}). Escape special signs with a \\."
        )
    try:
        table = TAGS.extended(parse_tags(tags))
        runs = read_logdir(logdir, wanted=lambda name: pattern.search(name) is not None, table=table)
    except (LogdirError, TagsArgumentError) as error:
        return _refuse(str(error))
    for unreadable in (r for r in runs if not r.readable):
        _complain(f"run {unreadable.name!r} could not be read: {unreadable.problems[0]}")
    if not any(r.readable for r in runs):
        return UNREADABLE
    _print(FORMATS[format](logdir, runs))
    return FAILED if any(r.verdict.status in BARS[fail_on] for r in runs) else PASSED


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough; the exit code still holds
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(sentence: str) -> int:
    _complain(sentence)
    return UNREADABLE


def _complain(sentence: str) -> None:
    print(f"tb-stability: {plain(sentence)}", file=sys.stderr)
