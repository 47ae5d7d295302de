"""Updates so large against the weights that nothing learned can last."""

from __future__ import annotations

import math

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.kernels import Kernels
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.window_builder import WindowRules


class UpdateRatioHigh:
    r"""A kernel that is replaced within few steps while the loss gains nothing.

        r_t     = update norm / weight norm                          [1]
        score_t = r_t / limit                                while the loss is stalled
                  r_t max(1, weight norm / first one) / limit  while it is far above its best
                  r_t / (10 limit)                           else

    one a kernel, the least of the last two steps. A ratio of r means that 1/r
    aligned steps replace the weights. 0.001 is the usual rule of thumb, and
    ratios up to 0.1 occur in healthy small networks; so it takes a sustained 0.2
    *and* a loss that is no better than at the start or has lost its progress
    (see `LossProgress`), or a sustained ratio of 2. A rate that is far too high
    makes the weights themselves grow, which hides in r_t: so with a loss that blew
    up the update is compared with what the weights were at first. A kernel that
    starts at zero is compared with what it is: its ratio begins at infinity and falls as 1/t.

    A step without an update (gradient accumulation) scores NaN, as one with NaN
    or Inf.

    Args:
      layout: Layout of the run.
      loss: The run's loss and updates, shared.
      limit: Ratio that is abnormal while the loss gains nothing. Larger is less
        sensitive.
      warmup: Number of steps with an update before scoring any.
    """

    kind = "update_ratio_high"
    reads: Group = "variables"
    rules = WindowRules(
        patience=20.0, most_evidence=4.0, grace=5, cooldown=20, merge=100, critical_score=10.0
    )

    def __init__(self, layout: Layout, loss: RunLoss, *, limit: float = 0.2, warmup: int = 2) -> None:
        self.limit = limit
        self.warmup = warmup
        self._recorded = False
        self._loss = loss
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Updates of kernels are needed."""
        return "" if self._recorded and self.targets else "no updates of kernels were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Looks at the kernels of `layout` from now on."""
        self.targets = Kernels(layout, measure="update_norm").targets
        self._last_ratio: Scores = np.full(len(self.targets), np.nan)
        self._steps = 0

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a kernel."""
        ratio = self._loss.update_ratio
        if ratio is None:
            return math.nan
        self._recorded = True
        if not np.count_nonzero(ratio):
            return math.nan
        self._steps += 1
        if not self._loss.ratios_are_finite:
            ratio = np.where(np.isfinite(ratio), ratio, np.nan)
        least = np.minimum(ratio, self._last_ratio)
        self._last_ratio = ratio
        if self._steps <= self.warmup:
            return 0.0
        progress, first = self._loss.progress, self._loss.first_norm
        scores: Scores
        if first is not None and progress.excess(progress.recent) >= 1.0:
            norms = values.variables["weight_norm"][self._loss.kernels.index]
            growth = np.divide(norms, first, out=np.ones_like(first), where=first > 0)
            scores = least * np.maximum(growth, 1.0) / self.limit
        else:
            scores = least / (self.limit if progress.stalled else 10.0 * self.limit)
        return scores
