"""The verdict: one status and three sentences out of a run's windows.

`STATUSES` ranks them; the first that holds is the run's status.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tb_stability.advice import EVIDENCE, LASTING, PHRASES, advise, is_cut_off, is_dead, spoken_span
from tb_stability.report import Status, Verdict
from tb_stability.run_facts import RunFacts
from tb_stability.series import NORMALIZATION_VECTORS
from tb_stability.symptom_free import judge_symptom_free
from tb_stability.windows import Window

STATUSES: Mapping[Status, str] = {
    "diverged": "NaN or Inf arose, or the loss gave up its progress, and it has not recovered",
    "unstable": "something is wrong now, or training broke down and recovered",
    "not_learning": "no progress, because gradients vanish or updates are too small",
    "warning": "only symptoms that passed, or that the loss has not suffered from",
    "healthy": "nothing of severity warning or above",
    "unknown": "too few steps, or nothing to judge by",
}
"""Every status with its meaning, worst first."""

PASSED = "Nothing to do now: it has passed. Watch whether it comes back."
"""What to do about a symptom that is over and did no harm."""

_SMALL_GAIN = 0.25  # of the first loss, by which even a network that does not learn may correct its output
_LED_TO_NAN_STEPS = 50  # a breakdown that ended longer ago did not
_LARGEST_FACTOR = 1000.0  # beyond, a number says nothing more


def judge(windows: Sequence[Window], facts: RunFacts) -> Verdict:
    """Returns the verdict of a run."""
    serious = [w for w in windows if w.severity != "info"]
    if not serious:
        return judge_symptom_free(windows, facts)
    status = _status(serious, facts)
    cause = _decisive(serious, status)
    has_passed = status == "warning" and cause.kind in _SLOW and cause.end_step is not None
    return Verdict(
        status=status,
        text=_text(status, cause, serious),
        why=_why(cause, serious, facts),
        next=PASSED if has_passed else advise(cause, windows, facts),
    )


def _status(serious: Sequence[Window], facts: RunFacts) -> Status:
    by_kind = {w.kind: w for w in serious}  # the last window of each kind
    still_bad = facts.loss_excess >= 1.0 or facts.loss_stalled
    for kind in ("non_finite", "loss_divergence"):
        window = by_kind.get(kind)
        if window is not None and (window.end_step is None or still_bad):
            return "diverged"
    if any(w.severity == "critical" or w.end_step is None for w in serious if w.kind not in _SLOW + _MILD):
        return "unstable"
    lasting = [w for w in by_kind.values() if w.end_step is None]
    if any(w.kind in ("update_ratio_low", "loss_plateau") for w in lasting):
        return "not_learning"
    if facts.loss_stalled and any(kind in _SLOW for kind in by_kind):
        return "not_learning"
    if facts.loss_stalled and any(w.kind in _BLOCKING for w in lasting):
        return "not_learning"
    if any(w.kind in _SLOW and not is_cut_off(w) for w in lasting):
        gained = facts.first_loss - facts.recent_loss >= _SMALL_GAIN * abs(facts.first_loss)
        return "unstable" if gained and not facts.loss_stands_still else "not_learning"
    return "unstable" if any(w.severity == "critical" for w in serious) else "warning"


_SLOW = ("vanishing_gradient", "update_ratio_low", "loss_plateau")
_BLOCKING = ("dead_units", "saturated_units")  # a loss that stands still does so because of them
_MILD = (*_BLOCKING, "bn_drift", "generalization_gap")  # may last while the loss falls
_DECISIVE_FIRST: Mapping[Status, tuple[str, ...]] = {
    "diverged": ("bn_statistics_frozen", "non_finite", "loss_divergence"),
    "unstable": (
        *("bn_statistics_frozen", "loss_divergence", "exploding_gradient", "update_ratio_high"),
        *("dead_units", "loss_oscillation"),
    ),
    "not_learning": ("vanishing_gradient", *_BLOCKING, "update_ratio_low", "loss_plateau"),
}


def _decisive(serious: Sequence[Window], status: Status) -> Window:
    """The window to speak of: the kind that says most about the cause, else the first to start."""
    for kind in _DECISIVE_FIRST.get(status, ()):
        of_kind = [w for w in serious if w.kind == kind]
        if of_kind:
            window = next((w for w in of_kind if w.end_step is None), of_kind[0])
            return _led_to_nan(window, serious) or window if kind == "non_finite" else window
    return min((w for w in serious if w.end_step is None), default=serious[0], key=lambda w: w.start_step)


def _led_to_nan(nan: Window, serious: Sequence[Window]) -> Window | None:
    """The breakdown that was going on when a value became NaN, if there was one."""
    for kind in ("loss_divergence", "exploding_gradient", "update_ratio_high"):
        for window in serious:
            end = math.inf if window.end_step is None else window.end_step
            if (
                window.kind == kind
                and window.start_step < nan.start_step
                and end >= nan.start_step - _LED_TO_NAN_STEPS
            ):
                return window
    return None


_OPENINGS: Mapping[Status, str] = {
    "diverged": "Training diverged",
    "unstable": "Training is unstable",
    "not_learning": "The model is not learning",
    "warning": "Training is mostly fine",
}
_BUT = "The loss falls, but something is wrong"  # of a warning that is not over


def _text(status: Status, window: Window, serious: Sequence[Window]) -> str:
    dead = is_dead(window)
    phrase = PHRASES.get(window.kind, window.kind.replace("_", " "))
    if dead or is_cut_off(window):
        phrase = "no gradient reached any kernel" if dead else "no gradient arrives"
    opening = _BUT if status == "warning" and window.end_step is None else _OPENINGS[status]
    where = f" in layer {window.layer}" if window.layer and not dead else ""
    more = len(window.layers) - 1
    others = f" and {more} more" if where and more > 0 else ""
    nan = next((w for w in serious if w.kind == "non_finite" and w.start_step > window.start_step), None)
    ending = ""
    if nan is not None and _led_to_nan(nan, serious) == window:
        ending = f", and ended in NaN at step {nan.start_step}"
    return f"{opening}: {phrase}{where}{others} {spoken_span(window)}{ending}."


_SPOKEN: Mapping[str, str] = {
    "loss": "the loss",
    "grad_norm": "the gradient norm",
    "weight_norm": "the weight norm",
    "update_norm": "the update",
    **{
        f"{vector}_change": f"the change of {vector.replace('_', ' ')} in a step"
        for vector in NORMALIZATION_VECTORS
    },
}


def _why(window: Window, windows: Sequence[Window], facts: RunFacts) -> str:
    template = EVIDENCE.get(window.kind, "{series} was {score} times its healthy limit")
    if is_dead(window):
        template = "the gradient of every kernel was exactly 0"
    elif is_cut_off(window):
        template = "the gradient of {layers} was exactly 0, and other layers had one"
    elif window.kind == "exploding_gradient" and window.start_step == 0:
        template = (
            "{series} was {score} times beyond its limit, and had been too large from the first step on"
        )
    measure, _, of = window.series.partition("/")
    spoken = _SPOKEN.get(measure, measure.replace("_", " ")) + (f" of {of}" if of else "")
    evidence = template.format(
        series=spoken,
        score=f"{window.peak_score:.3g}" if window.peak_score < _LARGEST_FACTOR else "more than 1000",
        decades=f"{3 * window.peak_score:.2g}",
        tenfold=f"{10.0 ** min(window.peak_score, 3.0):.2g}",
        layers=window.layer if len(window.layers) == 1 else f"{len(window.layers)} layers",
    )
    still = window.kind in LASTING or is_dead(window) or is_cut_off(window)
    when = f"From step {window.start_step} on" if still else f"At step {window.peak_step}"
    return f"{when}, {evidence}{_loss_so_far(windows, facts)}."


def _loss_so_far(windows: Sequence[Window], facts: RunFacts) -> str:
    """What became of the loss, as the end of a sentence; empty where it was never finite."""
    if not math.isfinite(facts.first_loss):
        return ""
    # The best is a smoothed level, and may lie above a lucky first batch.
    first, best = facts.first_loss, min(facts.first_loss, facts.best_loss)
    end = f"is {facts.recent_loss:.3g} now"
    for lost in windows:
        if lost.kind == "non_finite" and lost.series == "loss" and lost.end_step is None:
            end = f"is NaN or infinite since step {lost.start_step}"
    return f"; the loss began at {first:.3g}, was {best:.3g} at its best and {end}"
