"""Records one run: the steps go through the monitor, and with its report into the log.

Framework-free: what was measured comes in as `StepValues`, the log goes out through an
`EventFileWriter`. Whatever goes wrong in here, training goes on: the first fault of each
kind is a warning, and what still works keeps working.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tb_stability.monitor import Monitor
from tb_stability.report import Verdict
from tb_stability.series import SCALARS, Layout, StepValues
from tb_stability.summary.report import State
from tb_stability.summary.tags import HEADLINES
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter

FLUSH_SECONDS = 3.0
"""Longest time that something seen stays unwritten while steps come in."""

HEADLINE_STEPS = 1000
"""Steps after which the interval between two headline scalars doubles, then after twice as many, ..."""

_BLOCK_BYTES = 64 * 1024
"""A block of rows is written when it has about this size: large enough to be worth an event."""


class Recorder:
    """The monitor and the log of one run.

    Attributes:
      next_step: The step after the last one recorded; 0 for a new run.
    """

    def __init__(self, open_writer: Callable[[], EventFileWriter]) -> None:
        """Prepares a run; opens nothing yet.

        Args:
          open_writer: Makes a new event file. Called at the first step, and again where a run goes on
            after `close`.
        """
        self.next_step = 0
        self._open_writer = open_writer
        self._writer: EventFileWriter | None = None
        self._monitor = Monitor()
        self._layout = Layout()
        self._scalars = tuple(SCALARS)
        self._layout_written = False
        self._steps: list[int] = []
        self._values: list[StepValues] = []
        self._recorded = 0
        self._flushed_at = time.monotonic()
        self._faults: set[str] = set()

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows so far, open ones included, by `start_step`."""
        return self._monitor.windows

    @property
    def verdict(self) -> Verdict:
        """The answer so far."""
        return self._monitor.report(recorded=self._recorded).verdict

    def record(self, values: Sequence[StepValues], layout: Layout, *, first_step: int) -> None:
        """Takes consecutive steps.

        Args:
          values: The measurements of each step.
          layout: What they describe. A new one starts new columns in the log.
          first_step: Step of the first of them; not before `next_step`.
        """
        if not values:
            return
        added = {name: None for value in values for name in value.scalars if name not in self._scalars}
        if layout != self._layout or added:
            self._write_rows()
            if layout != self._layout:
                with self._harmless("follow the new variables"):
                    self._monitor.change_layout(layout)
            self._layout, self._layout_written = layout, False
            self._scalars += tuple(added)
        changed = False
        for step, value in enumerate(values, first_step):
            with self._harmless("judge a step"):
                changed |= bool(self._monitor.update(step, value))
            self._steps.append(step)
            self._values.append(value)
        self.next_step = first_step + len(values)
        if changed or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self.flush()
        elif len(self._steps) * _row_bytes(self._layout) > _BLOCK_BYTES:
            self._write_rows()

    def flush(self, *, state: State = "running") -> None:
        """Writes everything seen so far, and the report of it, and hands it to the operating system."""
        self._flushed_at = time.monotonic()
        self._write_rows()
        if self._writer is None:
            return
        with self._harmless("write the log"):
            report = self._monitor.report(recorded=self._recorded)
            self._writer.write_report(max(0, self.next_step - 1), report, state=state)
            self._writer.flush()

    def close(self, *, state: State = "ended") -> None:
        """Writes the rest and closes the file. Does nothing where nothing was recorded since.

        Args:
          state: `ended` where training came to its end, `running` where it was cut off.
        """
        self.flush(state=state)
        if self._writer is not None:
            with self._harmless("close the log"):
                self._writer.close()
            self._writer = None
            self._layout_written = False

    def _write_rows(self) -> None:
        """Writes the steps that are not in the log yet."""
        if not self._steps:
            return
        steps, self._steps = self._steps, []
        values, self._values = self._values, []
        with self._harmless("write the log"):
            if self._writer is None:
                self._writer = self._open_writer()
            if not self._layout_written:
                self._writer.write_layout(steps[0], self._layout, self._scalars)
                self._layout_written = True
            self._writer.write_steps(steps, values, self._layout, self._scalars)
            self._recorded += len(steps)
            for step, value in zip(steps, values, strict=True):
                if step % _headline_interval(step) == 0:
                    self._writer.write_scalars(step, _headline(value))

    @contextlib.contextmanager
    def _harmless(self, what: str) -> Iterator[None]:
        """Turns an error into one warning a kind of work."""
        try:
            yield
        except Exception as error:
            if what not in self._faults:
                self._faults.add(what)
                warnings.warn(
                    f"Stability could not {what}; training goes on. {type(error).__name__}: {error}",
                    RuntimeWarning,
                    stacklevel=3,
                )


def _headline(values: StepValues) -> Mapping[str, float]:
    """The series that every TensorBoard shows, by tag below `stability/`."""
    headline = {n: x for n, x in values.scalars.items() if n in HEADLINES}
    if values.variables:
        weights, updates = values.variables["weight_norm"], values.variables["update_norm"]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratios = np.where(weights > 0, updates / weights, np.nan)
        if not np.isnan(ratios).all():
            headline["update_ratio_max"] = float(np.nanmax(ratios))
    return headline


def _headline_interval(step: int) -> int:
    """1 below 1000 steps, 2 below 2000, 4 below 4000, ...: some 500 points each time a run doubles."""
    return 1 << max(0, step // HEADLINE_STEPS).bit_length()


def _row_bytes(layout: Layout) -> int:
    """About what one step takes in the log."""
    return 4 * (6 + 5 * len(layout.variables) + 20 * len(layout.normalizations))
