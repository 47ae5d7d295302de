"""What a run has achieved: where its loss began, its best level, and how noisy it is."""

from __future__ import annotations

import math

from tb_stability.stats.running_quantiles import RunningQuantiles

_FIRST_VALUES = 20  # values after which the initial level is settled
_FORGETTING_STEPS = 500  # a worse level becomes the best one over this time, plus the age of the run
_FORGIVEN = 4.0  # most of a rise that is forgotten at that pace, in units of `scale`
_UNSETTLED_SHARE = 0.5  # of the initial loss; whoever gained more than that may stand still
_CLEAR_FALL_NOISE = 12.0  # in units of the noise, beyond which a loss has fallen without doubt
_CLEAR_FALL_SHARE = 1e-3  # of the initial loss, for losses without noise
_GAINED_SHARE = 0.25  # of the level after the first values
_EARLY_NOISE = {False: math.inf, None: 1.0, True: 0.25}  # most that an early rise counts as noise, in |best|


class LossProgress:
    r"""Initial, best and present level of a loss, in the loss's own units.

        level_t   = median of the last 21 values
        recent_t  = median of the last 5 values, the lower one of two: a jump needs three of five
        initial   = the least of: first value, median of the first 5, of the first 20;
                    at least a quarter of the first (a fast start is no noise)
        best_t    = least level so far (rises slowly towards a level that stays worse,
                    as if that lay 4 scale above it at most: an explosion is no level)
        noise_t   = (1 - a) noise_{t-1} + a min(|x_t - level_{t-1}|, 4 noise_{t-1}),  a = max(1/t, 0.02)

    Of the first 20 values, those above the best may be a run that blows up. They
    count as noise in full if no update was large; up to |best| if that is not
    known; and up to a quarter of it if an update replaced the weights. Later, the
    noise does not grow while the recent loss is far above the best: learning what
    blew up would hide it.

    The loss is in trouble where it lies far above its best in units of

        gained_t  = max(initial - best, 0) / |initial|
        scale_t   = max((initial - best) / 2, k |best| (1 - 3 gained), 4 noise)

    with k = 1, or 6 as long as no update is known to have replaced the weights.
    That is: half of the progress is lost; or, where there was hardly any, the loss
    has doubled (7 times as much without a large update: the loss of a generator in
    a GAN climbs like that); and never within its own noise. Negative losses and
    losses near zero are covered, since what was gained is measured and not the
    ratio of two losses. Multiplying all losses by a constant changes no ratio of
    these numbers. Adding a large constant makes everything less sensitive.

    A value that is NaN or Inf teaches nothing.

    Attributes:
      count: Finite values seen.
      first: The first value, as it was; NaN before it.
      initial, level, recent, best: See above; NaN before the first value.
      scale: What counts as a large rise above `best`, in units of the loss; NaN before the first value.
      noise: Mean distance of a value from the level; 0 before the second value.

    Example:
      >>> progress = LossProgress()
      >>> for loss in [2.0] * 30 + [1.0] * 30:
      ...     progress.update(loss)
      >>> progress.initial, progress.best, progress.excess(2.0)
      (2.0, 1.0, 2.0)
    """

    def __init__(self) -> None:
        self.count = 0
        self.first = math.nan
        self.initial = math.nan
        self.best = math.nan
        self.noise = 0.0
        self.scale = math.nan
        self._least_initial = math.nan
        self._settled = math.nan  # level of the first values, reached without much training
        self._weights_replaced: bool | None = None
        self.level = math.nan
        self.recent = math.nan
        self._last_values = RunningQuantiles(21)
        self._latest_values = RunningQuantiles(5)

    @property
    def stalled(self) -> bool:
        """Whether the present level is better than `initial` by less than 5 % of it, or half of the noise."""
        if not self.count:
            return False
        return self.initial - self.level < max(0.05 * abs(self.initial), 0.5 * self.noise)

    @property
    def stands_still(self) -> bool:
        """Whether the loss never fell by much, and not at all since its first 20 values.

        Wider than `stalled`: a bad initial output is corrected in a few steps, and
        nothing may follow. False before the 40th value.
        """
        if self.stalled:
            return True
        if self.count < 2 * _FIRST_VALUES:
            return False
        gained = self.initial - self.level < _UNSETTLED_SHARE * abs(self.initial)
        fallen = self._settled - self.level >= max(0.02 * abs(self._settled), 0.5 * self.noise)
        return gained and not fallen

    @property
    def has_fallen(self) -> bool:
        """Whether the level is clearly lower than after the first 20 values.

        By 12 times the noise, and 0.1 % of `initial`: a fall that is nothing against a large constant in the
        loss counts, and the correction of the output in the first steps does not.
        """
        least = max(_CLEAR_FALL_NOISE * self.noise, _CLEAR_FALL_SHARE * abs(self.initial))
        return self._settled - self.level > least

    @property
    def has_gained(self) -> bool:
        """Whether the level is lower than after the first 20 values by a quarter of that, and the noise.

        A first value that was low by luck does not hide such a fall, as it does from `stalled`.
        """
        return self._settled - self.level >= max(_GAINED_SHARE * abs(self._settled), self.noise)

    def excess(self, value: float) -> float:
        """Returns how far `value` lies above `best`, in units of `scale`; NaN where either is unknown."""
        if not self.count or not math.isfinite(value):
            return math.nan
        rise = value - self.best
        if rise <= 0.0:
            return 0.0
        return rise / self.scale if self.scale > 0.0 else math.inf

    def update(self, value: float, *, weights_replaced: bool | None = None) -> None:
        """Learns from `value`.

        Args:
          value: The loss of a step.
          weights_replaced: Whether an update so far was about as large as the
            weights; None where updates are not recorded.
        """
        if weights_replaced is not self._weights_replaced:
            self._weights_replaced = weights_replaced
            if self.count:
                self._measure_scale()
        if not math.isfinite(value):
            return
        self.count += 1
        if self.count == 1:
            self.first = self.initial = self.best = value
            self._least_initial = value - 0.75 * abs(value)
        else:
            self._learn_noise(value)
        self._last_values.update(value)
        self._latest_values.update(value)
        self.level = level = self._last_values.median
        self.recent = self._latest_values.median
        if self.count in (5, _FIRST_VALUES):
            self.initial = max(
                min(self.initial, self.recent if self.count == 5 else self.level), self._least_initial
            )
            if self.count == _FIRST_VALUES:
                self._settled = self.level
        if level < self.best:
            self.best = level
        else:
            self._measure_scale()
            rise, most = level - self.best, _FORGIVEN * self.scale
            self.best += (min(rise, most) if most > 0.0 else rise) / (_FORGETTING_STEPS + self.count)
        self._measure_scale()

    def _measure_scale(self) -> None:
        """Brings `scale` up to date; it is asked for more often than what it depends on changes."""
        initial, best = self.initial, self.best
        progress = initial - best if initial > best else 0.0
        gained = progress / abs(initial) if initial != 0.0 else 0.0
        doubled = abs(best) * max(0.0, 1.0 - 3.0 * gained)
        self.scale = max(
            0.5 * progress, doubled if self._weights_replaced else 6.0 * doubled, 4.0 * self.noise
        )

    def _learn_noise(self, value: float) -> None:
        settled = self.count > _FIRST_VALUES
        deviation = value - (self.level if settled else self.best)
        if settled or deviation > 0.0:
            most = 4.0 * self.noise if settled else _EARLY_NOISE[self._weights_replaced] * abs(self.best)
            deviation = min(abs(deviation), most) if most > 0.0 else abs(deviation)
            if settled and self.excess(self.recent) >= 1.0:
                deviation = min(deviation, self.noise)
        self.noise += max(1.0 / (self.count - 1), 0.02) * (abs(deviation) - self.noise)
