"""Of the first request for a run: what TensorBoard takes to hand the log over, and what we take then."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorboard_data_server
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter
from tensorboard.data.server_ingester import ServerBinary, SubprocessServerDataIngester
from tensorboard.util.grpc_util import ChannelCredsType

from tb_stability.plugin.answers import answer_heatmap
from tb_stability.plugin.experiment import Experiment
from tb_stability.plugin.loader import SAMPLES_PER_PLUGIN
from tb_stability.plugin.reader import RunReader
from tb_stability.summary.tags import RUN_DIRECTORY, STEPS_PLUGIN, STEPS_TAG

_PAIRS = 7
_ALL_SAMPLES = 10**9
_POLL_SECONDS = 2.0


@contextlib.contextmanager
def open_provider(logdir: Path, load_fast: str) -> Iterator[DataProvider]:
    """TensorBoard's data provider in this process, with the log loaded; `load_fast` as its flag."""
    if load_fast == "false":
        multiplexer = EventMultiplexer(tensor_size_guidance=SAMPLES_PER_PLUGIN)
        multiplexer.AddRunsFromDirectory(str(logdir))
        multiplexer.Reload()
        yield MultiplexerDataProvider(multiplexer, str(logdir))
        return
    binary = ServerBinary(tensorboard_data_server.server_binary(), version=None)
    ingester = SubprocessServerDataIngester(
        server_binary=binary,
        logdir=str(logdir),
        reload_interval=5,
        channel_creds_type=ChannelCredsType.LOCAL,
        samples_per_plugin=SAMPLES_PER_PLUGIN,
    )
    ingester.start()  # its server ends with this process
    _wait_until_loaded(ingester.data_provider)
    yield ingester.data_provider


def share_first_request(provider: DataProvider, run: str, measure: str) -> str:
    """Asks by turns for the bare tensors and, with nothing cached, for a heatmap; a sentence with medians."""

    def hand_over() -> int:
        wanted = RunTagFilter(runs=[f"{run}/{RUN_DIRECTORY}"], tags=[STEPS_TAG])
        found = provider.read_tensors(
            RequestContext(),
            experiment_id="",
            plugin_name=STEPS_PLUGIN,
            downsample=_ALL_SAMPLES,
            run_tag_filter=wanted,
        )
        return sum(datum.numpy.nbytes for tags in found.values() for data in tags.values() for datum in data)

    def answer() -> None:
        answer_heatmap(RunReader(), Experiment(provider), {"run": run, "measure": measure})

    size = hand_over()
    pairs = [(_seconds(hand_over), _seconds(answer)) for _ in range(_PAIRS)]
    wall, processor = (
        [statistics.median(of(pair) for pair in pairs) * 1e3 for of in (_theirs(clock), _ours(clock))]
        for clock in (0, 1)
    )
    return (
        f"{measure} first of all: TensorBoard hands over {size / 1e6:.0f} MB in {wall[0]:.0f} ms "
        f"({processor[0]:.0f} of the processor), we take {wall[1]:.0f} more ({processor[1]:.0f})"
    )


Times = tuple[float, float]
"""Seconds by the wall clock, and of this process on the processor."""


def _theirs(clock: int) -> Callable[[tuple[Times, Times]], float]:
    return lambda pair: pair[0][clock]


def _ours(clock: int) -> Callable[[tuple[Times, Times]], float]:
    return lambda pair: pair[1][clock] - pair[0][clock]


def _seconds(work: Callable[[], object]) -> Times:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def _wait_until_loaded(provider: DataProvider) -> None:
    """Until what there is stays as it is."""
    before: object = None
    while True:
        time.sleep(_POLL_SECONDS)
        now = Experiment(provider).list_tensors(STEPS_PLUGIN, (STEPS_TAG,))
        if now and now == before:
            return
        before = now
