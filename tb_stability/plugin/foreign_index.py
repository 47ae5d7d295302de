"""Which runs there are that something else wrote, and where their series are."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping

from tb_stability.plugin.experiment import Tags, TagState
from tb_stability.plugin.foreign_layers import parse_histogram_name
from tb_stability.plugin.foreign_tags import AXES, VALIDATION_FOLDER_LOSSES, Axis, TagTable, folder_role

_SEPARATORS = r"[/\\]"


@dataclasses.dataclass(frozen=True)
class ForeignSeries:
    """Where a series of a run is.

    Attributes:
      folder: TensorBoard's name of the folder.
      tag: Its tag.
      state: How far it was written.
    """

    folder: str
    tag: str
    state: TagState


@dataclasses.dataclass(frozen=True)
class ForeignRun:
    """A run that something else wrote, or what it wrote of one axis of steps.

    Attributes:
      folder: TensorBoard's name of its folder; of several, of the one with the loss.
      axis: What its steps count.
      scalars: By series, see `foreign_tags.SERIES`.
      histograms: Those of weights and gradients, in the order in which they are written.
    """

    folder: str
    axis: Axis
    scalars: Mapping[str, ForeignSeries]
    histograms: tuple[ForeignSeries, ...]

    @property
    def tags(self) -> dict[str, str]:
        """The tag of each scalar; with the folder before it, where that is the one of a validation."""
        return {
            name: one.tag
            if one.folder == self.folder
            else f"{re.split(_SEPARATORS, one.folder)[-1]}/{one.tag}"
            for name, one in self.scalars.items()
        }

    @property
    def version(self) -> frozenset[ForeignSeries]:
        """Something that changes whenever the log grew."""
        return frozenset((*self.scalars.values(), *self.histograms))


def find_foreign_runs(scalars: Tags, histograms: Tags, table: TagTable) -> dict[str, ForeignRun]:
    """Finds runs by name.

    `exp/train` and `exp/validation` are one run, `exp`. Where a run has two axes, these are two runs: the
    finer has the name, the other `exp (epochs)`.

    Args:
      scalars: What there is of the names of `table`.
      histograms: All histograms.
      table: The names to look for.
    """
    folders: dict[str, dict[str, list[str]]] = {}
    for folder in sorted({*scalars, *histograms}, key=lambda f: (-len(f), f)):  # `exp/train` before `exp`
        name, role = name_of(folder)
        folders.setdefault(name, {}).setdefault(role, []).append(folder)
    runs: dict[str, ForeignRun] = {}
    for name, by_role in folders.items():
        training = [*by_role.get("train", ()), *by_role.get("run", ())]
        own = _series(scalars, training)
        validation = _series(scalars, by_role.get("validation", ()))
        weights = _weights(histograms, training)
        found = {axis: _choose(axis, own, validation, table) for axis in AXES}
        axes = [axis for axis in AXES if "loss" in found[axis]]
        if not axes and weights:
            axes = ["step"]
        # Keras writes histograms once an epoch, whatever the rest counts.
        of_histograms = "epoch" if "epoch" in axes else axes[0] if axes else None
        for axis in axes:
            loss = found[axis].get("loss")
            own_weights = weights if axis == of_histograms else ()
            run = ForeignRun(loss.folder if loss else own_weights[0].folder, axis, found[axis], own_weights)
            runs[name if axis == axes[0] else f"{name} ({axis}s)"] = run
    return runs


def name_of(folder: str) -> tuple[str, str]:
    """The run that a folder belongs to, and what it is of it; see `folder_role`."""
    parts = folder.replace(os.sep, "/").split("/")
    role = folder_role(parts[-1])
    return "/".join(parts if role == "run" else parts[:-1]) or ".", role


def base_name(name: str) -> str:
    """The name of a run without its axis."""
    for axis in AXES:
        name = name.removesuffix(f" ({axis}s)")
    return name


def _series(tags: Tags, folders: Iterable[str]) -> dict[str, ForeignSeries]:
    """All series of some folders by tag; of two with one tag, that of the folder that comes first."""
    found: dict[str, ForeignSeries] = {}
    for folder in folders:
        for tag, state in tags.get(folder, {}).items():
            found.setdefault(tag, ForeignSeries(folder, tag, state))
    return found


def _choose(
    axis: Axis, own: Mapping[str, ForeignSeries], validation: Mapping[str, ForeignSeries], table: TagTable
) -> dict[str, ForeignSeries]:
    """The series of an axis; empty without a loss."""
    chosen: dict[str, ForeignSeries] = {}
    for series, tags in table.names.get(axis, {}).items():
        tag = next((tag for tag in tags if tag in own), None)
        if tag is not None:
            chosen[series] = own[tag]
    if "loss" not in chosen:
        return {}
    for tag in VALIDATION_FOLDER_LOSSES[axis]:
        if tag in validation:
            chosen.setdefault("val_loss", validation[tag])
    return chosen


def _weights(histograms: Tags, folders: Iterable[str]) -> tuple[ForeignSeries, ...]:
    """The histograms of weights and gradients, by the time of their last writing: the order of the network.

    Of several folders, those of the first one that has any. The fast loader lists tags in no order; writers
    go through a model in its order, one after the other.
    """
    for folder in folders:
        found = [
            ForeignSeries(folder, tag, state)
            for tag, state in histograms.get(folder, {}).items()
            if parse_histogram_name(tag) is not None
        ]
        if found:
            return tuple(sorted(found, key=lambda one: (one.state.max_wall_time, one.tag)))
    return ()
