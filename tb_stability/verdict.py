"""The verdict: one status and three sentences out of a run's windows.

`STATUSES` ranks them; the first that holds is the run's status.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from tb_stability.report import Status, Verdict
from tb_stability.windows import Window

STATUSES: Mapping[Status, str] = {
    "diverged": "NaN or Inf arose, or the loss gave up its progress, and it has not recovered",
    "unstable": "something is wrong now, or training broke down and recovered",
    "not_learning": "no progress, because gradients vanish or updates are too small",
    "warning": "only symptoms that passed and did not harm the loss",
    "healthy": "nothing of severity warning or above",
    "unknown": "too few steps, or nothing to judge by",
}
"""Every status with its meaning, worst first."""

FEWEST_STEPS = 10
"""Steps below which a run without a symptom is not yet called healthy."""

_FROM_THE_START = 10  # last step at which weights that never moved are found to stand still


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What the verdict needs beside the windows.

    Attributes:
      observed: Number of steps seen.
      last_step: Last of them; None where there was none.
      measured: Whether any detector had what it needs.
      first_loss, best_loss, recent_loss: First loss, best level and present level; NaN where unknown.
      loss_stalled: Whether the loss is no better than at the start.
      loss_excess: How far it lies above its best; 1 is far. NaN where unknown.
      learning_rate: The last one; NaN where unknown.
      weights_replaced: Whether an update was ever about as large as the weights.
    """

    observed: int
    last_step: int | None
    measured: bool
    first_loss: float = math.nan
    best_loss: float = math.nan
    recent_loss: float = math.nan
    loss_stalled: bool = False
    loss_excess: float = math.nan
    learning_rate: float = math.nan
    weights_replaced: bool = False


def judge(windows: Sequence[Window], facts: RunFacts) -> Verdict:
    """Returns the verdict of a run."""
    serious = [w for w in windows if w.severity != "info"]
    if not serious:
        return _without_symptoms(windows, facts)
    status = _status(serious, facts)
    cause = _decisive(serious, status)
    return Verdict(
        status=status, text=_text(status, cause), why=_why(cause, serious, facts), next=_next(cause, facts)
    )


def _status(serious: Sequence[Window], facts: RunFacts) -> Status:
    by_kind = {w.kind: w for w in serious}  # the last window of each kind
    still_bad = facts.loss_excess >= 1.0 or facts.loss_stalled
    for kind in ("non_finite", "loss_divergence"):
        window = by_kind.get(kind)
        if window is not None and (window.end_step is None or still_bad):
            return "diverged"
    slow = {"vanishing_gradient", "update_ratio_low"}
    if any(w.severity == "critical" or w.end_step is None for w in serious if w.kind not in slow):
        return "unstable"
    stands_still = "update_ratio_low" in by_kind and by_kind["update_ratio_low"].end_step is None
    if stands_still or (slow & by_kind.keys() and facts.loss_stalled):
        return "not_learning"
    return "warning"


_DECISIVE_FIRST: Mapping[Status, tuple[str, ...]] = {
    "diverged": ("bn_statistics_frozen", "non_finite", "loss_divergence"),
    "unstable": ("bn_statistics_frozen", "loss_divergence", "exploding_gradient", "update_ratio_high"),
    "not_learning": ("vanishing_gradient", "update_ratio_low"),
}


def _decisive(serious: Sequence[Window], status: Status) -> Window:
    """The window to speak of: the kind that says most about the cause, else the first to start."""
    for kind in _DECISIVE_FIRST.get(status, ()):
        for window in serious:
            if window.kind == kind:
                return window
    return min(serious, key=lambda w: w.start_step)


_PHRASES: Mapping[str, str] = {
    "non_finite": "a value became NaN or Inf",
    "loss_spike": "the loss jumped",
    "loss_divergence": "the loss diverged",
    "exploding_gradient": "gradients exploded",
    "vanishing_gradient": "gradients vanish towards the input",
    "update_ratio_high": "updates are as large as the weights",
    "update_ratio_low": "the weights hardly move",
    "bn_statistics_frozen": "BatchNormalization trains but its moving statistics stand still",
}

_OPENINGS: Mapping[Status, str] = {
    "diverged": "Training diverged",
    "unstable": "Training is unstable",
    "not_learning": "The model is not learning",
    "warning": "Training is mostly fine",
}


def _text(status: Status, window: Window) -> str:
    phrase = _PHRASES.get(window.kind, window.kind.replace("_", " "))
    where = f" in layer {window.layer}" if window.layer else ""
    more = len(window.layers) - 1
    others = f" and {more} more" if where and more > 0 else ""
    until = f"from step {window.start_step}" + (
        f" to {window.end_step}" if window.end_step is not None else " on"
    )
    return f"{_OPENINGS[status]}: {phrase}{where}{others} {until}."


_EVIDENCE: Mapping[str, str] = {
    "non_finite": "{series} was NaN or infinite",
    "loss_spike": "the loss jumped {score} times as far as its noise and progress allow",
    "loss_divergence": "the loss was {score} times as far above its best as it may be",
    "exploding_gradient": "{series} had grown {score} times beyond its limit, and the loss with it",
    "vanishing_gradient": "{series} was {decades} powers of ten below those of the last layers (limit: 3)",
    "update_ratio_high": "{series} was {score} times the limit of 0.2 of the weights",
    "update_ratio_low": "{series} was {score} times too small to learn from, at full learning rate",
    "bn_statistics_frozen": "the moving mean and variance of {layers} stood still while the network trained",
}

_SPOKEN: Mapping[str, str] = {
    "loss": "the loss",
    "grad_norm": "the gradient norm",
    "grad_nonfinite": "the gradient",
    "weight_norm": "the weight norm",
    "update_norm": "the update",
}


def _why(window: Window, windows: Sequence[Window], facts: RunFacts) -> str:
    template = _EVIDENCE.get(window.kind, "{series} was {score} times its healthy limit")
    measure, _, of = window.series.partition("/")
    spoken = _SPOKEN.get(measure, measure.replace("_", " ")) + (f" of {of}" if of else "")
    evidence = template.format(
        series=spoken,
        score="infinitely many" if math.isinf(window.peak_score) else f"{window.peak_score:.3g}",
        decades=f"{3 * window.peak_score:.2g}",
        layers=window.layer if len(window.layers) == 1 else f"{len(window.layers)} layers",
    )
    # What does not move has no peak.
    still = window.kind == "bn_statistics_frozen"
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


def _next(window: Window, facts: RunFacts) -> str:
    rate, step = facts.learning_rate, window.start_step
    known = math.isfinite(rate) and rate > 0
    lower = "ower the learning rate" + (
        f" (now {rate:.3g}): try {rate / 10:.3g}" if known else " by a factor of 10"
    )
    higher = "Raise the learning rate" + (
        f" (now {rate:.3g}): try {rate * 100:.3g}" if known else " by a factor of 100"
    )
    advice = {
        "non_finite": f"L{lower}, and check the data of step {step} for invalid values.",
        "loss_spike": f"Look at the batch of step {step}; if the data is fine, set clipnorm=1.0 or l{lower}.",
        "loss_divergence": f"L{lower}, or set clipnorm=1.0 on the optimizer.",
        "exploding_gradient": f"Set clipnorm=1.0 on the optimizer, or l{lower}.",
        "vanishing_gradient": "Use ReLU with kernel_initializer='he_normal' (or tanh with 'glorot_uniform') "
        "in the hidden layers, and add BatchNormalization or skip connections.",
        "update_ratio_high": f"L{lower}.",
        "update_ratio_low": f"{higher}.",
        "bn_statistics_frozen": "Call model(x, training=True) in the training step of the custom loop, so "
        "that BatchNormalization uses the batch's statistics and learns them.",
    }
    if window.kind == "update_ratio_low" and (facts.weights_replaced or step > _FROM_THE_START):
        return f"The network died of too large an update: start it anew, and l{lower}."
    return advice.get(window.kind, f"Look at {window.series} from step {step} on.")


def _without_symptoms(windows: Sequence[Window], facts: RunFacts) -> Verdict:
    if not facts.measured or facts.observed < FEWEST_STEPS:
        seen = f"{facts.observed} steps were seen"
        what = seen if facts.measured or not facts.observed else f"{seen}, without a loss or gradients"
        return Verdict(
            status="unknown",
            text="There is not enough to judge this run by.",
            why=f"Only {what}; a verdict needs at least {FEWEST_STEPS} steps with a loss or gradients.",
            next="Train for longer, or record the run with StabilityCallback.",
        )
    loss = "No loss was recorded"
    if math.isfinite(facts.first_loss):
        loss = f"The loss went from {facts.first_loss:.3g} to {facts.recent_loss:.3g}"
    minor = f"; {len(windows)} minor events passed without harm" if windows else ""
    return Verdict(
        status="healthy",
        text=f"Training is stable over the {facts.observed} steps seen.",
        why=f"{loss}, and no check found a symptom{minor}.",
        next="Nothing to do.",
    )
