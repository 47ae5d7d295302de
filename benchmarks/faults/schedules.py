"""The learning rate of every step of a recipe, as a table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from faults.program import Recipe


def learning_rates(recipe: Recipe) -> npt.NDArray[np.float32]:
    """Returns `[steps]` rates: those of the schedule, with the changes of the recipe."""
    rates = recipe.learning_rate * _factors(recipe.schedule, recipe.steps)
    for change in recipe.changes:
        if change.kind == "learning_rate":
            rates[change.steps(recipe.steps)] *= change.amount
    return rates.astype(np.float32)


def _factors(schedule: str, steps: int) -> npt.NDArray[np.float64]:
    step = np.arange(steps)
    warm = np.minimum(1.0, (step + 1) / 60)
    match schedule:
        case "constant":
            return np.ones(steps)
        case "warmup":
            return warm
        case "cosine":
            return 0.5 * (1 + np.cos(np.pi * step / steps))
        case "warmup_cosine":
            return warm * 0.5 * (1 + np.cos(np.pi * step / steps))
        case "steps":
            return 0.1 ** np.floor(3 * step / steps)
        case "restarts":
            return 0.5 * (1 + np.cos(np.pi * (step % 100) / 100)) + 0.01
        case "one_cycle":
            return 0.1 + 0.9 * np.interp(step, [0, 0.3 * steps, steps], [0.0, 1.0, 0.0])
        case "linear":
            return 1 - step / steps
    raise ValueError(f"{schedule!r} is no schedule of {__file__}.")
