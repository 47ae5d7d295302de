"""Numbers and names as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_stability.causes import title as title
from tb_stability.windows import Window

HEALTHY_RATIO = "healthy: about 0.001, at most 0.01"
"""Of update norm / weight norm. Source: Karpathy, CS231n, Neural networks part 3."""

LARGE_RATIO = 0.05
SMALL_RATIO = 0.01
"""A largest update ratio above the first is too large for most networks; one below the second is not."""


def number(value: float) -> str:
    """Three digits: `0.00123`, `1.2e+07`, `unknown` for NaN."""
    return "unknown" if math.isnan(value) else f"{value:.3g}"


def percent(share: float) -> str:
    """`37 %`; below one, with two digits."""
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.2g} %"


_PHRASES = {
    "non_finite": "NaN or Inf",
    "loss_spike": "a jump of the loss",
    "loss_divergence": "a diverging loss",
    "loss_oscillation": "a loss that goes up and down",
    "loss_plateau": "a loss that does not fall",
    "exploding_gradient": "exploding gradients",
    "vanishing_gradient": "vanishing gradients",
    "update_ratio_high": "updates as large as the weights",
    "update_ratio_low": "weights that hardly move",
    "dead_units": "dead units",
    "saturated_units": "saturated units",
    "bn_drift": "drifting statistics of BatchNormalization",
    "bn_statistics_frozen": "frozen statistics of BatchNormalization",
    "generalization_gap": "a gap between training and validation loss",
}


def phrase(kind: str) -> str:
    """A kind of window in words, for the middle of a sentence."""
    return _PHRASES.get(kind, kind.replace("_", " "))


def symptom(window: Window) -> str:
    """A window at the start of a sentence: `Dead units from step 3 on`."""
    words = phrase(window.kind)
    return f"{words[0].upper()}{words[1:]} from step {window.start_step} on"


def names(layers: Sequence[str], most: int = 4) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    if len(layers) <= 1:
        return "".join(layers)
    shown = list(layers[: most - 1]) if len(layers) > most else list(layers[:-1])
    last = f"{len(layers) - len(shown)} more" if len(layers) > most else layers[-1]
    return f"{', '.join(shown)} and {last}"


def plural(count: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
