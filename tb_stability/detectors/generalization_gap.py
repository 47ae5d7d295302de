"""A validation loss that rises while the training loss falls."""

from __future__ import annotations

import math

from tb_stability.detectors.detector import Group
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.catching_up import CatchingUp
from tb_stability.window_builder import Target, WindowRules

_NOISE_WEIGHT = 0.1  # of the newest evaluation in the noise, once there were ten
_CLOSED_SHARE = 0.1  # of the gap, by which an evaluation that follows the training closes it
_SHARED = 0.1  # of the progress, below which the validation loss has none of it
_ALONE = 0.25  # of the initial training loss, which it gained without the validation loss
_STANDING = 2  # evaluations in a row that did not
_CATCH_UP_STEPS = 300  # in which moving statistics with Keras's momentum of 0.99 forget 95 % of their start


class GeneralizationGap:
    r"""A validation loss far above its best, or near its start, although the training loss fell.

    For the evaluations j = 1, 2, ... with validation loss v_j and mean training loss t_j of the steps
    since the evaluation before:

        w_j     = min(v_j, v_{j-1})
        rise_j  = w_j - v_b                                    b = argmin of v so far
        scale_j = max(share * (initial - v_b), share * |v_b|, 3 noise) * (1 + warmup / j)
        score_j = max(rise_j / scale_j                            if t_b - t_j > 0.1 rise_j,
                      (w_j - t_j) / (initial - t_j) / unshared    if initial - t_j > |initial| / 2, or v has
                                                                  shared nothing; and v stands still)

    with initial the larger of v_1 and `LossProgress.initial`, and noise the mean of |v_j - 2 v_{j-1} +
    v_{j-2}| / 2, which is 1.0 standard deviations of white noise and nothing of a steady rise. So the
    rise is measured in what was gained, in the noise of the evaluations, and early, when little is known,
    twice as much of it is needed. The second term is for a validation loss that does not rise but never
    followed: the share of the training's progress that it does not have. It stands still where two
    evaluations in a row have not closed a tenth of the gap v - t; one that still falls follows, only later.
    It has shared nothing where even its best is above initial - (initial - t_j) / 10; then a quarter of the
    initial training loss is progress enough: examples learned by heart say nothing of others.
    Two evaluations in a row have to be high, and three to score, so the wiggles that early stopping waits for
    are silent.

    With BatchNormalization the first 300 steps score 0: the moving statistics that it uses have not caught up
    yet, and the validation loss is that of another network. Where most of the layers' moving means are on
    their first way even then (`CatchingUp`), half of `unshared` is too much, whether it stands still or not.

    A step without an evaluation, and a `val_loss` that is NaN or Inf, score NaN and teach nothing.

    Source: L. Prechelt, Early stopping - but when?, 1998: generalization loss against training progress.

    Args:
      layout: Layout of the run; tells whether there is BatchNormalization.
      loss: The run's loss, shared.
      share: Share of the progress, and of the best, that a rise must exceed. Larger is less sensitive.
      unshared: Share of the training's progress that the validation may lack. Larger is less sensitive.
      warmup: Number of evaluations before scoring any.

    Example:
      >>> loss = RunLoss(Layout())
      >>> gap = GeneralizationGap(Layout(), loss)
      >>> for t, v in zip([2.0, 1.0, 0.8, 0.4, 0.2, 0.1], [2.0, 1.0, 1.0, 2.0, 3.0, 3.5]):
      ...     step = StepValues({"loss": t, "val_loss": v})
      ...     loss.update(step)
      ...     score = gap.update(step)
      >>> 3.0 < score < 3.1
      True
    """

    kind = "generalization_gap"
    reads: Group = "scalars"
    targets = (Target("val_loss"),)
    rules = WindowRules(patience=3.0, most_evidence=1.0, grace=1, cooldown=3, merge=1000)

    def __init__(
        self, layout: Layout, loss: RunLoss, *, share: float = 0.25, unshared: float = 0.5, warmup: int = 3
    ) -> None:
        self.share = share
        self.unshared = unshared
        self.warmup = warmup
        self._loss = loss
        self._steps = 0
        self._train_sum = 0.0
        self._train_count = 0
        self._evaluations = 0
        self._before: tuple[float, float] = (math.nan, math.nan)  # the last two evaluations, older first
        self._initial = math.nan
        self._best = math.inf
        self._train_at_best = math.nan
        self._reached = math.inf  # validation loss when it last closed a part of the gap
        self._standing = 0
        self._noise = 0.0
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Evaluations are needed."""
        if not self._evaluations:
            return "no val_loss was recorded"
        few = self._evaluations <= self.warmup
        return f"fewer than {self.warmup + 1} evaluations were seen" if few else ""

    def change_layout(self, layout: Layout) -> None:
        """Looks whether there is BatchNormalization; what is known of the losses stays."""
        self._moving = [
            i for i, n in enumerate(layout.normalizations) if n.kind.endswith("BatchNormalization")
        ]
        self._catching_up = CatchingUp(len(self._moving))
        self._late_share = 0.0

    def update(self, values: StepValues) -> float:
        """Returns the score of an evaluation."""
        self._steps += 1
        moving = values.normalizations
        is_known = bool(moving) and {"moving_mean_change", "moving_mean_distance"} <= moving.keys()
        if self._moving and is_known and not self._catching_up.has_arrived:
            self._late_share = self._catching_up.update(
                moving["moving_mean_change"][self._moving], moving["moving_mean_distance"][self._moving]
            )
        if math.isfinite(self._loss.value):
            self._train_sum += self._loss.value
            self._train_count += 1
        value = values.scalars.get("val_loss", math.nan)
        if not math.isfinite(value):
            return math.nan
        train = self._train_sum / self._train_count if self._train_count else math.nan
        self._train_sum, self._train_count = 0.0, 0
        score = self._evaluate(value, train)
        return 0.0 if self._moving and self._steps <= _CATCH_UP_STEPS else score

    def _evaluate(self, value: float, train: float) -> float:
        self._evaluations += 1
        older, last = self._before
        self._before = (last, value)
        if math.isnan(last):
            self._initial = max(value, self._loss.progress.initial)
        if not math.isnan(older):
            weight = max(1.0 / (self._evaluations - 2), _NOISE_WEIGHT)
            self._noise += weight * (abs(value - 2.0 * last + older) / 2.0 - self._noise)
        if value < self._best:
            self._best, self._train_at_best = value, train
        self._standing += 1
        if value < self._reached - _CLOSED_SHARE * max(value - train, 0.0):
            self._reached, self._standing = value, 0
        if self._evaluations <= self.warmup:
            return 0.0
        rise = min(value, last) - self._best
        scale = max(
            self.share * (self._initial - self._best), self.share * abs(self._best), 3.0 * self._noise
        )
        scale *= 1.0 + self.warmup / self._evaluations
        score = 0.0
        if self._train_at_best - train > 0.1 * rise and scale > 0.0:
            score = rise / scale
        gained = self._initial - train
        are_late = self._late_share > 0.5
        has_gained = gained > 0.5 * abs(self._initial) or self._gained_alone(train, gained)
        if has_gained and (are_late or self._standing >= _STANDING):
            most = self.unshared * (0.5 if are_late else 1.0)
            score = max(score, (min(value, last) - train) / gained / most)
        return score

    def _gained_alone(self, train: float, gained: float) -> bool:
        """Whether the training loss has clearly fallen, and the validation loss has not at all."""
        initial = self._loss.progress.initial
        has_shared = self._initial - self._best >= _SHARED * gained
        return not has_shared and initial - train > _ALONE * abs(initial)
