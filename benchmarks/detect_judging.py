"""What the detectors say of a program, held against what is known of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faults.program import Program, Split, Truth
from faults.recording import Recording, path_of, read

from tb_stability.budget import CLOSE_LOOK_UPDATES, FIRST_UPDATES
from tb_stability.monitor import Monitor
from tb_stability.series import StepValues
from tb_stability.windows import Window

_DRAINED_STEPS = 32
_AUDITED_STEPS = 60
_HARM = 0.25
_SMOOTHED_STEPS = 9
_LEAST_HARM = 1.1
_LEAST_PROGRESS = 0.75


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the detectors said of one program.

    Attributes:
      name, kind, architecture, split, is_healthy: Of the program.
      steps: Number of its steps.
      status: The verdict.
      windows: All windows.
      right: Those of a right symptom that are `warning` or above, by alarm; of a planted fault those that
        alarmed when it was there.
      false_alarms: Of a healthy program, all windows that are `warning` or above; of a planted fault, those
        of them that alarmed before it.
      onset_error: Steps between the planted onset and the start of the first right window, either way; None
        where there is neither.
      delay: Steps from the planted onset to the first alarm of a right window; likewise.
      overlap: Intersection over union of the interval of the fault and the steps of the right windows; 0
        where nothing was found; None where no interval was planted, or its end is not known.
      is_layer_right: Whether the first right window that names a layer names a right one; None where none
        is known or nothing was found.
      doubt: Why the label may be wrong, measured by the losses; empty where nothing speaks against it.
      traceless: Of a fault that no series shows, why.
    """

    name: str
    kind: str
    architecture: str
    split: Split
    is_healthy: bool
    steps: int
    status: str
    windows: tuple[Window, ...]
    right: tuple[Window, ...] = ()
    false_alarms: tuple[Window, ...] = ()
    onset_error: int | None = None
    delay: int | None = None
    overlap: float | None = None
    is_layer_right: bool | None = None
    doubt: str = ""
    traceless: str = ""


def judge(program: Program, cache: Path, *, thinned: int | None = None) -> Outcome:
    """Replays a program through the detectors as they are now; `thinned`: see `replay_thinned`."""
    recording = read(path_of(program.recipe, cache))
    monitor = recording.replay() if thinned is None else replay_thinned(recording, thinned)
    steps = [step for step, _ in recording]
    outcome = Outcome(
        program.name,
        program.kind,
        program.recipe.architecture,
        program.split,
        program.truth is None,
        len(steps),
        monitor.report().verdict.status,
        monitor.windows,
    )
    if program.truth is None:
        alarms = tuple(window for window in monitor.windows if window.severity != "info")
        return dataclasses.replace(outcome, false_alarms=alarms, doubt=_doubt_of_healthy(recording))
    twin_path = None if program.twin is None else path_of(program.twin, cache)
    twin = read(twin_path) if twin_path is not None and twin_path.is_dir() else None
    truth = _as_counted(program.truth, program.recipe.steps - len(steps))
    if truth.heals and twin is not None:
        truth = dataclasses.replace(truth, end=healed_step(recording, twin, truth))
    judged = compare(outcome, truth, steps[-1])
    if truth.heals and twin is None:
        judged = dataclasses.replace(judged, overlap=None)
    return dataclasses.replace(
        judged, doubt=_doubt_of_fault(recording, twin, truth), traceless=truth.traceless
    )


def replay_thinned(recording: Recording, every: int) -> Monitor:
    """Returns a monitor that has seen everything of every n-th step, and of the others the scalars.

    As with a budget (`tb_stability.budget`), the first steps are seen in full, and those after something
    began to look abnormal, which is known when a block of steps was drained. In a log that was thinned, the
    activations of fewer steps are known, and normalization vectors change over the steps between; here these
    are as in a full one.
    """
    monitor = Monitor()
    seen, look_ends, is_uneasy = 0, 0, False
    for segment in recording.segments:
        monitor.change_layout(segment.layout)
        for step, values in segment.steps:
            if seen % _DRAINED_STEPS == 0:
                was_uneasy, is_uneasy = is_uneasy, monitor.is_uneasy
                if is_uneasy and not was_uneasy:
                    look_ends = seen + CLOSE_LOOK_UPDATES
            is_full = seen < FIRST_UPDATES or seen % every == 0 or (is_uneasy and seen < look_ends)
            monitor.update(step, values if is_full else StepValues(values.scalars))
            seen += 1
    monitor.end()
    return monitor


def _as_counted(truth: Truth, skipped: int) -> Truth:
    """The truth in recorded steps: those that loss scaling skipped at the very start are none."""
    return dataclasses.replace(
        truth,
        onset=None if truth.onset is None else truth.onset - skipped,
        end=None if truth.end is None else truth.end - skipped,
    )


def compare(outcome: Outcome, truth: Truth, last_step: int) -> Outcome:
    """Holds the windows of a program with a fault against the truth."""
    alarms = sorted((w for w in outcome.windows if w.severity != "info"), key=lambda w: w.alarm_step)
    onset = -math.inf if truth.onset is None else truth.onset
    right = tuple(window for window in alarms if window.kind in truth.symptoms and window.alarm_step >= onset)
    named = [window for window in right if window.layer is not None]
    outcome = dataclasses.replace(
        outcome,
        right=right,
        false_alarms=tuple(window for window in alarms if window.alarm_step < onset),
        is_layer_right=_is_one_of(named[0], truth.layers) if named and truth.layers else None,
    )
    if truth.onset is None:
        return outcome
    end = last_step if truth.end is None else truth.end
    return dataclasses.replace(
        outcome,
        onset_error=abs(right[0].start_step - truth.onset) if right else None,
        delay=right[0].alarm_step - truth.onset if right else None,
        overlap=_overlap(right, truth.onset, end, last_step),
    )


def healed_step(recording: Recording, twin: Recording, truth: Truth) -> int | None:
    """Returns the last step at which a fault did harm; None where the run never got over it.

    Harm is a loss, its median over `_SMOOTHED_STEPS`, that lies above that of the twin by more than a quarter
    of what the twin learned in the whole run. Both see the same batches.
    """
    own, healthy = _series(recording, "loss"), _series(twin, "loss")
    learned = np.median(healthy[:10]) - np.median(healthy[-30:])
    harmful = np.flatnonzero(~(_smooth(own) - _smooth(healthy) <= _HARM * learned))
    last = max(truth.end or 0, int(harmful[-1]) if len(harmful) else 0)
    return None if last >= len(own) - 1 else last


def _smooth(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = _SMOOTHED_STEPS // 2
    padded = np.pad(losses, half, mode="edge")
    smooth: npt.NDArray[np.float64] = np.median(
        np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED_STEPS), axis=1
    )
    return smooth


def _is_one_of(window: Window, layers: frozenset[str]) -> bool:
    """Whether a layer, or one inside of it, is named."""
    return any(window.layer == layer or str(window.layer).startswith(f"{layer}/") for layer in layers)


def _overlap(windows: Sequence[Window], first: int, last: int, last_step: int) -> float:
    found: set[int] = set()
    for window in windows:
        found.update(
            range(window.start_step, (last_step if window.end_step is None else window.end_step) + 1)
        )
    planted = set(range(first, last + 1))
    return len(found & planted) / len(found | planted)


def _doubt_of_healthy(recording: Recording) -> str:
    losses = _series(recording, "loss")
    before, after = np.median(losses[:10]), np.median(losses[-30:])
    return "" if after < _LEAST_PROGRESS * before else f"its loss went from {before:.3g} to {after:.3g}"


def _doubt_of_fault(recording: Recording, twin: Recording | None, truth: Truth) -> str:
    """Compares losses behind the onset with those of the same training without the fault."""
    if twin is None:
        return ""
    first = truth.onset or 0
    last = first + _AUDITED_STEPS if truth.onset is not None else None
    harms = []
    for name, steps in (("loss", slice(first, last)), ("val_loss", slice(-2, None))):
        own, healthy = _series(recording, name)[steps], _series(twin, name)[steps]
        if len(own) and len(healthy):
            with np.errstate(invalid="ignore", over="ignore"):
                harms.append(float(np.mean(own) / np.mean(healthy)))
    if any(not math.isfinite(harm) or harm >= _LEAST_HARM for harm in harms):
        return ""
    return f"its loss is {max(harms):.2f} times that of its twin"


def _series(recording: Recording, name: str) -> npt.NDArray[np.float64]:
    return np.array([values.scalars[name] for _, values in recording if name in values.scalars])
