"""The log of one run: takes steps, and writes what is to be stored of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.report import RunReport
from tb_stability.series import ACTIVATION_MEASURES, HISTOGRAM_BINS, SCALARS, FloatArray, Layout, StepValues
from tb_stability.storage.flight_recorder import FlightRecorder
from tb_stability.storage.headlines import headline_interval, headline_values
from tb_stability.storage.sampling import SampleKeeper
from tb_stability.summary.layout import MAX_SCALARS, RowLayout
from tb_stability.summary.report import State
from tb_stability.summary.row import pack_step
from tb_stability.windows import Window
from tb_stability.writers.event_file import MAX_BLOCK_BYTES, EventFileWriter
from tb_stability.writers.reserved_room import ReservedRoom

HISTOGRAMS_PER_INTERVAL = (4, 16)
"""Least and most histograms that are stored before the interval doubles, ..."""

HISTOGRAM_BYTES_PER_INTERVAL = 640 << 10
"""... as many as fit into this."""

ACTIVATIONS_PER_INTERVAL = 40
"""Samples of the activations that are stored before the interval doubles."""


class RunStore:
    """What is stored of one run. Opens no file before something is written.

    Every step goes through, in order; what is stored of it, and as what, is decided in `FlightRecorder` and
    `SampleKeeper`. Errors of the writer are raised; what could not be written is then lost, and a new file is
    opened at the next writing: the old one may end in the middle of a record, behind which nothing is read.

    Args:
      open_writer: Makes a new event file. Called at the first writing, and again after `close` or an error.

    Attributes:
      recorded: Number of steps that the rows stand for that were written when all were.
    """

    def __init__(self, open_writer: Callable[[], EventFileWriter]) -> None:
        self._open_writer = open_writer
        self._room = ReservedRoom(open_writer)
        self._writer: EventFileWriter | None = None
        self._columns = RowLayout(layout=Layout(), scalars=tuple(SCALARS))
        self._left_out: set[str] = set()
        self._is_layout_written = False
        self._rows = FlightRecorder(self._columns)
        self._histograms: SampleKeeper[npt.NDArray[np.uint16]] = SampleKeeper(HISTOGRAMS_PER_INTERVAL[1])
        self._activations: SampleKeeper[FloatArray] = SampleKeeper(ACTIVATIONS_PER_INTERVAL)
        self._headlines: list[tuple[int, dict[str, float]]] = []
        self._taken = 0
        self._lost = 0
        self._unflushed = 0
        self._has_failed = False
        self.recorded = 0

    @property
    def is_block_full(self) -> bool:
        """Whether there are rows enough for a block that cannot grow any more."""
        return self._rows.pending_bytes >= MAX_BLOCK_BYTES

    def lacks(self, layout: Layout, scalars: Iterable[str]) -> bool:
        """Whether steps like these have other columns than those so far; see `change_columns`."""
        return layout != self._columns.layout or bool(self._new_scalars(scalars))

    def change_columns(self, layout: Layout, scalars: Iterable[str]) -> None:
        """Takes other columns from here on; `write` must have been called before.

        Raises:
          ValueError: If there is no column left for a scalar; it is not stored, and all else is.
        """
        known, added = self._columns.scalars, self._new_scalars(scalars)
        room = MAX_SCALARS - len(known)
        self._columns = RowLayout(layout=layout, scalars=(*known, *added[:room]))
        self._is_layout_written = False
        self._rows.change_layout(self._columns)
        size = 2 * HISTOGRAM_BINS * max(1, len(layout.variables))
        least, most = HISTOGRAMS_PER_INTERVAL
        self._histograms.change_size(min(max(HISTOGRAM_BYTES_PER_INTERVAL // size, least), most))
        self._activations.change_size(ACTIVATIONS_PER_INTERVAL)
        if added[room:]:
            self._left_out.update(added[room:])
            raise ValueError(f"a run has at most {MAX_SCALARS} scalars: {', '.join(added[room:])} left out.")

    def add(self, step: int, values: StepValues, changed: Sequence[Window]) -> bool:
        """Takes one step.

        Args:
          step: The step, after the one before.
          values: Its measurements, in the shapes of the layout.
          changed: The windows that opened or closed at it.

        Returns:
          Whether it should be written at once.

        Raises:
          ValueError: If the values do not fit the layout; the step is then not stored.
        """
        packed = pack_step(step, values, self._columns)
        if values.histograms is not None:
            self._histograms.offer(step, values.histograms.astype(np.uint16))
        if values.activations:
            rows = [values.activations[measure] for measure in ACTIVATION_MEASURES]
            self._activations.offer(step, np.stack(rows).astype(np.float32))
        if step % headline_interval(step) == 0:
            self._headlines.append((step, dict(headline_values(values))))
        self._taken += 1
        is_urgent = self._rows.add(packed, changed)
        if is_urgent:
            self._histograms.on_alarm()
            self._activations.on_alarm()
        return is_urgent

    def end_windows(self) -> None:
        """Notes that no window is open any more."""
        self._rows.end_windows()

    def write(self, *, everything: bool = True) -> None:
        """Writes what is to be stored of the steps so far; it may stay in a buffer.

        Args:
          everything: Also the newest steps, though their row is not full.
        """
        rows = self._rows.take_rows(everything=everything)
        if not rows:
            return
        headlines, self._headlines = self._headlines, []
        histograms, activations = self._histograms.take(), self._activations.take()
        self._unflushed += sum(row.count for row in rows)
        with self._opened() as writer:
            if not self._is_layout_written:
                writer.write_layout(rows[0].first_step, self._columns.layout, self._columns.scalars)
                self._is_layout_written = True
            writer.write_rows(rows, self._columns)
            if everything:
                self.recorded = max(0, self._taken - self._lost)
            for step, values in headlines:
                writer.write_scalars(step, values)
            for step, counts in histograms:
                writer.write_histograms(step, counts)
            for step, measures in activations:
                writer.write_activations(step, measures)

    def flush(self) -> None:
        """Hands everything written to the operating system."""
        if self._writer is not None:
            with self._opened() as writer:
                writer.flush()
                self._unflushed = 0

    def write_report(self, step: int, report: RunReport, *, state: State) -> None:
        """Writes the report and hands everything written to the operating system.

        Does nothing before the first row is written. Where writing fails, as on a full disk, the report alone
        is written, into the room that was held for it; the error is raised all the same.
        """
        if self._writer is None and not self._has_failed:
            return
        try:
            with self._opened() as writer:
                writer.write_report(step, report, state=state)
                writer.flush()
                self._unflushed, self._has_failed = 0, False
        except Exception:
            with contextlib.suppress(Exception):  # it has no room, or it is not the room that is missing
                self._room.write_report(step, report, state=state)
            raise

    def close(self) -> None:
        """Closes the file; a new one is opened where the run goes on."""
        self._room.release()
        self._drop_writer()

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        self._is_layout_written = False
        if writer is not None:
            writer.close()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[EventFileWriter]:
        """The file, opened if it is not. After an error it is left alone."""
        try:
            if self._writer is None:
                self._writer = self._open_writer()
                self._room.hold(self._writer.path)
            yield self._writer
        except Exception:
            self._has_failed = True
            self._lost += self._unflushed  # some of them may have got through
            self._unflushed = 0
            self.recorded = min(self.recorded, max(0, self._taken - self._lost))
            with contextlib.suppress(Exception):  # it cannot write what it has, either
                self._drop_writer()
            raise

    def _new_scalars(self, scalars: Iterable[str]) -> list[str]:
        known = self._columns.scalars
        added = (name for name in scalars if name not in known and name not in self._left_out)
        return list(dict.fromkeys(added))
