"""Which runs there are: TensorBoard's run folders, grouped and named as users know them.

`exp/train`, `exp/validation` (Keras) and `exp/stability` (ours) are one run,
`exp`. Where ours is among them, it is the one that is shown.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence

from tb_stability.plugin.experiment import Experiment, Tags, TagState
from tb_stability.plugin.foreign_index import ForeignRun, base_name, find_foreign_runs, name_of
from tb_stability.plugin.foreign_tags import TAGS, TagTable
from tb_stability.summary.metadata import check_plugin_content
from tb_stability.summary.tags import (
    DOCUMENTS_PLUGIN,
    LAYOUT_TAG,
    REPORT_TAG,
    RUN_DIRECTORY,
    STEPS_PLUGIN,
    STEPS_TAG,
    headline_tag,
)

_HEADLINE = headline_tag("loss")


@dataclasses.dataclass(frozen=True)
class RecordedRun:
    """A run that this package wrote.

    Attributes:
      folder: TensorBoard's name of it.
      tags: Those of ours that it has.
      headline: Of its loss as an ordinary scalar, whose last point says what no list of tensors does.
    """

    folder: str
    tags: dict[str, TagState]
    headline: TagState | None = None

    @property
    def version(self) -> tuple[frozenset[tuple[str, TagState]], TagState | None]:
        """Something that changes whenever the log grew, or was replaced."""
        return frozenset(self.tags.items()), self.headline

    def check_version(self) -> None:
        """Raises LogFormatError where a newer version wrote it."""
        for tag, state in sorted(self.tags.items(), key=lambda item: item[0]):
            check_plugin_content(state.plugin_content, tag)


def index_runs(experiment: Experiment, table: TagTable = TAGS) -> dict[str, RecordedRun | ForeignRun]:
    """Returns the runs by name, in alphabetical order.

    Args:
      experiment: Where to look.
      table: The names of series that something else wrote.
    """
    runs: dict[str, RecordedRun | ForeignRun] = {**_recorded_runs(experiment, None)}
    recorded = set(runs)
    for name, run in _foreign_runs(experiment, table, None).items():
        if base_name(name) not in recorded:
            runs[name] = run
    return {name: runs[name] for name in sorted(runs)}


def find_run(experiment: Experiment, name: str, table: TagTable = TAGS) -> RecordedRun | ForeignRun | None:
    """Returns the run called `name`; asks for as little as it can."""
    base = base_name(name)
    recorded = _recorded_runs(experiment, _own_folders({name, base}))
    if name in recorded or base in recorded:
        return recorded.get(name)
    folders = experiment.list_runs()
    if folders is not None:
        folders = [folder for folder in folders if name_of(folder)[0] in (name, base)]
        if not folders:
            return None
    return _foreign_runs(experiment, table, folders).get(name)


def _own_folders(names: Collection[str]) -> list[str] | None:
    """Where runs that we recorded may be; None for anywhere."""
    if os.sep != "/":  # on Windows folders are joined with a "\\" that is not in the name
        return None
    inside = [RUN_DIRECTORY if name == "." else f"{name}/{RUN_DIRECTORY}" for name in names]
    return [*names, *inside]


def _foreign_runs(
    experiment: Experiment, table: TagTable, folders: Sequence[str] | None
) -> dict[str, ForeignRun]:
    """Those in the given folders, or in all."""
    scalars = experiment.list_scalars(table.all_tags, folders)
    return find_foreign_runs(scalars, experiment.list_histograms(folders), table)


def _recorded_runs(experiment: Experiment, folders: Sequence[str] | None) -> dict[str, RecordedRun]:
    """Those in the given folders, or in all."""
    ours = _merge(
        experiment.list_tensors(DOCUMENTS_PLUGIN, (LAYOUT_TAG, REPORT_TAG), folders),
        experiment.list_tensors(STEPS_PLUGIN, (STEPS_TAG,), folders),
    )
    headlines = experiment.list_scalars((_HEADLINE,), list(ours))
    return {
        run_name(folder): RecordedRun(folder, ours[folder], headlines.get(folder, {}).get(_HEADLINE))
        for folder in sorted(ours, key=len)  # `exp/stability` is longer than `exp` and wins
    }


def run_name(folder: str) -> str:
    """The name of a recorded run: its folder, without our own directory in it."""
    parts = folder.replace(os.sep, "/").split("/")
    return "/".join(parts[:-1] if parts[-1] == RUN_DIRECTORY else parts) or "."


def _merge(*listings: Tags) -> dict[str, dict[str, TagState]]:
    merged: dict[str, dict[str, TagState]] = {}
    for listing in listings:
        for run, tags in listing.items():
            merged.setdefault(run, {}).update(tags)
    return {run: tags for run, tags in merged.items() if tags}
