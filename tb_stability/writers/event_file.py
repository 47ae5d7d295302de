"""One run as one TensorBoard event file, without a framework."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from tb_stability.report import RunReport
from tb_stability.series import Layout, StepValues
from tb_stability.summary import tags
from tb_stability.summary.layout import RowLayout, dump_layout
from tb_stability.summary.report import State, dump_report
from tb_stability.summary.steps import MAX_OFFSET, pack_block
from tb_stability.writers.record_file import OpenRecords, open_local_records
from tb_stability.writers.summaries import block_value, document_value, scalar_value

MAX_BLOCK_BYTES = 96_000
"""Size of a block's rows. An event should stay below about 100 KB; only a single row may be larger."""

_FLOAT_BYTES = 4
_file_numbers = itertools.count()


class EventFileWriter:
    """Writes one run into `<log_dir>/stability`, in the format of `summary/README.md`.

    Nothing is on disk for certain before `flush()`. Not thread-safe: one thread
    writes a run. Errors of the file system (a full disk) are raised as they are.

    Args:
      log_dir: The run's log directory, as it was given to the callback; a
        remote path where `open_records` can write one.
      open_records: Opens the file. The default needs no framework and writes to
        a local disk; `writers/tensorflow.py` has one that is faster.

    Attributes:
      path: The event file, in `<log_dir>/stability`. A new one for every writer:
        a restarted run adds a file.
    """

    def __init__(self, log_dir: str, *, open_records: OpenRecords = open_local_records) -> None:
        # Readers take the files of a directory in the order of their names, so these must sort by time, also
        # where a run is restarted within a second.
        seconds, nanoseconds = divmod(time.time_ns(), 10**9)
        name = (
            f"events.out.tfevents.{seconds:010d}.{nanoseconds:09d}.{next(_file_numbers):04d}."
            f"{socket.gethostname()}.{os.getpid()}.{tags.RUN_DIRECTORY}"
        )
        # A "/" is right on every system, and for gs://.
        self.path = f"{str(log_dir).rstrip('/')}/{tags.RUN_DIRECTORY}/{name}"
        self._records = open_records(self.path)
        self._described: set[str] = set()
        self._records.write(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
        self._records.flush()

    def write_layout(self, step: int, layout: Layout, scalars: tuple[str, ...]) -> None:
        """Says what rows from `step` on stand for; must precede them."""
        text = dump_layout(RowLayout(layout=layout, scalars=scalars, first_step=step))
        self._write(step, [document_value(tags.LAYOUT_TAG, text)])

    def write_steps(
        self, steps: Sequence[int], values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...]
    ) -> None:
        """Writes rows, in as many blocks as they need.

        `layout` and `scalars` must be the ones that were last given to `write_layout`; for the rules see
        `summary.steps.pack_block`.
        """
        columns = RowLayout(layout=layout, scalars=scalars).columns
        for block in _blocks(steps, max(1, MAX_BLOCK_BYTES // (_FLOAT_BYTES * columns))):
            rows = pack_block(steps[block], values[block], layout, scalars)
            self._write(steps[block][0], [block_value(tags.STEPS_TAG, rows)])

    def write_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes headline series by name (`loss`, see `tags.HEADLINES`), to the tags `stability/loss`, ..."""
        self._write(step, [scalar_value(tags.headline_tag(name), value) for name, value in values.items()])

    def write_report(self, step: int, report: RunReport, *, state: State) -> None:
        """Writes all that is known of the run at `step`; `ended` once, when the run is closed in order."""
        self._write(step, [document_value(tags.REPORT_TAG, dump_report(report, state))])

    def flush(self) -> None:
        """Makes everything written so far visible to readers; it then survives the end of this process."""
        self._records.flush()

    def close(self) -> None:
        """Flushes and closes. No call may follow."""
        self._records.close()

    def _write(self, step: int, values: Sequence[Summary.Value]) -> None:
        for value in values:
            if value.tag in self._described:
                value.ClearField("metadata")
            self._described.add(value.tag)
        event = Event(wall_time=time.time(), step=int(step), summary=Summary(value=values))
        self._records.write(event.SerializeToString())


def _blocks(steps: Sequence[int], size: int) -> Iterator[slice]:
    """Cuts steps into slices of at most `size` rows that a block can span."""
    start = 0
    for i in range(1, len(steps) + 1):
        if i == len(steps) or i - start == size or steps[i] - steps[start] > MAX_OFFSET:
            yield slice(start, i)
            start = i
