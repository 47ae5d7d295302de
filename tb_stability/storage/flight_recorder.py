"""What is stored of the steps of a run: a little of all, and everything around an alarm.

A stored row stands for one step at first, then for 2, for 4, and so on: the interval
doubles each time that enough rows were stored. The last steps stay in memory as they were
measured; at an alarm they are stored one by one, from before the onset on, and so are the
steps that follow. So a log grows with the logarithm of the number of steps, and what a
detector saw can be drawn.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence

from tb_stability.storage.span import SpanAccumulator, gather_rows
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import PackedStep, Row, exact_row
from tb_stability.summary.steps import MAX_OFFSET, row_bytes
from tb_stability.windows import Window

RING_STEPS = (16, 128)
"""Least and most steps that are kept in memory as they were measured, ..."""

RING_BYTES = 8 << 20
"""... as many as fit into this."""

ROWS_PER_INTERVAL = (32, 512)
"""Least and most rows that are stored before the interval doubles, ..."""

BYTES_PER_INTERVAL = 3 << 20
"""... as many as fit into this."""

STEPS_BEFORE_ONSET = 32
"""Steps that are stored one by one before the onset of a window, where the ring reaches back so far."""

STEPS_AFTER_ALARM = 256
"""Steps that are stored one by one after an alarm, at most."""

STEPS_AFTER_END = 32
"""Steps that are stored one by one after no window is open any more."""

ALARMS_PER_INTERVAL = 5
"""Alarms that are followed up, until the interval doubles: a run that flaps must not fill the disk."""

ALARM_BYTES_PER_INTERVAL = 3 << 19
"""What the single steps around them may take, until the interval doubles; 64 steps in any case."""

_LEAST_ALARM_STEPS = 64
_MOST_INTERVAL = 1 << 20


class FlightRecorder:
    """Turns steps into rows.

    Rows come in the order in which they are to be written. After an alarm they can go back: the single steps
    from before the onset replace the rows that stood for them.

    Args:
      layout: What the columns of the steps stand for.

    Attributes:
      interval: Number of steps that a row stands for at present.
    """

    def __init__(self, layout: RowLayout) -> None:
        self.interval = 1
        self._rows: list[Row] = []
        self._open_kinds: frozenset[str] = frozenset()
        self._exact_left = 0
        self._after_end_left = 0
        self._stored_rows = 0
        self.change_layout(layout)
        self._alarms_left = ALARMS_PER_INTERVAL
        self._steps_left = self._alarm_steps

    def change_layout(self, layout: RowLayout) -> None:
        """Takes steps of another layout from here on. Rows must have been taken before."""
        self._layout = layout
        exact = row_bytes(layout, is_span=False)
        self._ring_steps = _clamp(RING_BYTES // exact, RING_STEPS)
        self._rows_per_interval = _clamp(
            BYTES_PER_INTERVAL // row_bytes(layout, is_span=True), ROWS_PER_INTERVAL
        )
        self._alarm_steps = max(_LEAST_ALARM_STEPS, ALARM_BYTES_PER_INTERVAL // exact)
        self._span = SpanAccumulator(layout)
        self._ring: collections.deque[PackedStep] = collections.deque()
        self._waiting = 0  # the newest steps of the ring, which are in no row yet
        self._exact_since: int | None = None  # first step of the single steps that were stored last

    @property
    def pending_bytes(self) -> int:
        """Size of the rows that `take_rows` would return, without the steps that are in no row yet."""
        spans = sum(row.extremes is not None for row in self._rows)
        exact = len(self._rows) - spans
        layout = self._layout
        return spans * row_bytes(layout, is_span=True) + exact * row_bytes(layout, is_span=False)

    def add(self, step: PackedStep, changed: Sequence[Window] = ()) -> bool:
        """Takes one step.

        Args:
          step: The step, after the one before.
          changed: The windows that opened or closed at it.

        Returns:
          Whether the rows are worth writing at once.
        """
        self._ring.append(step)
        self._waiting += 1
        is_urgent = bool(changed) and self._note(changed)
        if self._exact_left:
            self._store_exactly(self._waiting)
            self._count_down()
        self._trim_ring()
        return is_urgent

    def end_windows(self) -> None:
        """Notes that no window is open any more."""
        self._open_kinds = frozenset()

    def take_rows(self, *, everything: bool) -> list[Row]:
        """Returns the rows since the last time.

        Args:
          everything: Also the newest steps: the row that they are in ends early.
        """
        if everything:
            self._fold(self._waiting)
            self._end_span()
        rows, self._rows = self._rows, []
        return rows

    def _note(self, changed: Sequence[Window]) -> bool:
        """Notes which windows opened or closed; whether one opened that is followed up."""
        onsets = []
        for window in changed:
            if window.end_step is None:
                onsets.append(window.start_step)
                self._open_kinds |= {window.kind}
            else:
                self._open_kinds -= {window.kind}
        return bool(onsets) and self._follow_up(min(onsets))

    def _follow_up(self, onset: int) -> bool:
        """Begins to store single steps, from before `onset` on; whether there is room for that."""
        first = onset - STEPS_BEFORE_ONSET
        is_stored = self._exact_since is not None and first >= self._exact_since
        if self._alarms_left == 0 and not (self._exact_left and is_stored):
            return False
        is_urgent = self._alarms_left > 0
        self._alarms_left = max(0, self._alarms_left - 1)
        count = self._waiting if is_stored else sum(step.step >= first for step in self._ring)
        count = max(0, min(count, self._steps_left))
        self._fold(self._waiting - count)
        self._end_span()
        self._store_exactly(count)
        self._exact_left = min(STEPS_AFTER_ALARM, self._steps_left // 2)
        self._after_end_left = STEPS_AFTER_END
        return is_urgent

    def _count_down(self) -> None:
        self._exact_left -= 1
        self._after_end_left = STEPS_AFTER_END if self._open_kinds else self._after_end_left - 1
        if self._after_end_left <= 0:
            self._exact_left = 0

    def _store_exactly(self, count: int) -> None:
        """Stores the last `count` steps one by one; those of them that were in rows replace these."""
        newest = list(self._ring)[len(self._ring) - count :]
        self._rows += [exact_row(step, self._layout) for step in newest]
        if newest and (self._exact_since is None or newest[0].step < self._exact_since):
            self._exact_since = newest[0].step
        self._steps_left -= len(newest)
        self._waiting = max(0, self._waiting - count)

    def _trim_ring(self) -> None:
        """Turns the oldest steps into rows, some at a time."""
        surplus = len(self._ring) - self._ring_steps
        if surplus * 4 < self._ring_steps:
            return
        self._fold(self._waiting - self._ring_steps)
        for _ in range(surplus):
            self._ring.popleft()

    def _fold(self, count: int) -> None:
        """Turns the oldest `count` of the waiting steps into rows."""
        if count <= 0:
            return
        start = len(self._ring) - self._waiting
        steps = [self._ring[start + i] for i in range(count)]
        self._waiting -= count
        while steps:
            if self.interval == 1:
                if self._exact_since is None:
                    self._exact_since = steps[0].step
                self._store(exact_row(steps[0], self._layout))
                del steps[0]
            elif not self._span.count and len(steps) >= self.interval and _follow(steps):
                self._store_spans(steps)
            else:
                taken = self._fitting(steps)
                self._span.add(steps[:taken])
                del steps[:taken]
                if self._span.count >= self.interval or steps:
                    self._end_span()

    def _store_spans(self, steps: list[PackedStep]) -> None:
        """Takes as many full rows off the front of `steps` as fit before the interval doubles."""
        rows = min(len(steps) // self.interval, self._rows_per_interval - self._stored_rows)
        taken = rows * self.interval
        self._exact_since = None
        for row in gather_rows(steps[:taken], self.interval, self._layout):
            self._store(row)
        del steps[:taken]

    def _fitting(self, steps: Sequence[PackedStep]) -> int:
        """How many of the next steps belong to the open span."""
        first = self._span.first_step if self._span.count else steps[0].step
        room = steps[: self.interval - self._span.count]
        return sum(step.step - first <= MAX_OFFSET for step in room)

    def _end_span(self) -> None:
        if self._span.count:
            self._exact_since = None
            self._store(self._span.take())

    def _store(self, row: Row) -> None:
        self._rows.append(row)
        self._stored_rows += 1
        if self._stored_rows >= self._rows_per_interval:
            self.interval = min(2 * self.interval, _MOST_INTERVAL)
            self._refill()

    def _refill(self) -> None:
        """Each time that the interval doubles, there is room for alarms again."""
        self._stored_rows = 0
        self._alarms_left = ALARMS_PER_INTERVAL
        self._steps_left = self._alarm_steps


def _follow(steps: Sequence[PackedStep]) -> bool:
    """Whether no step is missing in between."""
    return steps[-1].step - steps[0].step == len(steps) - 1


def _clamp(value: int, bounds: tuple[int, int]) -> int:
    return min(max(value, bounds[0]), bounds[1])
