"""The headline series: what every TensorBoard shows of a run, without the plugin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tb_stability.series import StepValues
from tb_stability.summary.tags import HEADLINES

HEADLINE_STEPS = 1000
"""Steps after which the interval between two headline scalars doubles, then after twice as many, ..."""


def headline_interval(step: int) -> int:
    """1 below 1000 steps, 2 below 2000, 4 below 4000, ...: some 500 points each time a run doubles."""
    return 1 << max(0, step // HEADLINE_STEPS).bit_length()


def headline_values(values: StepValues) -> Mapping[str, float]:
    """The headline series of a step, by tag below `stability/`."""
    headline = {n: x for n, x in values.scalars.items() if n in HEADLINES}
    if values.variables:
        weights, updates = values.variables["weight_norm"], values.variables["update_norm"]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            ratios = np.where(weights > 0, updates / weights, np.nan)
        if not np.isnan(ratios).all():
            headline["update_ratio_max"] = float(np.nanmax(ratios))
    return headline
