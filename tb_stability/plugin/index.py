"""Which runs there are: TensorBoard's run folders, grouped and named as users know them.

`exp/train`, `exp/validation` (Keras) and `exp/stability` (ours) are one run,
`exp`. Where ours is among them, it is the one that is shown.
"""

from __future__ import annotations

import dataclasses
import os

from tb_stability.plugin.experiment import Experiment, Tags, TagState
from tb_stability.plugin.foreign import FAMILIES, FOREIGN_TAGS, Family
from tb_stability.summary.metadata import check_plugin_content
from tb_stability.summary.tags import (
    DOCUMENTS_PLUGIN,
    LAYOUT_TAG,
    REPORT_TAG,
    RUN_DIRECTORY,
    STEPS_PLUGIN,
    STEPS_TAG,
)

_FOREIGN_DIRECTORIES = ("train", "validation")
"""Folders that `keras.callbacks.TensorBoard` makes; the first is the one that holds the training loss."""


@dataclasses.dataclass(frozen=True)
class RecordedRun:
    """A run that this package wrote.

    Attributes:
      folder: TensorBoard's name of it.
      tags: Those of ours that it has.
    """

    folder: str
    tags: dict[str, TagState]

    def check_version(self) -> None:
        """Raises LogFormatError where a newer version wrote it."""
        for tag, state in sorted(self.tags.items(), key=lambda item: item[0]):
            check_plugin_content(state.plugin_content, tag)


@dataclasses.dataclass(frozen=True)
class ForeignRun:
    """A run that something else wrote, with a loss that can be replayed.

    Attributes:
      folder: TensorBoard's name of it.
      family: The names of its tags.
      tags: Those of `family` that it has.
    """

    folder: str
    family: Family
    tags: dict[str, TagState]


def version_of(run: RecordedRun | ForeignRun) -> frozenset[tuple[str, TagState]]:
    """Something that changes whenever the log grew."""
    return frozenset(run.tags.items())


def index_runs(experiment: Experiment, *, name: str | None = None) -> dict[str, RecordedRun | ForeignRun]:
    """Returns the runs by name, in alphabetical order; at most the one called `name`, where it is given."""
    # On Windows folders are joined with a "\\" that is not in the name: all are listed there.
    folders = None if name is None or os.sep != "/" else _folders(name)
    ours = _merge(
        experiment.list_tensors(DOCUMENTS_PLUGIN, (LAYOUT_TAG, REPORT_TAG), folders),
        experiment.list_tensors(STEPS_PLUGIN, (STEPS_TAG,), folders),
    )
    runs: dict[str, RecordedRun | ForeignRun] = {}
    for folder in sorted(ours, key=len):  # `exp/stability` is longer than `exp` and wins
        runs[_without(folder, (RUN_DIRECTORY,))] = RecordedRun(folder, ours[folder])
    for folder, tags in sorted(
        experiment.list_scalars(FOREIGN_TAGS, folders).items(), key=lambda item: -len(item[0])
    ):
        family = next((f for f in FAMILIES if f.loss in tags), None)
        run = _without(folder, _FOREIGN_DIRECTORIES)
        if family is None or run in runs or _parts(folder)[-1] == _FOREIGN_DIRECTORIES[1]:
            continue
        wanted = (family.loss, *family.learning_rates)
        runs[run] = ForeignRun(folder, family, {tag: state for tag, state in tags.items() if tag in wanted})
    return {run: runs[run] for run in sorted(runs) if name in (None, run)}


def _folders(name: str) -> list[str]:
    """All folders that could be the run called `name`."""
    children = [RUN_DIRECTORY, *_FOREIGN_DIRECTORIES]
    return [name, *(children if name == "." else (f"{name}/{child}" for child in children))]


def _without(folder: str, last: tuple[str, ...]) -> str:
    """The folder above, if the last part of `folder` is one of `last`."""
    parts = _parts(folder)
    return "/".join(parts[:-1] if parts[-1] in last else parts) or "."


def _parts(folder: str) -> list[str]:
    return folder.replace(os.sep, "/").split("/")


def _merge(*listings: Tags) -> dict[str, dict[str, TagState]]:
    merged: dict[str, dict[str, TagState]] = {}
    for listing in listings:
        for run, tags in listing.items():
            merged.setdefault(run, {}).update(tags)
    return {run: tags for run, tags in merged.items() if tags}
