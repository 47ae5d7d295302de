"""Records one run: the steps go through the monitor, and with its report into the log.

Framework-free: what was measured comes in as `StepValues`, the log goes out through an
`EventFileWriter`. Whatever goes wrong in here, training goes on: the first fault of each
kind is a warning, and what still works keeps working.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

from tb_stability.diagnosis import with_diagnoses
from tb_stability.diagnosis.run_history import RunHistory
from tb_stability.final_level import FinalLevel
from tb_stability.model_facts import ModelFacts
from tb_stability.monitor import Monitor
from tb_stability.report import Cost, Diagnosis, RunReport, TensorRange, Verdict
from tb_stability.series import Layout, StepValues
from tb_stability.storage.pace import Pace
from tb_stability.storage.run_store import RunStore
from tb_stability.summary.report import State
from tb_stability.windows import Window
from tb_stability.writers.event_file import EventFileWriter


class Recorder:
    """The monitor and the log of one run.

    Attributes:
      next_step: The step after the last one recorded; 0 for a new run.
      cost: What recording costs, for the report; set by who measures it.
      first_batch: The tensors of the first batch, for the report; likewise.
      model: What is known of the model, for the report; likewise.
      first_weights: Root mean square of each variable before its first update, by name; empty before it.
      stop_step: Step at which `on_alarm` asked the training to stop, for the report; likewise.
    """

    def __init__(
        self, open_writer: Callable[[], EventFileWriter], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepares a run; opens nothing yet.

        Args:
          open_writer: Makes a new event file. Called when the first step is written, and again where a run
            goes on after `close`.
          clock: Seconds that never go back; says when to write.
        """
        self.next_step = 0
        self.cost: Cost | None = None
        self.first_batch: tuple[TensorRange, ...] = ()
        self.model: ModelFacts | None = None
        self.stop_step: int | None = None
        self._monitor = Monitor()
        self._history = RunHistory()
        self._final_level = FinalLevel()
        self._layout = Layout()
        self.first_weights: dict[str, float] = {}
        self._store = RunStore(open_writer)
        self._clock = clock
        self._pace: Pace | None = None
        self._is_report_stale = False
        self._faults: set[str] = set()

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows so far, open ones included, by `start_step`."""
        return self._monitor.windows

    @property
    def is_uneasy(self) -> bool:
        """Whether anything looks abnormal, see `Monitor.is_uneasy`."""
        return self._monitor.is_uneasy

    @property
    def verdict(self) -> Verdict:
        """The answer so far."""
        return self._report().verdict

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Causes of the windows so far, surest first; empty where nothing is wrong or none can be told."""
        return self._report().diagnoses

    def record(self, values: Sequence[StepValues], layout: Layout, *, first_step: int) -> None:
        """Takes consecutive steps.

        Args:
          values: The measurements of each step.
          layout: What they describe. A new one starts new columns in the log.
          first_step: Step of the first of them; not before `next_step`.
        """
        if not values:
            return
        if self._pace is None:
            self._pace = Pace(self._clock())
        self._follow(layout, values)
        is_urgent = False
        for step, value in enumerate(values, first_step):
            # No `with self._harmless(...)` here: this runs at every step.
            changed: list[Window] = []
            try:
                changed = self._monitor.update(step, value)
                self._is_report_stale |= bool(changed)
            except Exception as error:
                self._warn_of("judge a step", error)
            try:
                alarmed = bool(changed) and any(w.end_step is None for w in changed)
                self._history.update(step, value, alarmed=alarmed)
                self._final_level.update(value)
            except Exception as error:
                self._warn_of("remember a step", error)
            if value.variables and not self.first_weights and "weight_norm" in value.variables:
                self._note_weights(layout, value)
            try:
                is_urgent |= self._store.add(step, value, changed)
            except Exception as error:
                self._warn_of("store a step", error)
        self.next_step = first_step + len(values)
        now = self._clock()
        if is_urgent or self._pace.is_flush_due(now):
            if is_urgent or self._pace.is_report_due(now, changed=self._is_report_stale):
                self.flush()
            else:
                self._write_rows(with_report=False)
        elif self._is_report_stale and self._pace.is_report_due(now, changed=True):
            self._pace.reported(now)
            self._write_report("running")
        elif self._store.is_block_full:
            with self._harmless("write the log"):
                self._store.write(everything=False)

    def flush(self, *, state: State = "running") -> None:
        """Writes everything seen so far, and the report of it, and hands it to the operating system."""
        if state == "ended":
            self._monitor.end()
        self._write_rows(with_report=True)
        self._write_report(state)

    def close(self, *, state: State = "ended") -> None:
        """Writes the rest and closes the file. Does nothing where nothing was recorded since.

        Args:
          state: `ended` where training came to its end, `running` where it was cut off.
        """
        self.flush(state=state)
        with self._harmless("close the log"):
            self._store.close()

    def _note_weights(self, layout: Layout, values: StepValues) -> None:
        """Remembers the root mean square of each variable before its first update."""
        norms = values.variables["weight_norm"]
        for variable, norm in zip(layout.variables, norms, strict=True):
            self.first_weights[variable.name] = float(norm) / math.sqrt(variable.size)

    def _follow(self, layout: Layout, values: Sequence[StepValues]) -> None:
        """Changes the columns where these steps have others."""
        scalars: dict[str, object] = {}  # for their names, in order
        for value in values:
            scalars.update(value.scalars)
        if not self._store.lacks(layout, scalars):
            return
        with self._harmless("write the log"):
            self._store.write()
        if layout != self._layout:
            self._layout = layout
            with self._harmless("follow the new variables"):
                self._monitor.change_layout(layout)
            with self._harmless("remember the new variables"):
                self._history.change_layout(layout)
            self._store.end_windows()
        with self._harmless("store all scalars"):
            self._store.change_columns(layout, scalars)

    def _write_rows(self, *, with_report: bool) -> None:
        """Writes the steps so far; the report of them follows, or is not due yet."""
        if self._pace is not None:
            self._pace.flushed(self._clock(), with_report=with_report)
        with self._harmless("write the log"):
            self._store.write()
            if not with_report:
                self._store.flush()

    def _write_report(self, state: State) -> None:
        self._is_report_stale = False
        with self._harmless("write the log"):
            self._store.write_report(max(0, self.next_step - 1), self._report(), state=state)

    def _report(self) -> RunReport:
        report = dataclasses.replace(
            self._monitor.report(recorded=self._store.recorded),
            cost=self.cost,
            first_batch=self.first_batch,
            model=self.model,
            final=self._final_level.final,
            stop_step=self.stop_step,
        )
        with self._harmless("diagnose"):
            report = with_diagnoses(report, self._history.observed)
        if self.stop_step is None:
            return report
        text = f"{report.verdict.text} on_alarm asked it to stop at step {self.stop_step}."
        return dataclasses.replace(report, verdict=dataclasses.replace(report.verdict, text=text))

    @contextlib.contextmanager
    def _harmless(self, what: str) -> Iterator[None]:
        """Turns an error into one warning a kind of work."""
        try:
            yield
        except Exception as error:
            self._warn_of(what, error)

    def _warn_of(self, what: str, error: Exception) -> None:
        if what not in self._faults:
            self._faults.add(what)
            warnings.warn(
                f"Stability could not {what}; training goes on. {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=3,
            )
