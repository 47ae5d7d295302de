"""What to do now: the last sentence of a verdict, by the window that decided it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_stability.detectors.update_ratio_low import DEAD_SCORE
from tb_stability.run_facts import RunFacts
from tb_stability.windows import Window

_FIRST_STEPS = 2  # a NaN up to this step arose before training could have caused it
_SAME_RATE = 0.1  # share by which two learning rates differ that are the same to a reader
_LONG_STABLE = 100  # steps of training after which a sudden break points at the batch
_TOGETHER_STEPS = 2  # two windows this close have one onset
_USUAL_FACTOR = 10.0  # from the least to a usual update ratio; the score says how far it is to the least


def is_dead(window: Window) -> bool:
    """Whether a window says that no gradient reached any kernel."""
    return window.kind == "update_ratio_low" and window.peak_score == DEAD_SCORE


def advise(window: Window, windows: Sequence[Window], facts: RunFacts) -> str:
    """Returns what to do about `window`, one of `windows`."""
    step = window.start_step
    if window.kind == "update_ratio_low":
        return _of_low_updates(window, facts)
    of_rate = ("loss_spike", "loss_divergence", "exploding_gradient", "update_ratio_high", "non_finite")
    rise = facts.learning_rates.rise_before(step)
    if rise is not None and window.kind in of_rate:
        return (
            f"The learning rate rose from {rise.before:.3g} to {rise.after:.3g} at step {rise.step}: "
            "undo that, or let it rise more slowly."
        )
    if window.kind == "non_finite":
        return _of_non_finite(step, facts)
    lower = _lower(step, facts)
    batch = f" Look also at the batch of step {step}." if _broke_at_once(window, windows) else ""
    advice = {
        "loss_spike": f"Look at the batch of step {step}; if the data is fine, set clipnorm=1.0 or l{lower}.",
        "loss_divergence": f"L{lower}, or set clipnorm=1.0 on the optimizer.{batch}",
        "exploding_gradient": f"Set clipnorm=1.0 on the optimizer, or l{lower}.{batch}",
        "vanishing_gradient": "Use ReLU with kernel_initializer='he_normal' (or tanh with 'glorot_uniform') "
        "in the hidden layers, and add BatchNormalization or skip connections.",
        "update_ratio_high": f"L{lower}.",
        "bn_statistics_frozen": "Call the model with training=True in the training step (in a custom loop: "
        "model(x, training=True)). If BatchNormalization should stay frozen, set layer.trainable = False.",
    }
    return advice.get(window.kind, f"Look at {window.series} from step {step} on.")


def _of_non_finite(step: int, facts: RunFacts) -> str:
    lower = _lower(step, facts)
    if facts.replaced_before(step):
        return f"L{lower}: an update was as large as the weights before this."
    check = f"Check inputs, labels and loss at step {step} for NaN, Inf, log(0) and division by 0"
    return f"{check}." if step <= _FIRST_STEPS else f"{check}; if they are valid, l{lower}."


def _of_low_updates(window: Window, facts: RunFacts) -> str:
    step = window.start_step
    if facts.replaced_before(step):
        return f"The network died of too large an update: start it anew, and l{_lower(step, facts)}."
    if is_dead(window):
        return (
            "Look for kernels that are all zero (initializer), large negative biases, "
            "and ReLU units that are 0 for every input."
        )
    rate = facts.learning_rate
    if not (math.isfinite(rate) and rate > 0):
        return "Raise the learning rate by factors of 10 until the loss falls."
    factor = _USUAL_FACTOR * 10.0 ** math.ceil(math.log10(max(window.peak_score, 1.0)))
    return (
        f"Raise the learning rate (now {rate:.3g}): try {rate * factor:.3g}, then by 10 until the loss falls."
    )


def _lower(step: int, facts: RunFacts) -> str:
    """Returns what to do about a learning rate that was too high at `step`, from the second letter on."""
    rate, when = facts.learning_rates.at(step), f"at step {step}"
    if not math.isfinite(rate) or abs(rate - facts.learning_rate) <= _SAME_RATE * rate:
        rate, when = facts.learning_rate, "now"
    if not (math.isfinite(rate) and rate > 0):
        return "ower the learning rate by a factor of 10"
    value = f"now {rate:.3g}" if when == "now" else f"{rate:.3g} {when}"
    return f"ower the learning rate ({value}): try {rate / 10:.3g}"


def _broke_at_once(window: Window, windows: Sequence[Window]) -> bool:
    """Whether a long stable run broke in a single step."""
    return window.start_step >= _LONG_STABLE and any(
        w.kind in ("loss_spike", "exploding_gradient")
        and abs(w.start_step - window.start_step) <= _TOGETHER_STEPS
        for w in windows
    )
