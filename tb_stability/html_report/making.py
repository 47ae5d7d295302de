"""Makes the report: reads the steps of each run, draws them, and forgets them before the next."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Protocol

from tb_stability.baseline import compare
from tb_stability.html_report.page import Contents, anchor, report_page
from tb_stability.html_report.pictures import Pictures, pool_pictures
from tb_stability.html_report.run_section import close_up_steps, run_section
from tb_stability.html_report.symptoms import STATUS_NAMES
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.reader import RunReader, UnknownNameError
from tb_stability.plugin.run import Run
from tb_stability.summary.errors import LogFormatError

MOST_DRAWN = 30
"""Runs with pictures, the worst ones: each takes some 100 KB."""


def make_report(
    reader: RunReader,
    experiment: Experiment,
    runs: Sequence[Run],
    *,
    made: datetime.datetime,
    baseline: Run | None = None,
    on_run: Callable[[], None] = lambda: None,
) -> str:
    """The file of some runs of an experiment.

    Args:
      reader: What read the runs.
      experiment: Likewise.
      runs: Those to show, in this order.
      made: The time that is written on it; with a time zone.
      baseline: A run that the others are compared with, which need not be among them.
      on_run: Called when a run is done, for who waits.
    """
    rank = list(STATUS_NAMES)
    worst = sorted(range(len(runs)), key=lambda place: rank.index(runs[place].verdict.status))
    drawn = set(worst[:MOST_DRAWN])
    sections = []
    differences = {}
    for place, run in enumerate(runs):
        pictures, close_up = None, None
        missing = f"Not drawn: a report has pictures of the {MOST_DRAWN} worst runs."
        if place in drawn:
            pictures, close_up, missing = _read_pictures(reader, experiment, run)
        if baseline is not None and run.name != baseline.name:
            differences[run.name] = compare(run.report, baseline.report)
        sections.append(
            run_section(
                run,
                pictures,
                anchor=anchor(place),
                close_up=close_up,
                missing=missing,
                difference=differences.get(run.name),
            )
        )
        on_run()
    name = None if baseline is None else baseline.name
    return report_page(Contents(experiment.logdir, runs, sections, made, name, differences))


def _read_pictures(
    reader: RunReader, experiment: Experiment, run: Run
) -> tuple[Pictures | None, Pictures | None, str]:
    """The pictures of a run, those of where trouble began, or a sentence that says why there are none."""
    if not run.readable:
        return None, None, ""  # its verdict says it
    try:
        rows = reader.read_rows(experiment, run.name)
    except (LogFormatError, UnknownNameError) as error:
        return None, None, f"Not drawn: {error}"
    pictures = pool_pictures(rows)
    if pictures is None:
        return None, None, "Not drawn: the log has no steps of this run."
    steps = close_up_steps(run)
    return pictures, None if steps is None else pool_pictures(rows, steps), ""


class RepeatedQuery(Protocol):
    """The query of a request, in which a name can stand several times."""

    def getlist(self, key: str) -> list[str]:
        """All values of a name."""


def answer_report(reader: RunReader, experiment: Experiment, query: RepeatedQuery) -> str:
    """`/report?run=R`: the report of some runs, or of all.

    Raises:
      UnknownNameError: If there is no run of a name.
    """
    names = query.getlist("run")
    runs = reader.read_runs(experiment, wanted=lambda name: not names or name in names)
    unknown = set(names) - {run.name for run in runs}
    if unknown:
        raise UnknownNameError(f"there is no run {min(unknown)!r} with data for this tab.")
    return make_report(reader, experiment, runs, made=datetime.datetime.now(datetime.timezone.utc))
