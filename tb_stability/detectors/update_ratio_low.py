"""Updates so small that the weights stand still although there is everything to learn."""

from __future__ import annotations

import math

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.kernels import Kernels
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.full_rate import FullRate
from tb_stability.window_builder import WindowRules

DEAD_SCORE = 3.0
"""Score of a network whose kernels have no gradient."""

_HIGHEST_SCORE = 1000.0  # of weights that do not move at all


class UpdateRatioLow:
    r"""Kernels that hardly move, at full learning rate, with a loss that did not fall.

        r_k,t   = mean over the last steps of update norm / weight norm            [1]
        gain_t  = mean over the last steps of
                  sum over the variables of gradient norm * update norm / |loss|   [1]
        score_k = min(limit / r_k,t, gain_limit / gain_t)

    The gain bounds, to first order, the share of the loss that a step can take
    off, even if it points straight downhill: a model that was converged when the
    run began moves as little, but has a loss so small that it still gains. The
    means weigh the newest step with `max(1/t, 0.02)`, so that gradient
    accumulation (no update in most steps) is covered. It counts only where it
    holds for *all* kernels, the loss is no better than at the start
    (`LossProgress.stalled`) and not exactly 0, and the learning rate is neither
    decayed nor still warming up (`FullRate`). So converged, frozen and scheduled runs are
    silent.

    A network is dead, whatever its loss, where no gradient reaches any kernel
    while other variables have one: that of the output's bias is all that is left
    when the last hidden layer is 0 for every example. Its score is `dead_score`.
    (A batch without any error has no gradient at all.)

    NaN and Inf add nothing to the mean.

    Args:
      layout: Layout of the run.
      loss: The run's loss and updates, shared.
      limit: Mean update ratio that is abnormal; 0.001 is usual. Smaller is less
        sensitive.
      gain_limit: Mean gain a step that is abnormal: with 1e-5 it takes 100,000
        steps to learn. Smaller is less sensitive.
      dead_score: Score of a step in which the network is dead.
      warmup: Number of steps before scoring any.
    """

    kind = "update_ratio_low"
    reads: Group = "variables"
    rules = WindowRules(patience=60.0, most_evidence=3.0, grace=5, cooldown=20, merge=200)

    def __init__(
        self,
        layout: Layout,
        loss: RunLoss,
        *,
        limit: float = 1e-5,
        gain_limit: float = 1e-5,
        dead_score: float = DEAD_SCORE,
        warmup: int = 2,
    ) -> None:
        self.limit = limit
        self.gain_limit = gain_limit
        self.dead_score = dead_score
        self.warmup = warmup
        self._recorded = False
        self._loss = loss
        self._full_rate = FullRate()
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Updates of kernels and a loss are needed."""
        if not self._recorded or not self.targets:
            return "no updates of kernels were recorded"
        return "" if self._loss.progress.count else "no finite loss was recorded"

    def change_layout(self, layout: Layout) -> None:
        """Looks at the kernels of `layout` from now on."""
        self.targets = Kernels(layout, measure="update_norm").targets
        self._ratio: Scores = np.zeros(len(self.targets))
        self._gain = 0.0
        self._steps = 0

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a kernel."""
        ratio, progress = self._loss.update_ratio, self._loss.progress
        if ratio is None or not len(ratio):
            return math.nan
        self._recorded = True
        self._steps += 1
        weight = max(1.0 / self._steps, 0.02)
        if not self._loss.ratios_are_finite:
            ratio = np.where(np.isfinite(ratio), ratio, self._ratio)
        self._ratio += weight * (ratio - self._ratio)
        level = abs(progress.level)
        gain = self._loss.made / level if level > 0.0 else math.nan
        self._gain += weight * (gain - self._gain) if math.isfinite(gain) else 0.0
        at_full_rate = self._full_rate.update(values.scalars.get("learning_rate", math.nan))
        if self._steps <= self.warmup or not at_full_rate:
            return 0.0
        if self._is_dead(values):
            return self.dead_score
        if not progress.stalled or progress.level == 0.0 or self._ratio.max() > self.limit:
            return 0.0
        scores: Scores = self.limit / np.maximum(self._ratio, self.limit / _HIGHEST_SCORE)
        return np.minimum(scores, self.gain_limit / max(self._gain, self.gain_limit / _HIGHEST_SCORE))

    def _is_dead(self, values: StepValues) -> bool:
        norms = values.variables.get("grad_norm")
        if norms is None or np.count_nonzero(norms[self._loss.kernels.index]):
            return False
        return bool(norms.any())
