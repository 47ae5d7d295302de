"""One run as one TensorBoard event file, without a framework."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from tb_stability.report import RunReport
from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.summary import tags
from tb_stability.summary.layout import RowLayout, dump_layout
from tb_stability.summary.report import State, dump_report
from tb_stability.summary.row import Row, exact_row, pack_step
from tb_stability.summary.steps import MAX_OFFSET, pack_rows, row_bytes
from tb_stability.writers.record_file import OpenRecords, open_local_records
from tb_stability.writers.summaries import array_value, document_value, scalar_value

MAX_BLOCK_BYTES = 512 << 10
"""Size of a block's rows; only a single row may be larger. TensorBoard hands over all blocks of a run at
once, 256 MiB at most, and keeps a sample of them where there are more than 1000."""

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
        try:
            self._records.write(
                Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()
            )
            self._records.flush()
        except Exception:  # a full disk; files with nothing in them would pile up
            with contextlib.suppress(Exception):
                self._records.close()
            with contextlib.suppress(OSError):
                os.remove(self.path)
            raise

    def write_layout(self, step: int, layout: Layout, scalars: tuple[str, ...]) -> None:
        """Says what rows from `step` on stand for; must precede them."""
        text = dump_layout(RowLayout(layout=layout, scalars=scalars, first_step=step))
        self._write(step, [document_value(tags.LAYOUT_TAG, text)])

    def write_steps(
        self, steps: Sequence[int], values: Sequence[StepValues], layout: Layout, scalars: tuple[str, ...]
    ) -> None:
        """Writes steps as they were measured, a row each; see `write_rows`."""
        rows = RowLayout(layout=layout, scalars=scalars)
        packed = (pack_step(step, value, rows) for step, value in zip(steps, values, strict=True))
        self.write_rows([exact_row(step, rows) for step in packed], rows)

    def write_rows(self, rows: Sequence[Row], layout: RowLayout) -> None:
        """Writes rows, in as many blocks as they need.

        `layout` must have what was last given to `write_layout`. A row that begins at or before an earlier
        one replaces that and all that followed.
        """
        for block in _blocks(rows, layout):
            packed = pack_rows(block, layout)
            self._write(block[0].first_step, [array_value(tags.STEPS_TAG, packed)])

    def write_histograms(self, step: int, counts: npt.NDArray[np.uint16]) -> None:
        """Writes the gradient histograms of a step, `[variables, HISTOGRAM_BINS]`."""
        self._write(step, [array_value(tags.HISTOGRAMS_TAG, counts)])

    def write_activations(self, step: int, measures: FloatArray) -> None:
        """Writes what was measured of the activations at a step, `[measures, activations]`."""
        self._write(step, [array_value(tags.ACTIVATIONS_TAG, measures)])

    def write_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes headline series by name (`loss`, see `tags.HEADLINES`), to the tags `stability/loss`, ..."""
        points = [(tags.headline_tag(name), value) for name, value in values.items()]
        self._write(step, [scalar_value(tag, x, is_described=tag in self._described) for tag, x in points])

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


def _blocks(rows: Sequence[Row], layout: RowLayout) -> Iterator[Sequence[Row]]:
    """Cuts rows into blocks: of one kind, in increasing steps, and not too large."""
    start = 0
    for i in range(1, len(rows) + 1):
        first, is_span = rows[start], rows[start].extremes is not None
        if (
            i == len(rows)
            or (rows[i].extremes is not None) is not is_span
            or rows[i].first_step <= rows[i - 1].last_step
            or rows[i].last_step - first.first_step > MAX_OFFSET
            or (i - start + 1) * row_bytes(layout, is_span=is_span) > MAX_BLOCK_BYTES
        ):
            yield rows[start:i]
            start = i
