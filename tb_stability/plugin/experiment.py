"""TensorBoard's data provider, as far as we read from it, with types.

Everything goes through the provider, so both of TensorBoard's loaders and
remote log directories work. Every call names its tags: without that, the fast
loader would send everything that it has, and it can send 256 MiB at most.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard import errors
from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter, ScalarDatum

from tb_stability.plugin.tensor_claims import claims_checked
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.tags import DOCUMENTS_PLUGIN, SCALARS_PLUGIN

HISTOGRAMS_PLUGIN = "histograms"
"""TensorBoard's own plugin; the legacy histograms of PyTorch arrive under it as well."""

_ALL_SAMPLES = 10**9
"""For the provider, "everything that was kept"; 0 would mean nothing at all."""

_RUNS_AT_ONCE = 50
"""Runs whose reports are read in one request: one can be a megabyte, and an answer has 256 at most."""


@dataclasses.dataclass(frozen=True)
class TagState:
    """How far a tag of a run was written.

    Attributes:
      max_step: Largest step.
      max_wall_time: When it was written last, in seconds since 1970. Also changes where a restarted run goes
        back, or writes one step twice.
      plugin_content: Content of the metadata of its first event.
      last: Step, time and value of the last point; None where not asked for. Where a restarted run goes back,
        and the clock with it, the two above stay as they are on the Python loader, which keeps all points.
    """

    max_step: int
    max_wall_time: float
    plugin_content: bytes
    last: tuple[int, float, str] | None = None


TensorPoint = tuple[int, float, npt.NDArray[np.generic]]

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

    def list_runs(self) -> list[str] | None:
        """TensorBoard's names of all folders with events; None where a damaged one keeps it from telling."""
        with contextlib.suppress(LogFormatError), _damage_said("a log"):
            runs = self.provider.list_runs(self.context, experiment_id=self.experiment_id)
            return [str(run.run_name) for run in runs]
        return None

    def list_tensors(self, plugin: str, tags: Collection[str], runs: Collection[str] | None = None) -> Tags:
        """Lists the given tensor tags of a plugin, in all runs or in the given ones."""
        return _states(
            self._ask(self.provider.list_tensors, plugin, run_tag_filter=RunTagFilter(runs=runs, tags=tags))
        )

    def list_histograms(self, runs: Collection[str] | None = None) -> Tags:
        """Lists all histograms; their names are whatever a user called them."""
        return _states(
            self._ask(self.provider.list_tensors, HISTOGRAMS_PLUGIN, run_tag_filter=RunTagFilter(runs=runs))
        )

    def list_scalars(self, tags: Collection[str], runs: Collection[str] | None = None) -> Tags:
        """Lists the given tags of the scalars plugin, with their last points."""
        wanted = RunTagFilter(runs=runs, tags=tags)
        listed = _states(self._ask(self.provider.list_scalars, SCALARS_PLUGIN, run_tag_filter=wanted))
        last = self._read_last_scalars(listed, wanted) if listed else {}
        return {
            run: {tag: _with_last(state, last.get(run, {}).get(tag)) for tag, state in states.items()}
            for run, states in listed.items()
        }

    def read_tensors(self, plugin: str, run: str, tag: str) -> list[tuple[int, npt.NDArray[np.generic]]]:
        """Reads the points of one tag that were kept, as `(step, array)` in the order of writing.

        Raises:
          LogFormatError: If one of them is no tensor.
        """
        points = self._read_tensors(plugin, run, [tag]).get(tag, [])
        return [(step, array) for step, _, array in points]

    def read_histograms(self, run: str, tags: Collection[str]) -> dict[str, list[TensorPoint]]:
        """Reads the histograms of some tags, as `(step, wall time, array)` in the order of writing.

        Raises:
          LogFormatError: If one of them is no tensor.
        """
        return self._read_tensors(HISTOGRAMS_PLUGIN, run, tags)

    def _ask(self, method: Callable[..., Any], plugin: str, **query: object) -> Any:
        """Calls a method of the provider; refuses tensors that claim more than they have."""
        with claims_checked():
            return method(self.context, experiment_id=self.experiment_id, plugin_name=plugin, **query)

    def _read_last_scalars(
        self, listed: Tags, wanted: RunTagFilter
    ) -> Mapping[str, Mapping[str, ScalarDatum]]:
        """The last points; where a run has a damaged one, none of that run."""
        read = self.provider.read_last_scalars
        with contextlib.suppress(LogFormatError), _damage_said("the scalars"):
            found: Mapping[str, Mapping[str, ScalarDatum]] = self._ask(
                read, SCALARS_PLUGIN, run_tag_filter=wanted
            )
            return found
        last: dict[str, Mapping[str, ScalarDatum]] = {}
        for run in listed:
            only = RunTagFilter(runs=[run], tags=wanted.tags)
            with contextlib.suppress(LogFormatError), _damage_said("the scalars"):
                last |= self._ask(read, SCALARS_PLUGIN, run_tag_filter=only)
        return last

    def _read_tensors(self, plugin: str, run: str, tags: Collection[str]) -> dict[str, list[TensorPoint]]:
        wanted = RunTagFilter(runs=[run], tags=tags)
        with _damage_said(", ".join(sorted(tags)[:3])):
            points = self._ask(
                self.provider.read_tensors, plugin, downsample=_ALL_SAMPLES, run_tag_filter=wanted
            )
        return {
            tag: [(int(datum.step), float(datum.wall_time), datum.numpy) for datum in data]
            for tag, data in points.get(run, {}).items()
        }

    def read_last_documents(self, runs: Sequence[str], tag: str) -> dict[str, bytes]:
        """Reads the last JSON document of one tag of many runs, by run; a damaged one is left out.

        A request for each would take 40 ms, however little it asks the fast loader for.
        """
        found: dict[str, bytes] = {}
        for start in range(0, len(runs), _RUNS_AT_ONCE):
            wanted = RunTagFilter(runs=runs[start : start + _RUNS_AT_ONCE], tags=[tag])
            points: Mapping[str, Mapping[str, Any]] = {}
            with contextlib.suppress(LogFormatError), _damage_said(tag):  # of any of them
                points = self._ask(
                    self.provider.read_tensors,
                    DOCUMENTS_PLUGIN,
                    downsample=1,  # which is the last one
                    run_tag_filter=wanted,
                )
            for run, tags in points.items():
                for datum in tags.get(tag, [])[-1:]:
                    text = datum.numpy.item() if datum.numpy.ndim == 0 else None
                    if isinstance(text, (bytes, str)):
                        found[run] = text.encode() if isinstance(text, str) else text
        return found

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

    def read_scalar_points(self, run: str, tag: str) -> list[tuple[int, tuple[float, float]]]:
        """Reads what was kept of a scalar, as `(step, (wall time, value))` in the order of writing.

        Raises:
          LogFormatError: If one of them is no scalar.
        """
        wanted = RunTagFilter(runs=[run], tags=[tag])
        with _damage_said(tag):
            points = self._ask(
                self.provider.read_scalars, SCALARS_PLUGIN, downsample=_ALL_SAMPLES, run_tag_filter=wanted
            )
        data = points.get(run, {}).get(tag, [])
        return [(int(datum.step), (float(datum.wall_time), float(datum.value))) for datum in data]


@contextlib.contextmanager
def _damage_said(what: str) -> Iterator[None]:
    """Makes a sentence of what a provider raises of a damaged log; it does not document what that can be."""
    try:
        yield
    except errors.PublicError:  # not found, no permission: TensorBoard answers these
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise LogFormatError(f"{what} of the run is damaged and could not be decoded: {reason}") from None


def _states(listing: Mapping[str, Mapping[str, object]]) -> Tags:
    return {run: {tag: _state(series) for tag, series in tags.items()} for run, tags in listing.items()}


def _with_last(state: TagState, point: ScalarDatum | None) -> TagState:
    # The value as text: NaN is not equal to itself, and this is compared.
    last = None if point is None else (int(point.step), float(point.wall_time), repr(point.value))
    return dataclasses.replace(state, last=last)


def _state(series: object) -> TagState:
    max_step = getattr(series, "max_step", None)
    max_wall_time = getattr(series, "max_wall_time", None)
    content = getattr(series, "plugin_content", None)
    return TagState(
        max_step=int(max_step or 0),
        max_wall_time=float(max_wall_time or 0.0),
        plugin_content=content if isinstance(content, bytes) else b"",
    )
