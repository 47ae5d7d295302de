"""TensorBoard's data provider, as far as we read from it, with types.

Everything goes through the provider, so both of TensorBoard's loaders and
remote log directories work. Every call names its tags: without that, the fast
loader would send everything that it has, and it can send 256 MiB at most.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter

from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN

_ALL_SAMPLES = 10**9
"""For the provider, "everything that was kept"; 0 would mean nothing at all."""


@dataclasses.dataclass(frozen=True)
class TagState:
    """How far a tag of a run was written.

    Attributes:
      max_step: Largest step.
      max_wall_time: When it was written last, in seconds since 1970. Also changes where a restarted run goes
        back, or writes one step twice.
      plugin_content: Content of the metadata of its first event.
    """

    max_step: int
    max_wall_time: float
    plugin_content: bytes


Tags = Mapping[str, Mapping[str, TagState]]
"""By run, then by tag. Runs in TensorBoard's names, such as `exp1/stability`."""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What one request may read.

    Attributes:
      provider: The data provider.
      experiment_id: The experiment of the request; empty in a local TensorBoard.
      context: The request's context, which carries authentication.
    """

    provider: DataProvider
    experiment_id: str = ""
    context: RequestContext = dataclasses.field(default_factory=RequestContext)

    @property
    def logdir(self) -> str:
        """Where the data is, for display."""
        return str(
            self.provider.experiment_metadata(self.context, experiment_id=self.experiment_id).data_location
        )

    def list_tensors(self, plugin: str, tags: Collection[str], runs: Collection[str] | None = None) -> Tags:
        """Lists the given tensor tags of a plugin, in all runs or in the given ones."""
        return _states(
            self.provider.list_tensors(
                self.context,
                experiment_id=self.experiment_id,
                plugin_name=plugin,
                run_tag_filter=RunTagFilter(runs=runs, tags=tags),
            )
        )

    def list_scalars(self, tags: Collection[str], runs: Collection[str] | None = None) -> Tags:
        """Lists the given tags of the scalars plugin."""
        return _states(
            self.provider.list_scalars(
                self.context,
                experiment_id=self.experiment_id,
                plugin_name=SCALARS_PLUGIN,
                run_tag_filter=RunTagFilter(runs=runs, tags=tags),
            )
        )

    def read_tensors(self, plugin: str, run: str, tag: str) -> list[tuple[int, npt.NDArray[np.generic]]]:
        """Reads the points of one tag that were kept, as `(step, array)` in the order of writing.

        Raises:
          LogFormatError: If one of them is no tensor.
        """
        try:
            points = self.provider.read_tensors(
                self.context,
                experiment_id=self.experiment_id,
                plugin_name=plugin,
                downsample=_ALL_SAMPLES,
                run_tag_filter=RunTagFilter(runs=[run], tags=[tag]),
            )
        except (TypeError, ValueError) as error:  # of the conversion to numpy
            raise LogFormatError(f"{tag} of the run is damaged and could not be decoded: {error}") from None
        return [(int(datum.step), datum.numpy) for datum in points.get(run, {}).get(tag, [])]

    def read_documents(self, run: str, tag: str) -> list[tuple[int, bytes]]:
        """Reads the JSON documents of one tag that were kept, as `(step, text)` in the order of writing.

        Raises:
          LogFormatError: If one of them is no text.
        """
        documents = []
        for step, array in self.read_tensors(DOCUMENTS_PLUGIN, run, tag):
            text = array.item() if array.ndim == 0 else None
            if not isinstance(text, (bytes, str)):
                raise LogFormatError(f"{tag} of the run is damaged: it should be one text.")
            documents.append((step, text.encode() if isinstance(text, str) else text))
        return documents

    def read_scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """Reads the points of one scalar tag that were kept, as `(step, value)` in the order of writing."""
        points = self.provider.read_scalars(
            self.context,
            experiment_id=self.experiment_id,
            plugin_name=SCALARS_PLUGIN,
            downsample=_ALL_SAMPLES,
            run_tag_filter=RunTagFilter(runs=[run], tags=[tag]),
        )
        return [(int(datum.step), float(datum.value)) for datum in points.get(run, {}).get(tag, [])]


def _states(listing: Mapping[str, Mapping[str, object]]) -> Tags:
    return {run: {tag: _state(series) for tag, series in tags.items()} for run, tags in listing.items()}


def _state(series: object) -> TagState:
    max_step = getattr(series, "max_step", None)
    max_wall_time = getattr(series, "max_wall_time", None)
    content = getattr(series, "plugin_content", None)
    return TagState(
        max_step=int(max_step or 0),
        max_wall_time=float(max_wall_time or 0.0),
        plugin_content=content if isinstance(content, bytes) else b"",
    )
