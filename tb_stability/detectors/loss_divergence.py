"""A loss that gave up its progress, or never made any and rises."""

from __future__ import annotations

import collections
import math
import sys

from tb_stability.detectors.detector import Group
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.window_builder import Target, WindowRules

_DRIFT_SCORE = 1.4  # most that a rise scores that may be a drift
_HELD = 4  # values that are all far above the best
_LARGE_RATIO = 0.1  # update norm / weight norm of a kernel


class LossDivergence:
    r"""A loss that stays far above its best, for many steps.

        score_t = max((least of the last 4 values - best) / scale,
                      (least of the last 2 values - best) / (3 scale))

    with best and scale of `LossProgress`: half of the progress lost, or the
    loss doubled where there was none, and more than the noise. It takes
    `rules.patience` of evidence: 10 steps at twice that distance, or two
    far beyond (2.3, 30, 1e3, 1e5, NaN). So an early bump, as momentum and high
    learning rates cause it in healthy runs, stays silent.

    A loss may also drift back slowly towards where it began because the task
    gets harder (the discriminator of a GAN, a policy gradient). So the score stays below
    `rules.warning_score` (the window is `info`) until something speaks for a breakdown:

    - the rise is abrupt: a scale above the median of its last 21 values;
    - it is worse than at the start, by as much as it had gained;
    - an update is large: a kernel changes by a tenth of its norm in a step.

    A loss that rose through zero has no natural scale (the score that the critic of a GAN gives): neither
    its start nor its progress has a meaning. It is abrupt where it rose within its last 21 values by more
    than from its best to their median.

    A value that is NaN or Inf scores NaN and teaches nothing.

    Args:
      layout: Not used: this is about the whole run.
      loss: The run's loss, shared.
      warmup: Number of finite values before scoring any.

    Example:
      >>> loss = RunLoss(Layout())
      >>> divergence = LossDivergence(Layout(), loss)
      >>> for value in [4.0] * 30 + [2.0] * 30 + [5.0] * 4:
      ...     step = StepValues({"loss": value})
      ...     loss.update(step)
      ...     score = divergence.update(step)
      >>> round(score, 1)
      3.0
    """

    kind = "loss_divergence"
    reads: Group = "scalars"
    targets = (Target("loss"),)
    rules = WindowRules(
        patience=20.0,
        most_evidence=20.0,
        grace=8,
        cooldown=20,
        merge=100,
        lag=1,
        warning_steps=sys.maxsize,  # a drift may last
        warning_score=1.5,
        critical_score=1.5,
    )

    def __init__(self, layout: Layout, loss: RunLoss, *, warmup: int = 1) -> None:
        self.warmup = warmup
        self._loss = loss
        self._latest: collections.deque[float] = collections.deque(maxlen=_HELD)
        self._last_value = math.nan
        self._broke_down = False

    @property
    def missing(self) -> str:
        """A loss is needed."""
        return "" if self._loss.progress.count else "no finite loss was recorded"

    def change_layout(self, layout: Layout) -> None:
        """Changes nothing: the loss goes on."""

    def update(self, values: StepValues) -> float:
        """Returns the score of the step."""
        value, progress = self._loss.value, self._loss.progress
        if not math.isfinite(value):
            return math.nan
        if progress.count <= self.warmup:
            return 0.0
        last, self._last_value = self._last_value, value
        self._latest.append(value)
        if len(self._latest) < 2:
            return 0.0
        far = progress.excess(min(value, last))
        score = max(progress.excess(min(self._latest)), far / 3.0)
        self._broke_down = score >= self.rules.release and (self._broke_down or self._is_breakdown(last))
        return score if self._broke_down else min(score, _DRIFT_SCORE)

    def _is_breakdown(self, last: float) -> bool:
        """Whether the last two values, or the update, show more than a drift."""
        progress = self._loss.progress
        value = min(self._loss.value, last)
        start = max(progress.first, progress.initial)
        rise = value - progress.level
        if self._loss.largest_ratio > _LARGE_RATIO:
            return True
        if progress.best < 0.0 < value:
            return rise > max(progress.level - progress.best, progress.scale)
        return rise > progress.scale or value - start > max(start - progress.best, progress.scale)
