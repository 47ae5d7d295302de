"""The learning rate against what is usual for the optimizer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tb_stability.model_facts import OptimizerFacts
from tb_stability.preflight.premises import Premises
from tb_stability.report import Finding

_ADAPTIVE = (1e-5, 1e-2)
_PLAIN = (1e-4, 0.5)
_OF_KIND = {
    "SGD": _PLAIN,
    "Adadelta": (1e-3, 1.0),
    "Adagrad": (1e-4, 0.1),
    "Ftrl": (1e-4, 0.5),
    "Lion": (1e-6, 1e-3),
}


def usual_rates(optimizer: OptimizerFacts) -> tuple[float, float]:
    """Returns the range of usual learning rates: `_ADAPTIVE` for Adam, RMSprop and what is not known.

    Rules of thumb. With momentum m the step is 1 / (1 - m) times as large in the long run, which is in the
    upper bound of SGD.

    Source: Bengio, Practical recommendations for gradient-based training, 2012, section 3.1.1 (SGD); the
    defaults of Keras, times 10 and by 100, for the others.
    """
    low, high = _OF_KIND.get(optimizer.kind, _ADAPTIVE)
    return low, high * (
        1.0 - 0.8 * min(max(optimizer.momentum, 0.0), 1.0)
    ) if optimizer.kind == "SGD" else high


def inspect(premises: Premises) -> Iterator[Finding]:
    """A learning rate outside of the usual range."""
    optimizer = premises.model.optimizer
    if optimizer is None or not math.isfinite(optimizer.learning_rate):
        return
    low, high = usual_rates(optimizer)
    rate = optimizer.learning_rate
    if rate > high or (rate < low and not optimizer.schedule):
        yield Finding(
            "learning_rate_unusual",
            None,
            f"The learning rate of {optimizer.kind} is {rate:.3g}; usual are {low:.3g} to {high:.3g}.",
        )
