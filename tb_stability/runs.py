"""Runs of a log directory, without a TensorBoard process: for scripts and the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

from tb_stability.plugin.experiment import HISTOGRAMS_PLUGIN, Experiment
from tb_stability.plugin.foreign_tags import TAGS, TagTable
from tb_stability.plugin.reader import ALL_POINTS, RunReader
from tb_stability.plugin.run import Run
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN, STEPS_PLUGIN


class LogdirError(ValueError):
    """A log directory cannot be read; the text is a sentence that says why and what to do."""


def load(logdir: str | os.PathLike[str]) -> list[Run]:
    """Reads the runs of a log directory.

    Needs no TensorFlow; where it is installed, TensorBoard imports it to read.

    Args:
      logdir: The directory that is given to `tensorboard --logdir`.

    Returns:
      The runs by name, with `name`, `windows`, `verdict`, `source`, `state` and `problems`. One that cannot
      be read has the verdict `unknown`, and says why in `problems`.

    Raises:
      LogdirError: If there is no such directory, or no run in it that we can read.
    """
    return read_logdir(os.fspath(logdir))


def read_logdir(
    logdir: str, *, wanted: Callable[[str], bool] = lambda name: True, table: TagTable = TAGS
) -> list[Run]:
    """As `load`, for the runs whose name is `wanted`, with the names of `table` for series of other tools."""
    experiment = _open(logdir)
    names: list[str] = []

    def remember(name: str) -> bool:
        names.append(name)
        return wanted(name)

    reader = RunReader(scalar_cap=ALL_POINTS, table=table, runs_in_full=sys.maxsize)
    runs = reader.read_runs(experiment, wanted=remember)
    if not names:
        raise LogdirError(
            f"no run in {logdir!r} has data for Stability or a training loss. Record one with "
            f"model.fit(..., callbacks=[tb_stability.StabilityCallback({os.path.join(logdir, 'run1')!r})])."
        )
    if not runs:
        raise LogdirError(f"no run in {logdir!r} matches. There are: {', '.join(names[:20])}.")
    return runs


def _open(logdir: str) -> Experiment:
    """Reads all event files below a directory, and keeps all points of ours."""
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
        multiplexer.Reload()
    except Exception as error:  # each remote file system has its own errors
        if not remote:
            raise
        raise LogdirError(f"{logdir!r} could not be read: {type(error).__name__}: {error}") from None
    if not multiplexer.Runs():
        raise LogdirError(f"there is no event file (events.out.tfevents...) in {logdir!r} or below.")
    return Experiment(MultiplexerDataProvider(multiplexer, path))
