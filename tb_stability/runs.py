"""Runs of a log directory, without a TensorBoard process: for scripts and the command line."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Collection

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from tb_stability.groups import Group
from tb_stability.html_report.notebook import run_html, runs_html
from tb_stability.plain import plain
from tb_stability.plugin.experiment import HISTOGRAMS_PLUGIN, Experiment
from tb_stability.plugin.foreign_index import base_name, name_of
from tb_stability.plugin.foreign_tags import TAGS, TagTable
from tb_stability.plugin.index import run_name
from tb_stability.plugin.reader import ALL_POINTS, RunReader
from tb_stability.plugin.run import Run, groups_of, summary_of
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN, STEPS_PLUGIN
from tb_stability.tally import Summary

_logger = logging.getLogger(__name__)

_DAMAGED = "Its event files are damaged: records that cannot be read were left out."

_MOST_DAMAGED_RECORDS = 1000
"""Of a run; what follows them is not read."""


class LogdirError(ValueError):
    """A log directory cannot be read; the text is a sentence that says why and what to do."""


class LoadedRun(Run):
    """A run that a notebook shows: its verdict, causes and windows. A terminal shows the verdict."""

    def __repr__(self) -> str:
        return f"<run {self.name!r}, {self.verdict.status}: {plain(self.verdict.text)}>"

    def _repr_html_(self) -> str:
        return run_html(self)


class Runs(list[LoadedRun]):
    """Runs by name; a notebook shows them as a table."""

    @property
    def groups(self) -> tuple[Group, ...]:
        """The repeated runs among them (one configuration, other seeds), judged together."""
        return groups_of(self)

    @property
    def summary(self) -> Summary:
        """How they are doing: `summary.text` in one sentence, `summary.counts` by status."""
        return summary_of(self)

    def _repr_html_(self) -> str:
        return runs_html(self)


def load(logdir: str | os.PathLike[str]) -> Runs:
    """Reads the runs of a log directory.

    Needs no TensorFlow; where it is installed, TensorBoard imports it to read.

    Args:
      logdir: The directory that is given to `tensorboard --logdir`.

    Returns:
      The runs by name, with `name`, `windows`, `verdict`, `diagnoses`, `configuration`, `source`, `state` and
      `problems`. One that cannot be read has the verdict `unknown`, and says why in `problems`. The list has
      `groups`, the repeated runs among them, and `summary`, the answer for all.

    Raises:
      LogdirError: If there is no such directory, or no run in it that we can read.
    """
    return Runs(LoadedRun(**vars(run)) for run in read_logdir(os.fspath(logdir)))


@dataclasses.dataclass(frozen=True)
class OpenLogdir:
    """A log directory that was read.

    Attributes:
      runs: Its runs by name, as `load` gives them.
      reader: What read them, and reads their steps.
      experiment: What it reads.
    """

    runs: list[Run]
    reader: RunReader
    experiment: Experiment


def read_logdir(
    logdir: str, *, wanted: Callable[[str], bool] = lambda name: True, table: TagTable = TAGS
) -> list[Run]:
    """As `load`, for the runs whose name is `wanted`, with the names of `table` for series of other tools."""
    return open_logdir(logdir, wanted=wanted, table=table).runs


def open_logdir(
    logdir: str, *, wanted: Callable[[str], bool] = lambda name: True, table: TagTable = TAGS
) -> OpenLogdir:
    """As `read_logdir`, with what reads the steps of the runs."""
    experiment, damaged = _open(logdir)
    names: list[str] = []

    def remember(name: str) -> bool:
        names.append(name)
        return wanted(name)

    reader = RunReader(scalar_cap=ALL_POINTS, table=table, in_full=True)
    runs = reader.read_runs(experiment, wanted=remember)
    if not names and damaged:
        raise LogdirError(
            f"no run in {logdir!r} could be read: the event files of {', '.join(sorted(damaged)[:20])} are "
            "damaged."
        )
    if not names:
        raise LogdirError(
            f"no run in {logdir!r} has data for Stability or a training loss. Record one with "
            f"model.fit(..., callbacks=[tb_stability.StabilityCallback({os.path.join(logdir, 'run1')!r})])."
        )
    if not runs:
        raise LogdirError(f"no run in {logdir!r} matches. There are: {', '.join(names[:20])}.")
    return OpenLogdir([_with_damage(run, damaged) for run in runs], reader, experiment)


def _with_damage(run: Run, damaged: Collection[str]) -> Run:
    """The run, with a sentence where records of its files were left out."""
    names = {name for folder in damaged for name in (run_name(folder), name_of(folder)[0])}
    if base_name(run.name) not in names:
        return run
    return dataclasses.replace(run, problems=(*run.problems, _DAMAGED))


def _reload(multiplexer: EventMultiplexer) -> set[str]:
    """Reads all events; returns the runs with records that are none, and were left out.

    TensorBoard's own `Reload` would end at the first of them, and read no other run.
    """
    damaged = set()
    for name in multiplexer.Runs():
        for _ in range(_MOST_DAMAGED_RECORDS):
            try:
                multiplexer.GetAccumulator(name).Reload()
                break
            except Exception as error:  # protobuf's, and whatever TensorBoard makes of an event
                _logger.debug("run %r: %s", name, error)
                damaged.add(name)
    return damaged


def _open(logdir: str) -> tuple[Experiment, set[str]]:
    """Reads all event files below a directory, and keeps all points; also returns the runs with damage."""
    remote = "://" in logdir
    path = logdir if remote else os.path.expanduser(logdir)
    if not remote and not os.path.exists(path):
        raise LogdirError(
            f"there is no directory {logdir!r}. Give the one that tensorboard --logdir is given."
        )
    if not remote and not os.path.isdir(path):
        folder = os.path.dirname(path) or "."
        raise LogdirError(
            f"{logdir!r} is a file. Give the directory that it is in, {folder!r}, or one above."
        )
    plugins = (STEPS_PLUGIN, DOCUMENTS_PLUGIN, SCALARS_PLUGIN, HISTOGRAMS_PLUGIN)
    caps = dict.fromkeys(plugins, ALL_POINTS)
    multiplexer = EventMultiplexer(tensor_size_guidance=caps)
    try:
        multiplexer.AddRunsFromDirectory(path)
        damaged = _reload(multiplexer)
    except UnicodeError:
        raise LogdirError(
            f"{logdir!r} has a name in it that is not UTF-8, and TensorBoard reads no such names: "
            f"{_name_of_bytes(path)!r}. Rename it."
        ) from None
    except Exception as error:  # each remote file system has its own errors
        if not remote and not isinstance(error, OSError):
            raise
        raise LogdirError(f"{logdir!r} could not be read: {type(error).__name__}: {error}") from None
    if not multiplexer.Runs():
        raise LogdirError(f"there is no event file (events.out.tfevents...) in {logdir!r} or below.")
    return Experiment(MultiplexerDataProvider(multiplexer, path)), damaged


def _name_of_bytes(path: str) -> bytes:
    """The first name in a local directory that is no text."""
    for _, folders, files in os.walk(path):
        for name in folders + files:
            try:
                name.encode()
            except UnicodeError:
                return os.fsencode(name)
    return os.fsencode(path)
