"""The one entry of both sides: steps in, windows and the report out.

Online and replay are the same call: `replay` is a loop over `Monitor.update`.
"""

from __future__ import annotations

import array
import dataclasses
import math
from collections.abc import Iterable, Mapping

import numpy as np

from tb_stability.checks import Check
from tb_stability.detectors import DETECTORS
from tb_stability.detectors.non_finite import NonFinite
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.report import RunReport, Steps
from tb_stability.run_facts import RunFacts
from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.stats.learning_rates import LearningRates
from tb_stability.verdict import judge
from tb_stability.window_builder import WindowBuilder
from tb_stability.windows import Outcome, Window

_FLOAT32 = np.dtype(np.float32)


class Monitor:
    """Watches one run.

    Memory is bounded whatever the number of steps.

    Args:
      layout: What the numbers of a step stand for.

    Example:
      >>> monitor = Monitor()
      >>> for step, loss in enumerate([2.3, 2.2, math.nan]):
      ...     changed = monitor.update(step, StepValues({"loss": loss}))
      >>> [(w.kind, w.start_step, w.severity) for w in monitor.windows]
      [('non_finite', 2, 'critical')]
    """

    def __init__(self, layout: Layout = Layout()) -> None:  # noqa: B008 (a frozen value)
        self._layout = layout
        self._loss = RunLoss(layout)
        self._detectors = tuple(make(layout, self._loss) for make in DETECTORS)
        self._builders = tuple(WindowBuilder(d.kind, d.targets, d.rules) for d in self._detectors)
        self._watch()
        self._learning_rate = math.nan
        self._learning_rates = LearningRates()
        self._replaced_step: int | None = None
        self._first_step: int | None = None
        self._last_step: int | None = None
        self._observed = 0
        self._has_ended = False

    def update(self, step: int, values: StepValues) -> list[Window]:
        """Takes the measurements of one step.

        Values are rounded to float32 first, which is what a log keeps.

        Args:
          step: Optimizer update, greater than the one before.
          values: Measurements of the step, in the shapes of the layout.

        Returns:
          The windows that alarmed or closed at this step, usually none.

        Raises:
          ValueError: If the step does not increase or an array does not fit the
            layout; the step is then ignored.
          Exception: What a detector raised, after all others took the step.
        """
        if self._last_step is not None and step <= self._last_step:
            raise ValueError(
                f"steps must increase: got step {step} after step {self._last_step}. "
                "After a restart from a checkpoint, start a new Monitor."
            )
        values = self._as_logged(values)
        self._last_step = step
        self._has_ended = False
        if self._first_step is None:
            self._first_step = step
        self._observed += 1
        with np.errstate(all="ignore"):  # NaN and Inf are data
            return self._judge(step, values)

    def _judge(self, step: int, values: StepValues) -> list[Window]:
        self._loss.update(values)
        if self._replaced_step is None and self._loss.weights_replaced:
            self._replaced_step = step
        self._learning_rate = values.scalars.get("learning_rate", self._learning_rate)
        self._learning_rates.update(step, self._learning_rate)

        changed: list[Window] = []
        fault: Exception | None = None
        is_thinned = not (values.variables or values.normalizations or values.activations)
        for detector, builder, reads in self._watching_scalars if is_thinned else self._watching:
            if reads != "scalars" and not getattr(values, reads):
                continue
            try:
                window = builder.update(step, detector.update(values))
            except Exception as error:  # one broken detector must not blind the others
                fault = fault or error
            else:
                if window is not None:
                    changed.append(window)
        if fault is not None:
            raise fault
        return changed

    def change_layout(self, layout: Layout) -> None:
        """Goes on with other variables, as after a re-compile or when layers are unfrozen.

        Detectors of layers start anew; what is known of the loss, and all windows
        so far, stay. A window that was open on layers ends.
        """
        if layout == self._layout:
            return
        self._layout = layout
        self._loss.change_layout(layout)
        for detector, builder in zip(self._detectors, self._builders, strict=True):
            detector.change_layout(layout)
            if tuple(detector.targets) != builder.targets:
                builder.change_targets(detector.targets)
        self._watch()

    def end(self) -> None:
        """Notes that the run ended: windows that are open now say so. Another step takes it back."""
        self._has_ended = True

    @property
    def is_uneasy(self) -> bool:
        """Whether anything looks abnormal: a warning is open, or may be about to open."""
        return any(builder.is_uneasy for builder in self._builders)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows that alarmed, open ones included, by `start_step`."""
        windows = [window for builder in self._builders for window in builder.windows]
        is_finite = not any(
            w.kind == NonFinite.kind and w.end_step is None and w.severity != "info" for w in windows
        )
        for i, window in enumerate(windows):
            if window.end_step is None:
                windows[i] = dataclasses.replace(window, outcome=self._outcome(window.kind, is_finite))
        return tuple(sorted(windows, key=lambda window: window.start_step))

    def report(self, *, recorded: int = 0) -> RunReport:
        """Returns everything that is known of the run so far.

        Args:
          recorded: Number of steps whose values are kept in the log.
        """
        windows = self.windows
        return RunReport(
            steps=Steps(self._first_step, self._last_step, self._observed, recorded),
            windows=windows,
            verdict=judge(windows, self._facts()),
            checks=tuple(
                self._check(detector.kind, detector.missing, detector.warmup) for detector in self._detectors
            ),
        )

    def _outcome(self, kind: str, is_finite: bool) -> Outcome | None:
        """What became of an open window; `non_finite` is where the others lead, not itself."""
        if not is_finite and kind != NonFinite.kind:
            return "non_finite"
        return "run_ended" if self._has_ended else None

    def _watch(self) -> None:
        """Shows steps only to detectors that have something to look at."""
        self._watching = tuple(
            (detector, builder, detector.reads)
            for detector, builder in zip(self._detectors, self._builders, strict=True)
            if detector.targets
        )
        self._watching_scalars = tuple(one for one in self._watching if one[2] == "scalars")

    def _facts(self) -> RunFacts:
        progress = self._loss.progress
        return RunFacts(
            observed=self._observed,
            last_step=self._last_step,
            measured=any(not detector.missing for detector in self._detectors),
            first_loss=progress.first,
            best_loss=progress.best,
            recent_loss=progress.recent,
            loss_stalled=progress.stalled,
            loss_stands_still=progress.stands_still,
            loss_has_gained=progress.has_gained,
            loss_excess=progress.excess(progress.recent),
            learning_rate=self._learning_rate,
            learning_rates=self._learning_rates,
            replaced_step=self._replaced_step,
        )

    def _check(self, kind: str, missing: str, warmup: int) -> Check:
        if not self._observed:
            missing = "no steps were seen"
        elif not missing and self._observed < warmup:
            missing = f"fewer than {warmup} steps were seen"
        return Check(kind, "skipped" if missing else "ran", missing)

    def _as_logged(self, values: StepValues) -> StepValues:
        # As float32, beyond which a value is Inf, and that is data. Not numpy's: this runs at every step.
        scalars = dict(zip(values.scalars, array.array("f", values.scalars.values()), strict=True))
        if not values.variables and not values.normalizations and not values.activations:
            return StepValues(scalars)
        layout = self._layout
        return StepValues(
            scalars,
            _checked(values.variables, len(layout.variables), "variables"),
            _checked(values.normalizations, len(layout.normalizations), "normalizations"),
            _checked(values.activations, len(layout.activations), "activations"),
        )


def replay(steps: Iterable[tuple[int, StepValues]], layout: Layout = Layout()) -> Monitor:  # noqa: B008
    """Returns a monitor that has seen `steps`, as if it had been there."""
    monitor = Monitor(layout)
    for step, values in steps:
        monitor.update(step, values)
    return monitor


def _checked(values: Mapping[str, FloatArray], size: int, group: str) -> Mapping[str, FloatArray]:
    """Returns the measures of a group as float32: the very same ones where they are that already."""
    shape = (size,)
    for value in values.values():  # at every step, so in a hurry
        if value.shape != shape or value.dtype is not _FLOAT32:
            return {m: _as_float32(m, v, size, group) for m, v in values.items()}
    return values


def _as_float32(measure: str, value: FloatArray, size: int, group: str) -> FloatArray:
    if value.shape != (size,):
        raise ValueError(
            f"values.{group}[{measure!r}] must have one entry for each of the layout's {size} {group}: "
            f"got shape {value.shape}. If the model changed, call change_layout() first."
        )
    with np.errstate(over="ignore"):
        return value.astype(np.float32)
