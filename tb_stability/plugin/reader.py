"""Runs, read through a data provider: their reports and their recorded steps.

The verdict and the windows of a recorded run are those in its log, never
computed again: they were found while it trained, from every step, and stay
right whatever TensorBoard's sampling dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tb_stability.monitor import replay
from tb_stability.plugin.cache import VersionedCache
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.foreign import foreign_problems, read_foreign_rows
from tb_stability.plugin.index import ForeignRun, RecordedRun, index_runs, version_of
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

_CACHED_RUNS = 1000  # a report is a few KB
_CACHED_ROWS = 4  # the steps of a run can be 100 MB


class UnknownNameError(LookupError):
    """No run or layer has this name."""


class RunReader:
    """Reads runs. Safe for concurrent use; keeps what it read until the log grows.

    Args:
      scalar_cap: Number of points that TensorBoard keeps of an ordinary scalar;
        tells whether one was sampled.
    """

    def __init__(self, *, scalar_cap: int = 1000) -> None:
        self._scalar_cap = scalar_cap
        self._runs: VersionedCache[Run] = VersionedCache(_CACHED_RUNS)
        self._rows: VersionedCache[RunRows] = VersionedCache(_CACHED_ROWS)
        self._samples: VersionedCache[tuple[Histograms, Activations]] = VersionedCache(_CACHED_ROWS)

    def read_runs(
        self, experiment: Experiment, *, wanted: Callable[[str], bool] = lambda name: True
    ) -> list[Run]:
        """Reads the reports of all runs whose name is `wanted`, by name. One that cannot be read says why."""
        found = index_runs(experiment).items()
        return [self._read_run(experiment, name, entry) for name, entry in found if wanted(name)]

    def read_rows(self, experiment: Experiment, name: str) -> RunRows:
        """Reads the steps of one run.

        Raises:
          UnknownNameError: If there is none of this name.
          LogFormatError: If its log is damaged, or a newer version wrote it.
        """
        return self._read_rows(experiment, _find(experiment, name))

    def read_histograms(self, experiment: Experiment, name: str) -> Histograms:
        """Reads the gradient histograms of one run; raises as `read_rows`."""
        return self._read_samples(experiment, name)[0]

    def read_activations(self, experiment: Experiment, name: str) -> Activations:
        """Reads what was measured of the activations of one run; raises as `read_rows`."""
        return self._read_samples(experiment, name)[1]

    def _read_run(self, experiment: Experiment, name: str, entry: RecordedRun | ForeignRun) -> Run:
        def make() -> Run:
            try:
                if isinstance(entry, ForeignRun):
                    return self._foreign_run(experiment, name, entry)
                return self._recorded_run(experiment, name, entry)
            except LogFormatError as error:
                return unreadable_run(name, error, recorded=isinstance(entry, RecordedRun))

        return self._runs.get((experiment.experiment_id, name), (entry.folder, version_of(entry)), make)

    def _read_rows(self, experiment: Experiment, entry: RecordedRun | ForeignRun) -> RunRows:
        def make() -> RunRows:
            if isinstance(entry, ForeignRun):
                return read_foreign_rows(experiment, entry.folder, entry.family, tuple(entry.tags))
            entry.check_version()
            if STEPS_TAG not in entry.tags:
                return empty_rows()
            return decode_rows(
                experiment.read_documents(entry.folder, LAYOUT_TAG),
                experiment.read_tensors(STEPS_PLUGIN, entry.folder, STEPS_TAG),
            )

        return self._rows.get((experiment.experiment_id, entry.folder), version_of(entry), make)

    def _read_samples(self, experiment: Experiment, name: str) -> tuple[Histograms, Activations]:
        entry = _find(experiment, name)

        def make() -> tuple[Histograms, Activations]:
            layout = self._read_rows(experiment, entry).layout
            if isinstance(entry, ForeignRun):
                return decode_histograms([], layout), decode_activations([], layout)
            read = experiment.read_tensors
            return (
                decode_histograms(read(STEPS_PLUGIN, entry.folder, HISTOGRAMS_TAG), layout),
                decode_activations(read(STEPS_PLUGIN, entry.folder, ACTIVATIONS_TAG), layout),
            )

        # Samples are written with rows, so the version of these says when to read anew.
        return self._samples.get((experiment.experiment_id, entry.folder), version_of(entry), make)

    def _recorded_run(self, experiment: Experiment, name: str, entry: RecordedRun) -> Run:
        entry.check_version()
        report: RunReport | None = None
        state: Literal["running", "ended"] = "running"
        problems: list[str] = []
        try:
            documents = (
                experiment.read_documents(entry.folder, REPORT_TAG) if REPORT_TAG in entry.tags else []
            )
            if documents:
                report, state = parse_report(documents[-1][1])
        except LogFormatError as error:
            problems.append(str(error))
        try:
            rows = self._read_rows(experiment, entry)
        except LogFormatError as error:
            rows = empty_rows(str(error))
        problems.extend(rows.problems)
        kept = rows.block.step_count
        if report is None:
            if not kept:
                raise LogFormatError(
                    problems[0] if problems else "its log has neither a report nor steps yet."
                )
            report = _replay(rows)
            problems.append(
                f"The log has no report that can be read: this one was made from the {kept} steps in it."
            )
        total = max(report.steps.recorded, kept)
        source = Source(recorded=True, sampled=kept < total, kept=kept, of=total)
        return Run(name=name, report=report, source=source, state=state, problems=tuple(problems))

    def _foreign_run(self, experiment: Experiment, name: str, entry: ForeignRun) -> Run:
        rows = self._read_rows(experiment, entry)
        kept = len(rows.block)
        if not kept:
            raise LogFormatError(f"{entry.family.loss} has no points yet.")
        sampled = self._scalar_cap != ALL_POINTS and kept >= self._scalar_cap
        return Run(
            name=name,
            report=_replay(rows),
            source=Source(recorded=False, sampled=sampled, kept=kept, of=None if sampled else kept),
            state="foreign",
            problems=foreign_problems(name, entry.family),
        )


def _find(experiment: Experiment, name: str) -> RecordedRun | ForeignRun:
    entry = index_runs(experiment, name=name).get(name)
    if entry is None:
        raise UnknownNameError(f"there is no run {name!r} with data for this tab.")
    return entry


def _replay(rows: RunRows) -> RunReport:
    """The report that the detectors make of the rows that were kept: of means, where a row is many steps."""
    return replay(rows.block, rows.layout.layout).report(recorded=rows.block.step_count)
