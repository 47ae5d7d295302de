"""What is said of a window: a phrase for it, its evidence, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tb_stability.detectors.update_ratio_low import DEAD_SCORE
from tb_stability.detectors.vanishing_gradient import CUT_SCORE
from tb_stability.run_facts import RunFacts
from tb_stability.windows import Window

PHRASES: Mapping[str, str] = {
    "non_finite": "a value became NaN or Inf",
    "loss_spike": "the loss jumped",
    "loss_divergence": "the loss diverged",
    "loss_oscillation": "the loss swings up and down",
    "loss_plateau": "the loss stands still",
    "exploding_gradient": "gradients exploded",
    "vanishing_gradient": "gradients vanish towards the input",
    "update_ratio_high": "updates are as large as the weights",
    "update_ratio_low": "the weights hardly move",
    "dead_units": "most units are dead",
    "saturated_units": "most units are saturated",
    "bn_drift": "BatchNormalization drifts",
    "bn_statistics_frozen": "BatchNormalization trains but its moving statistics stand still",
    "generalization_gap": "the validation loss rises while the training loss falls",
}
"""A kind in a few words, as part of a sentence."""

EVIDENCE: Mapping[str, str] = {
    "non_finite": "{series} was NaN or infinite",
    "loss_spike": "the loss jumped {score} times as far as its noise and progress allow",
    "loss_divergence": "the loss was {score} times as far above its best as it may be",
    "loss_oscillation": "the swings of the loss were {score} times as large as its progress allows",
    "loss_plateau": "the loss stood still at full learning rate",
    "exploding_gradient": "{series} had grown {score} times beyond its limit, and the loss with it",
    "vanishing_gradient": "{series} was {decades} powers of ten below those of the last layers (limit: 3)",
    "update_ratio_high": "{series} was {score} times the limit of 0.2 of the weights",
    "update_ratio_low": "{series} was {score} times too small to learn from, at full learning rate",
    "dead_units": "most units of {layers} gave zero for every example of whole batches",
    "saturated_units": "most outputs of {layers} lay at the bounds of their function, where it is flat",
    "bn_drift": "{series} was more than {tenfold} times its usual value",
    "bn_statistics_frozen": "the moving mean and variance of {layers} stood still while the network trained",
    "generalization_gap": "the validation loss was {score} times as far above its best as it may be",
}
"""What was seen of a kind, with `{series}`, `{score}`, `{layers}`, `{decades}` and
`{tenfold}` of the score."""

LASTING = ("loss_plateau", "dead_units", "saturated_units", "bn_statistics_frozen")
"""Kinds that are a state without a peak."""

_OF_RATE = (
    *("loss_spike", "loss_divergence", "loss_oscillation", "exploding_gradient", "update_ratio_high"),
    *("non_finite", "dead_units", "saturated_units", "bn_drift"),
)
"""Kinds that a learning rate that rose may have caused."""

_FIRST_STEPS = 2  # a NaN up to this step arose before training could have caused it
_DIED = {
    "dead_units": "The units died",
    "loss_plateau": "The network died",
    "saturated_units": "The units saturated",
}
_SAME_RATE = 0.1  # share by which two learning rates differ that are the same to a reader
_LONG_STABLE = 100  # steps of training after which a sudden break points at the batch
_TOGETHER_STEPS = 2  # two windows this close have one onset
_USUAL_FACTOR = 10.0  # from the least to a usual update ratio; the score says how far it is to the least


def is_dead(window: Window) -> bool:
    """Whether a window says that no gradient reached any kernel."""
    return window.kind == "update_ratio_low" and window.peak_score == DEAD_SCORE


def is_cut_off(window: Window) -> bool:
    """Whether a window says that no gradient at all reached some layers."""
    return window.kind == "vanishing_gradient" and window.peak_score >= CUT_SCORE


def advise(window: Window, windows: Sequence[Window], facts: RunFacts) -> str:
    """Returns what to do about `window`, one of `windows`."""
    step = window.start_step
    if window.kind == "update_ratio_low":
        return _of_low_updates(window, facts)
    rise = facts.learning_rates.rise_before(step)
    if rise is not None and window.kind in _OF_RATE:
        return (
            f"The learning rate rose from {rise.before:.3g} to {rise.after:.3g} at step {rise.step}: "
            "undo that, or let it rise more slowly."
        )
    if window.kind == "non_finite":
        return _of_non_finite(step, facts)
    if window.kind in _DIED and facts.replaced_before(step + _TOGETHER_STEPS):
        return f"{_DIED[window.kind]} of too large an update: start it anew, and l{_lower(step, facts)}."
    if is_cut_off(window):
        return (
            f"Look at what lies behind {window.layer}: a dead layer, tf.stop_gradient, an operation without "
            "gradient (argmax, round, a cast), a kernel of zeros, or float16 that underflows. If the layer "
            "is not meant to learn, set layer.trainable = False."
        )
    lower = _lower(step, facts)
    batch = f" Look also at the batch of step {step}." if _broke_at_once(window, windows) else ""
    advice = {
        "loss_spike": f"Look at the batch of step {step}; if the data is fine, set clipnorm=1.0 or l{lower}.",
        "loss_divergence": f"L{lower}, or set clipnorm=1.0 on the optimizer.{batch}",
        "exploding_gradient": f"Set clipnorm=1.0 on the optimizer, or l{lower}.{batch}",
        "vanishing_gradient": "Use ReLU with kernel_initializer='he_normal' (or tanh with 'glorot_uniform') "
        "in the hidden layers, and add BatchNormalization or skip connections.",
        "update_ratio_high": f"L{lower}.",
        "loss_oscillation": f"L{lower}, or let it decay; a larger batch helps, too.",
        "loss_plateau": "Check the labels, the loss and the last layer's activation, and that kernels do "
        f"not start at zero; if they are right, try learning rates 10 times larger and smaller{_now(facts)}.",
        "dead_units": f"L{lower}; use he_normal kernels and biases that start at 0, or LeakyReLU.",
        "saturated_units": "Scale the inputs to about -1 to 1, use kernel_initializer='glorot_uniform', and "
        "in hidden layers ReLU, or BatchNormalization in front of the activation.",
        "bn_drift": f"Check that the batches from step {step} on are scaled like those before, and the "
        f"layers in front of it; else l{lower}.",
        "generalization_gap": "Keep the weights of the best epoch: EarlyStopping(patience=5, "
        "restore_best_weights=True). To get further: more data, augmentation, Dropout or weight_decay.",
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


def _now(facts: RunFacts) -> str:
    return f" (now {facts.learning_rate:.3g})" if math.isfinite(facts.learning_rate) else ""


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


def spoken_span(window: Window) -> str:
    """The steps of a window, as the end of a sentence: `from step 3 on`."""
    if window.end_step is None:
        return f"from step {window.start_step} on"
    if window.end_step == window.start_step:
        return f"at step {window.start_step}"
    return f"from step {window.start_step} to {window.end_step}"
