"""A run as the viewer knows it, and that as JSON: the document of `/runs` and of `tb-stability check`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from tb_stability.configuration import Setting, configuration
from tb_stability.groups import Group, fingerprint_of, group_runs
from tb_stability.report import Diagnosis, RunReport, Steps, Verdict
from tb_stability.summary.diagnoses import diagnosis_members
from tb_stability.summary.errors import LogFormatError, NewerVersionError
from tb_stability.summary.report import report_members
from tb_stability.tally import Summary, summarize
from tb_stability.windows import Window

DOCUMENT_VERSION = 1
"""Version of the JSON document."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the data of a run comes from.

    Attributes:
      recorded: Whether this package wrote it. Otherwise its series were replayed.
      sampled: Whether TensorBoard dropped some of its steps.
      kept: Number of steps that were available to the viewer.
      of: Number of steps in the log; None where unknown. Of a run that was replayed and sampled, as far as
        the distances between the kept steps tell.
      axis: What its steps count: `step`, or, in a log of Keras, `batch` or `epoch`.
      tags: Of a run that was replayed, the tag of each series, such as `{"loss": "epoch_loss"}`.
      histograms: Of a run that was replayed, the number of tags with histograms.
    """

    recorded: bool
    sampled: bool
    kept: int
    of: int | None
    axis: Literal["step", "batch", "epoch"] = "step"
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    histograms: int = 0


@dataclasses.dataclass(frozen=True)
class Run:
    """A run with its report.

    Attributes:
      name: Its folder below the log directory: `exp1`, not `exp1/stability`; `.` for that directory itself.
      report: What the detectors say of it.
      source: Where the data comes from.
      state: `running` (still written, or killed), `ended`, or `foreign` (not recorded by this package).
      problems: Sentences for the reader about what is missing.
      readable: False where nothing could be read; `problems` says why.
    """

    name: str
    report: RunReport
    source: Source
    state: Literal["running", "ended", "foreign"]
    problems: tuple[str, ...] = ()
    readable: bool = True

    @property
    def verdict(self) -> Verdict:
        """The answer for this run."""
        return self.report.verdict

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows, by `start_step`."""
        return self.report.windows

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """The causes of the windows, surest first."""
        return self.report.diagnoses

    @property
    def configuration(self) -> dict[str, Setting] | None:
        """How it was set up, see `configuration.py`; None where that was not recorded."""
        size = None if self.report.final is None else self.report.final.batch_size
        return configuration(self.report.model, self.report.first_batch, batch_size=size)

    @property
    def fingerprint(self) -> str | None:
        """A hash that repeated runs share, likewise."""
        return fingerprint_of(self.report)


def unreadable_run(name: str, error: LogFormatError, *, recorded: bool) -> Run:
    """A run of which nothing could be read, for the reason that `error` gives."""
    problem = str(error)
    verdict = Verdict(
        status="unknown",
        text="This run could not be read.",
        why=problem,
        next=(
            "Upgrade the viewer: pip install -U tb-stability, then start TensorBoard again."
            if isinstance(error, NewerVersionError)
            else "Check the event files of this run, or record it again."
        ),
    )
    return Run(
        name=name,
        report=RunReport(steps=Steps(None, None, 0, 0), windows=(), verdict=verdict, checks=()),
        source=Source(recorded=recorded, sampled=False, kept=0, of=None),
        state="running" if recorded else "foreign",
        problems=(problem,),
        readable=False,
    )


def groups_of(runs: Iterable[Run]) -> tuple[Group, ...]:
    """The repeated runs among some, judged together."""
    return group_runs({run.name: run.report for run in runs})


def summary_of(runs: Iterable[Run]) -> Summary:
    """The answer for some runs in one sentence, with the number of runs of each status."""
    return summarize({run.name: run.verdict.status for run in runs})


def runs_document(logdir: str, runs: Sequence[Run]) -> dict[str, object]:
    """The document, ready for JSON: non-finite numbers are strings."""
    return {
        "version": DOCUMENT_VERSION,
        "logdir": logdir,
        "summary": dataclasses.asdict(summary_of(runs)),
        "runs": [_members(run) for run in runs],
        "groups": [_group_members(group) for group in groups_of(runs)],
    }


def _members(run: Run) -> dict[str, object]:
    return {
        "run": run.name,
        **report_members(run.report),
        "configuration": run.configuration,
        "fingerprint": run.fingerprint,
        "source": dataclasses.asdict(run.source),
        "state": run.state,
        "problems": list(run.problems),
    }


def _group_members(group: Group) -> dict[str, object]:
    return {
        "name": group.name,
        "runs": list(group.runs),
        "verdict": dataclasses.asdict(group.verdict),
        "diagnoses": [diagnosis_members(diagnosis) for diagnosis in group.diagnoses],
    }
