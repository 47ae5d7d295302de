"""Runs, read through a data provider: their reports and their recorded steps.

The verdict and the windows of a recorded run are those in its log, never
computed again: they were found while it trained, from every step, and stay
right whatever TensorBoard's sampling dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal

import numpy as np

from tb_stability.diagnosis import with_diagnoses
from tb_stability.diagnosis.run_history import RunHistory
from tb_stability.monitor import Monitor
from tb_stability.plugin.cache import VersionedCache
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign import foreign_problems, foreign_source, read_foreign_rows
from tb_stability.plugin.foreign_index import ForeignRun
from tb_stability.plugin.foreign_tags import TAGS, TagTable
from tb_stability.plugin.index import RecordedRun, find_run, index_runs
from tb_stability.plugin.memory import LARGE_READ_BYTES, give_back
from tb_stability.plugin.rows import RunRows, decode_rows, empty_rows
from tb_stability.plugin.run import Run, Source, unreadable_run
from tb_stability.plugin.samples import Activations, Histograms, decode_activations, decode_histograms
from tb_stability.report import RunReport
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.report import parse_report
from tb_stability.summary.tags import (
    ACTIVATIONS_TAG,
    HISTOGRAMS_TAG,
    LAYOUT_TAG,
    REPORT_TAG,
    STEPS_PLUGIN,
    STEPS_TAG,
)

ALL_POINTS = 0
"""As a cap, in TensorBoard's convention: nothing is dropped."""

MOST_RUNS_IN_FULL = 8
"""Recorded runs up to which a list of them also looks at their steps: of hundreds, they are gigabytes, ..."""

MOST_BYTES_IN_FULL = 128 << 20
"""... as far as this many bytes of rows go at a time."""

_CACHED_RUNS = 1000  # a report is a few KB
_CACHED_ROWS = 4  # the steps of a run can be 100 MB


class UnknownNameError(LookupError):
    """No run or layer has this name."""


class RunReader:
    """Reads runs. Safe for concurrent use; keeps what it read until the log grows.

    Args:
      scalar_cap: Number of points that TensorBoard keeps of an ordinary scalar;
        tells whether one was sampled.
      table: The names under which other tools write their series.
      in_full: Whether a list of runs always says how many of their steps there are to see. Else, of many or
        large runs, it is taken from the report, but for those whose steps were read lately.
    """

    def __init__(self, *, scalar_cap: int = 1000, table: TagTable = TAGS, in_full: bool = False) -> None:
        self._scalar_cap = scalar_cap
        self._in_full = in_full
        self._table = table
        self._runs: VersionedCache[Run] = VersionedCache(_CACHED_RUNS)
        self._rows: VersionedCache[RunRows] = VersionedCache(_CACHED_ROWS)
        self._samples: VersionedCache[tuple[Histograms, Activations]] = VersionedCache(_CACHED_ROWS)

    def read_runs(
        self, experiment: Experiment, *, wanted: Callable[[str], bool] = lambda name: True
    ) -> list[Run]:
        """Reads the reports of all runs whose name is `wanted`, by name. One that cannot be read says why."""
        found = {n: run for n, run in index_runs(experiment, self._table).items() if wanted(n)}
        recorded = {n: run for n, run in found.items() if isinstance(run, RecordedRun)}
        in_full = self._in_full or len(recorded) <= MOST_RUNS_IN_FULL
        stale = [
            run.folder
            for name, run in recorded.items()
            if REPORT_TAG in run.tags
            and self._runs.peek(*self._identity(experiment, name, run, in_full)) is None
        ]
        reports = experiment.read_last_documents(stale, REPORT_TAG)
        runs, read_bytes = [], 0
        for name, run in found.items():
            held = self._rows.peek(_key(experiment, run), run.version)
            full = in_full and (self._in_full or read_bytes < MOST_BYTES_IN_FULL)
            runs.append(self._read_run(experiment, name, run, reports.get(run.folder), in_full=full))
            rows = self._rows.peek(_key(experiment, run), run.version)
            read_bytes += rows.byte_count if rows is not None and rows is not held else 0
        return runs

    def read_rows(self, experiment: Experiment, name: str) -> RunRows:
        """Reads the steps of one run.

        Raises:
          UnknownNameError: If there is none of this name.
          LogFormatError: If its log is damaged, or a newer version wrote it.
        """
        return self._read_rows(experiment, self._find(experiment, name))

    def read_histograms(self, experiment: Experiment, name: str) -> Histograms:
        """Reads the gradient histograms of one run; raises as `read_rows`."""
        return self._read_samples(experiment, name)[0]

    def read_activations(self, experiment: Experiment, name: str) -> Activations:
        """Reads what was measured of the activations of one run; raises as `read_rows`."""
        return self._read_samples(experiment, name)[1]

    def _identity(
        self, experiment: Experiment, name: str, entry: RecordedRun | ForeignRun, in_full: bool
    ) -> tuple[Hashable, tuple[str, Hashable, bool]]:
        """Key and version of a run in the cache; last in the version, whether it is read in full."""
        in_full = in_full or self._rows.peek(_key(experiment, entry), entry.version) is not None
        return (experiment.experiment_id, name), (entry.folder, entry.version, in_full)

    def _read_run(
        self,
        experiment: Experiment,
        name: str,
        entry: RecordedRun | ForeignRun,
        text: bytes | None,
        *,
        in_full: bool,
    ) -> Run:
        key, version = self._identity(experiment, name, entry, in_full)

        def make() -> Run:
            try:
                if isinstance(entry, ForeignRun):
                    return self._foreign_run(experiment, name, entry)
                return self._recorded_run(experiment, name, entry, text, in_full=version[2])
            except LogFormatError as error:
                return unreadable_run(name, error, recorded=isinstance(entry, RecordedRun))

        return self._runs.get(key, version, make)

    def _read_rows(self, experiment: Experiment, entry: RecordedRun | ForeignRun) -> RunRows:
        def make() -> RunRows:
            if isinstance(entry, ForeignRun):
                return read_foreign_rows(experiment, entry)
            entry.check_version()
            if STEPS_TAG not in entry.tags:
                return empty_rows()
            layouts = experiment.read_documents(entry.folder, LAYOUT_TAG)
            blocks = experiment.read_tensors(STEPS_PLUGIN, entry.folder, STEPS_TAG)
            if sum(array.nbytes for _, array in blocks) >= LARGE_READ_BYTES:
                give_back()  # what the provider needed to read them
            return decode_rows(layouts, blocks)

        return self._rows.get(_key(experiment, entry), entry.version, make)

    def _read_samples(self, experiment: Experiment, name: str) -> tuple[Histograms, Activations]:
        entry = self._find(experiment, name)

        def make() -> tuple[Histograms, Activations]:
            layout = self._read_rows(experiment, entry).layout
            if isinstance(entry, ForeignRun):
                return decode_histograms([], layout), decode_activations([], layout)
            read = experiment.read_tensors
            samples = (
                decode_histograms(read(STEPS_PLUGIN, entry.folder, HISTOGRAMS_TAG), layout),
                decode_activations(read(STEPS_PLUGIN, entry.folder, ACTIVATIONS_TAG), layout),
            )
            if samples[0].counts.nbytes >= LARGE_READ_BYTES:
                give_back()
            return samples

        # Samples are written with rows, so the version of these says when to read anew.
        return self._samples.get(_key(experiment, entry), entry.version, make)

    def _recorded_run(
        self, experiment: Experiment, name: str, entry: RecordedRun, text: bytes | None, *, in_full: bool
    ) -> Run:
        entry.check_version()
        report: RunReport | None = None
        state: Literal["running", "ended"] = "running"
        problems: list[str] = []
        try:
            if text is None and REPORT_TAG in entry.tags:
                documents = experiment.read_documents(entry.folder, REPORT_TAG)  # says what is damaged
                text = documents[-1][1] if documents else None
            if text is not None:
                report, state = parse_report(text)
        except LogFormatError as error:
            problems.append(str(error))
        if report is not None and not in_full:
            recorded = report.steps.recorded
            source = Source(recorded=True, sampled=False, kept=recorded, of=recorded)
            return Run(name=name, report=report, source=source, state=state, problems=tuple(problems))
        try:
            rows = self._read_rows(experiment, entry)
        except LogFormatError as error:
            rows = empty_rows(str(error))
        problems.extend(rows.problems)
        kept = rows.step_count
        if report is None:
            if not kept:
                raise LogFormatError(
                    problems[0] if problems else "its log has neither a report nor steps yet."
                )
            report = replay_rows(rows)
            problems.append(
                f"The log has no report that can be read: this one was made from the {kept} steps in it."
            )
        total = max(report.steps.recorded, kept)
        source = Source(recorded=True, sampled=kept < total, kept=kept, of=total)
        return Run(name=name, report=report, source=source, state=state, problems=tuple(problems))

    def _foreign_run(self, experiment: Experiment, name: str, entry: ForeignRun) -> Run:
        rows = self._read_rows(experiment, entry)
        if not rows.step_count:
            raise LogFormatError("its series have no points yet.")
        source = foreign_source(entry, rows, self._scalar_cap)
        problems = foreign_problems(name, entry, rows)
        if source.sampled:
            problems = (
                f"TensorBoard kept {source.kept} of about {source.of} points: a short event between them "
                "cannot be seen. Start it with --samples_per_plugin=scalars=0 to keep all.",
                *problems,
            )
        return Run(name=name, report=replay_rows(rows), source=source, state="foreign", problems=problems)

    def _find(self, experiment: Experiment, name: str) -> RecordedRun | ForeignRun:
        entry = find_run(experiment, name, self._table)
        if entry is None:
            raise UnknownNameError(f"there is no run {name!r} with data for this tab.")
        return entry


def _key(experiment: Experiment, entry: RecordedRun | ForeignRun) -> tuple[str, str, str]:
    """Whose rows these are: a folder can have the steps of two axes."""
    return experiment.experiment_id, entry.folder, entry.axis if isinstance(entry, ForeignRun) else ""


def replay_rows(rows: RunRows) -> RunReport:
    """The report that the detectors make of the rows that were kept: of means, where a row is many steps."""
    monitor, history = Monitor(rows.layout.layout), RunHistory(rows.layout.layout)
    # Of a copy, which is gone thereafter: the rows in the cache are not joined.
    with np.errstate(all="ignore"):  # a damaged log has any numbers
        for step, values in rows.between().block:
            changed = monitor.update(step, values)
            history.update(step, values, alarmed=any(window.end_step is None for window in changed))
        return with_diagnoses(monitor.report(recorded=rows.step_count), history.observed)
