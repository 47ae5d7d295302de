"""Windows out of scores: patience, hysteresis, cooldown, merging, peak and severity, in one place."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import sys
from collections.abc import Sequence

import numpy as np

from tb_stability.target_evidence import Scores, TargetEvidence
from tb_stability.window_rules import Target, WindowRules
from tb_stability.windows import Outcome, Severity, Window

__all__ = ["Target", "WindowBuilder", "WindowRules"]  # all that a detector needs

_MOST_WINDOWS = 64  # of one kind; beyond, the two with the smallest gap become one


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
        return max(open_peak, float(self._evidence.peak.max(initial=0.0))) >= rules.warning_score

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
        if not isinstance(scores, np.ndarray):
            if not self.is_busy and not scores >= 1.0:
                return None
            scores = np.full(len(self.targets), scores)
        abnormal = scores >= 1.0
        any_abnormal = bool(np.count_nonzero(abnormal))
        if not self.is_busy and not any_abnormal:
            return None
        was_open = self._is_open
        changed = False
        if any_abnormal:
            self._evidence.gather(scores, abnormal, onset=self._steps[0], step=step)
            changed = self._open_or_join(step)
        else:
            self._evidence.calm_down(scores)
        if self._is_open:
            self._extend(scores, any_abnormal)
            if was_open and self._quiet_steps >= self.rules.cooldown:
                self._close("recovered")
                changed = True
        self.is_busy = self._is_open or self._evidence.has_onset
        return self._window(self._drafts[-1]) if changed else None

    @property
    def _is_open(self) -> bool:
        return bool(self._drafts) and self._drafts[-1].outcome is None

    def _set_targets(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._forget_onsets()

    def _forget_onsets(self) -> None:
        self._evidence = TargetEvidence(len(self.targets), self.rules)
        self._joined = np.zeros(len(self.targets), dtype=np.bool_)  # those in the open window
        self._quiet_steps = 0
        self.is_busy = False

    def _open_or_join(self, step: int) -> bool:
        """Adds targets with enough evidence to the open window, or to a new one; True where one opened."""
        evidence = self._evidence
        enough = (evidence.total >= self.rules.patience) & (evidence.onset >= 0)
        alarmed = np.flatnonzero(enough & ~self._joined)
        if not len(alarmed):
            return False
        self._joined[alarmed] = True
        opens = not self._is_open
        onset = int(evidence.onset[alarmed].min())
        if opens and not self._continues(onset):
            self._drafts.append(_Draft({}, onset, step, onset, onset, 0.0, 0))
            self._keep_few()
        draft = self._drafts[-1]
        draft.outcome = None
        draft.start_step = min(draft.start_step, onset)
        for index in alarmed:
            draft.members.setdefault(self.targets[index], int(evidence.onset[index]))
        if opens:  # the steps before the alarm were abnormal, too; the newest one is counted by _extend
            draft.abnormal_steps += int(evidence.abnormal_steps[alarmed].max()) - 1
            highest = alarmed[int(np.argmax(evidence.peak[alarmed]))]
            draft.raise_peak(float(evidence.peak[highest]), int(evidence.peak_step[highest]))
        return opens

    def _continues(self, onset: int) -> bool:
        if not self._drafts:
            return False
        last = self._drafts[-1]
        return onset - last.end_step <= max(self.rules.merge, last.end_step - last.start_step)

    def _extend(self, scores: Scores, any_abnormal: bool) -> None:
        draft = self._drafts[-1]
        if any_abnormal:
            draft.raise_peak(float(np.fmax.reduce(scores)), self._steps[-1])
            draft.end_step = self._steps[-1]
            draft.abnormal_steps += 1
            self._quiet_steps = 0
        elif np.count_nonzero(scores < self.rules.release) and not np.count_nonzero(
            scores >= self.rules.release
        ):
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
