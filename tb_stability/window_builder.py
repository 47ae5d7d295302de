"""Windows out of scores: patience, hysteresis, cooldown, merging, peak and severity, in one place."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.windows import Outcome, Severity, Window

Scores = npt.NDArray[np.float64]

_MOST_WINDOWS = 64  # of one kind; beyond, the two with the smallest gap become one


@dataclasses.dataclass(frozen=True)
class Target:
    """What a score speaks of.

    Attributes:
      series: Name of the series, such as `grad_norm/dense/kernel`.
      layer: Path of its layer; None for a series of the whole run.
    """

    series: str
    layer: str | None = None


@dataclasses.dataclass(frozen=True)
class WindowRules:
    """When scores become a window. A score is abnormal from 1 on.

    Attributes:
      patience: Evidence that raises the alarm: the sum of the abnormal scores
        of a target since its onset. Larger is less sensitive.
      most_evidence: The most that one step adds; with `patience` it sets the
        fewest abnormal steps before an alarm.
      grace: Normal steps in a row after which an onset without alarm is forgotten.
      cooldown: Normal steps in a row, of all targets, that close a window.
      release: A score below this is normal; between it and 1 nothing changes.
      merge: A window that starts within this many steps of the end of the last
        one, or within the last one's length, continues it.
      lag: How many observed steps the onset lies before the first abnormal score
        (3 for a score that needs 4 steps in a row).
      warning_steps: Abnormal steps that make a window a warning; before, it is `info`.
      warning_score: A peak that makes it a warning at once.
      critical_score: A peak that makes a warning critical.
    """

    patience: float = 1.0
    most_evidence: float = 1.0
    grace: int = 3
    cooldown: int = 10
    release: float = 0.7
    merge: int = 20
    lag: int = 0
    warning_steps: int = 1
    warning_score: float = math.inf
    critical_score: float = math.inf


@dataclasses.dataclass
class _Draft:
    """A window in the making; fields as in `Window`."""

    members: dict[Target, int]  # onset by target
    start_step: int
    alarm_step: int
    end_step: int
    peak_step: int
    peak_score: float
    abnormal_steps: int
    outcome: Outcome | None = None  # None while it is open

    def raise_peak(self, score: float, step: int) -> None:
        if score > self.peak_score:
            self.peak_score, self.peak_step = score, step


class WindowBuilder:
    """The windows of one kind, from one score a target and step.

    Targets that are abnormal together share one window: the first one to go
    names it, the others join in the order of their onsets. A score that is NaN
    is no evidence: it neither opens nor closes nor interrupts.

    Args:
      kind: Symptom of the windows.
      targets: What the scores speak of, in network order.
      rules: When scores become a window.

    Attributes:
      is_busy: Whether a window is open, or a score was abnormal lately.

    Example:
      >>> builder = WindowBuilder("loss_spike", [Target("loss")], WindowRules(cooldown=2))
      >>> for step, score in enumerate([0.1, 3.0, 0.2, 0.1]):
      ...     changed = builder.update(step, score)
      >>> [(w.start_step, w.end_step, w.peak_score) for w in builder.windows]
      [(1, 1, 3.0)]
    """

    def __init__(self, kind: str, targets: Sequence[Target], rules: WindowRules) -> None:
        self.kind = kind
        self.rules = rules
        self._drafts: list[_Draft] = []
        self._steps: collections.deque[int] = collections.deque(maxlen=rules.lag + 1)
        self.is_busy = False
        self._set_targets(targets)

    @property
    def windows(self) -> tuple[Window, ...]:
        """All windows so far, by `start_step`; the last one may be open."""
        return tuple(self._window(draft) for draft in self._drafts)

    @property
    def is_uneasy(self) -> bool:
        """Whether what is abnormal, or was lately, is or may become a warning."""
        rules = self.rules
        if not self.is_busy or rules.warning_steps < sys.maxsize:
            return self.is_busy
        open_peak = self._drafts[-1].peak_score if self._is_open else 0.0
        return max(open_peak, float(self._peak.max(initial=0.0))) >= rules.warning_score

    def change_targets(self, targets: Sequence[Target]) -> None:
        """Speaks of other targets from the next step on; an open window ends where it was last abnormal."""
        if self._is_open:
            self._close("run_ended")
        self._set_targets(targets)

    def update(self, step: int, scores: float | Scores) -> Window | None:
        """Takes the scores of one step; returns the window that alarmed or closed at it, if any.

        Args:
          step: The step, greater than the one before.
          scores: `[targets]`, or one score that holds for all of them.
        """
        self._steps.append(step)
        if isinstance(scores, (int, float)):
            if not self.is_busy and not scores >= 1.0:
                return None
            scores = np.full(len(self.targets), scores)
        abnormal = scores >= 1.0
        any_abnormal = bool(abnormal.any())
        if not self.is_busy and not any_abnormal:
            return None
        self._gather_evidence(scores, abnormal)
        was_open = self._is_open
        changed = self._open_or_join(step)
        if self._is_open:
            self._extend(scores, any_abnormal)
            if was_open and self._quiet_steps >= self.rules.cooldown:
                self._close("recovered")
                changed = True
        self.is_busy = self._is_open or bool((self._onset >= 0).any())
        return self._window(self._drafts[-1]) if changed else None

    @property
    def _is_open(self) -> bool:
        return bool(self._drafts) and self._drafts[-1].outcome is None

    def _set_targets(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._forget_onsets()

    def _forget_onsets(self) -> None:
        size = len(self.targets)
        self._onset = np.full(size, -1, dtype=np.int64)
        self._evidence: Scores = np.zeros(size)
        self._abnormal_steps = np.zeros(size, dtype=np.int64)
        self._peak: Scores = np.zeros(size)
        self._peak_step = np.zeros(size, dtype=np.int64)
        self._quiet = np.zeros(size, dtype=np.int64)
        self._quiet_steps = 0
        self.is_busy = False

    def _gather_evidence(self, scores: Scores, abnormal: npt.NDArray[np.bool_]) -> None:
        self._onset[abnormal & (self._onset < 0)] = self._steps[0]
        self._evidence[abnormal] += np.minimum(scores[abnormal], self.rules.most_evidence)
        self._abnormal_steps[abnormal] += 1
        higher = scores > self._peak
        self._peak[higher] = scores[higher]
        self._peak_step[higher] = self._steps[-1]
        self._quiet[scores < self.rules.release] += 1
        self._quiet[abnormal] = 0
        forgotten = self._quiet > self.rules.grace
        self._onset[forgotten] = -1
        for gathered in (self._evidence, self._abnormal_steps, self._peak):
            gathered[forgotten] = 0

    def _open_or_join(self, step: int) -> bool:
        """Adds targets with enough evidence to the open window, or to a new one; True where one opened."""
        alarmed = np.flatnonzero((self._evidence >= self.rules.patience) & (self._onset >= 0))
        if not len(alarmed):
            return False
        opens = not self._is_open
        onset = int(self._onset[alarmed].min())
        if opens and not self._continues(onset):
            self._drafts.append(_Draft({}, onset, step, onset, onset, 0.0, 0))
            self._keep_few()
        draft = self._drafts[-1]
        draft.outcome = None
        draft.start_step = min(draft.start_step, onset)
        for index in alarmed:
            draft.members.setdefault(self.targets[index], int(self._onset[index]))
        if opens:  # the steps before the alarm were abnormal, too; the newest one is counted by _extend
            draft.abnormal_steps += int(self._abnormal_steps[alarmed].max()) - 1
            highest = alarmed[int(np.argmax(self._peak[alarmed]))]
            draft.raise_peak(float(self._peak[highest]), int(self._peak_step[highest]))
        return opens

    def _continues(self, onset: int) -> bool:
        if not self._drafts:
            return False
        last = self._drafts[-1]
        return onset - last.end_step <= max(self.rules.merge, last.end_step - last.start_step)

    def _extend(self, scores: Scores, any_abnormal: bool) -> None:
        draft = self._drafts[-1]
        if any_abnormal:
            draft.raise_peak(float(np.nanmax(scores)), self._steps[-1])
            draft.end_step = self._steps[-1]
            draft.abnormal_steps += 1
            self._quiet_steps = 0
        elif not np.isnan(scores).all() and not (scores >= self.rules.release).any():
            self._quiet_steps += 1

    def _close(self, outcome: Outcome) -> None:
        self._drafts[-1].outcome = outcome
        self._forget_onsets()

    def _keep_few(self) -> None:
        """Keeps memory bounded: the two neighbours with the smallest gap become one window."""
        if len(self._drafts) <= _MOST_WINDOWS:
            return
        closed = self._drafts[:-1]
        gaps = [after.start_step - before.end_step for before, after in itertools.pairwise(closed)]
        index = int(np.argmin(gaps))
        first, second = self._drafts[index], self._drafts.pop(index + 1)
        first.members = {**second.members, **first.members}
        first.end_step, first.outcome = second.end_step, second.outcome
        first.abnormal_steps += second.abnormal_steps
        first.raise_peak(second.peak_score, second.peak_step)

    def _window(self, draft: _Draft) -> Window:
        members = sorted(draft.members.items(), key=lambda item: item[1])  # stable: ties in network order
        layers = tuple(dict.fromkeys(target.layer for target, _ in members if target.layer is not None))
        first = members[0][0]
        return Window(
            kind=self.kind,
            series=first.series,
            layer=first.layer,
            layers=layers,
            start_step=draft.start_step,
            alarm_step=draft.alarm_step,
            end_step=None if draft.outcome is None else draft.end_step,
            peak_step=draft.peak_step,
            peak_score=draft.peak_score,
            severity=self._severity(draft),
            outcome=draft.outcome,
        )

    def _severity(self, draft: _Draft) -> Severity:
        rules = self.rules
        if draft.abnormal_steps < rules.warning_steps and draft.peak_score < rules.warning_score:
            return "info"
        return "critical" if draft.peak_score >= rules.critical_score else "warning"
