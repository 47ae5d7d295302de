"""How far the gradients of two batches agree, and what that says of their noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tb_stability.series import StepValues

_FEWEST_STEPS = 8


def sign_agreement(values: StepValues, before: StepValues) -> float:
    r"""Returns how many variables have a gradient that points as it did at the step before.

        s = mean_v sign(m_v m'_v)                                        [-1 to 1]

    m_v and m'_v are the means of the entries of variable v's gradient: its only component with a sign that
    a log has. Each variable counts as much, whatever its size. NaN where either step was not measured in
    full.
    """
    now, then = values.variables.get("grad_mean"), before.variables.get("grad_mean")
    if now is None or then is None or not len(now):
        return math.nan
    agreed = np.sign(now) * np.sign(then)
    return float(np.mean(agreed)) if np.isfinite(agreed).all() else math.nan


def agreement(signs: Sequence[float]) -> float:
    r"""Returns the correlation of the gradients of two batches, from the signs of many steps.

        a = sin(pi / 2 * mean s)                                         [-1 to 1]

    which holds for components that are normally distributed (Greiner's relation). Where a step hardly changes
    the weights, the gradient of a batch is a common part G and the noise S of its examples, so a tends to
    |G|^2 / (|G|^2 + tr(S) / B) with batches of B: 1 where batches say the same, 0 where a gradient is mostly
    noise; below 0 steps overshoot. NaN with fewer than 8 steps; NaN among them are left out.
    """
    known = [s for s in signs if math.isfinite(s)]
    return math.sin(math.pi / 2 * (sum(known) / len(known))) if len(known) >= _FEWEST_STEPS else math.nan


def noise_scale(agreement: float, batch_size: int) -> float:
    r"""Returns the batch size at which noise and common part are equally large: B (1 - a) / a.

    With smaller batches most of a gradient is noise; with far larger ones little is gained. An estimate from
    one component of each variable, within a factor of a few. NaN where the agreement is not positive.

    Source: McCandlish et al., An empirical model of large-batch training, 2018, equation 2.8 (the simple
    noise scale, tr(S) / |G|^2); from steps in a row instead of two batch sizes.
    """
    return batch_size * (1.0 - agreement) / agreement if agreement > 0.0 else math.nan
