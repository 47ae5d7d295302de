"""A loss that stands still where nothing has been learned yet."""

from __future__ import annotations

import math

from tb_stability.detectors.detector import Group
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.detectors.saturated_units import output_with_bounds
from tb_stability.series import Layout, StepValues
from tb_stability.stats.full_rate import FullRate
from tb_stability.stats.running_slope import RunningSlope
from tb_stability.window_builder import Target, WindowRules

_HOLD = 40  # steps without a change before anything is abnormal; slow starts need them
_STUCK_SCORE = 4.0  # of a loss that stands still for a known reason
_LEARNED_SHARE = 0.5  # of the initial loss: whoever gained more has learned something
_SMALL_GAIN = 0.25  # of the initial loss, by which even a network that learns nothing corrects its output
_GAIN_WEIGHT = 0.02  # of the newest step in the mean gain
_AT_BOUNDS_SHARE = 1.0 / 3.0  # of the outputs of the network
_BOUNDS_WEIGHT = 0.1  # of the newest sample in their share
_CORRECTED_SHARE = 0.2  # of the initial loss, which outputs gain on their way to the bounds
_FALL_ERRORS = 2.0  # standard errors of its slope by which a loss falls


class LossPlateau:
    r"""A loss that does not change, above half of the initial loss, while it could.

        change = a fall by more than max(0.05 % of |initial|, 1.2 noise) of the level since it last
                 changed, or a rise by more than max(0.05 % of |initial|, 2 noise)
        gain_t = mean over the last steps of made / |level|                              [1]

    with level, initial and noise of `LossProgress`, and made of `RunLoss`. The loss stands still after
    40 steps without a change. Then the score is 4 where it is stuck:

    - the updates cannot bring it down: gain below `gain_limit`, which bounds, to first order, the share of
      the loss that a step takes off; or
    - an update replaced the weights before (`RunLoss.weights_replaced`); or
    - the inputs have been far too large from the first step on (`SignalScale`); or
    - a third of the outputs lies at the bounds of their function, which took a fifth of the initial loss:
      the targets lie beyond.

    It is 1 where the loss is within a quarter of the initial one and the same for every batch (noise below
    `noise_limit` of the level): the output does not depend on the input. (One that has risen further by small
    updates has something to follow, as in a GAN.) While the slope since the last
    change is below -`gain_limit` of the level a step, and negative by 2 of its standard errors, that is not
    sure, and it scores NaN. Everything else scores 0.
    It takes 160 of evidence: 40 more steps for a loss that is stuck, 160 for one that is the same for all.

    Silent are: a run that has halved its loss, or whose loss has clearly fallen (`has_fallen`) and
    is not far above its best; a learning rate that warms up or has decayed (`FullRate`); noisy losses
    without progress, as of GANs and of models that had converged before the run; and runs of which
    only the loss is known, since their steps may be anything.

    A value that is NaN or Inf scores NaN and teaches nothing.

    Args:
      layout: Not used: this is about the whole run.
      loss: The run's loss and updates, shared.
      gain_limit: Mean gain a step that is too small; at 1e-4 it takes 10,000 steps to learn. Smaller is
        less sensitive.
      noise_limit: Noise against the level below which a loss is the same for every batch. Smaller is less
        sensitive.
      warmup: Number of finite values before scoring any.
    """

    kind = "loss_plateau"
    reads: Group = "scalars"
    targets = (Target("loss"),)
    rules = WindowRules(
        patience=160.0, most_evidence=_STUCK_SCORE, grace=0, cooldown=20, merge=200, lag=_HOLD
    )

    def __init__(
        self,
        layout: Layout,
        loss: RunLoss,
        *,
        gain_limit: float = 1e-4,
        noise_limit: float = 0.05,
        warmup: int = _HOLD,
    ) -> None:
        self.gain_limit = gain_limit
        self.noise_limit = noise_limit
        self.warmup = warmup
        self._loss = loss
        self._full_rate = FullRate()
        self._changed_level = math.nan
        self._changed_at = 0
        self._slope = RunningSlope()
        self._at_bounds = math.nan
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """A loss and updates are needed."""
        if not self._loss.progress.count:
            return "no finite loss was recorded"
        return "no updates were recorded" if math.isnan(self._gain) else ""

    def change_layout(self, layout: Layout) -> None:
        """Measures the gain anew; the loss goes on."""
        self._gain = math.nan
        self._output = output_with_bounds(layout)

    def update(self, values: StepValues) -> float:
        """Returns the score of the step."""
        at_full_rate = self._full_rate.update(values.scalars.get("learning_rate", math.nan))
        progress = self._loss.progress
        if not math.isfinite(self._loss.value):
            return math.nan
        if math.isfinite(self._loss.made):
            self._learn_gain(self._loss.made)
        if self._output is not None and values.activations:
            self._learn_bounds(self._output, values)
        fall = self._changed_level - progress.level
        unit = abs(progress.initial)
        least = 5e-4 * unit
        if not -max(least, 2.0 * progress.noise) <= fall <= max(least, 1.2 * progress.noise):
            self._changed_level, self._changed_at = progress.level, progress.count
            self._slope = RunningSlope()
        self._slope.update(self._loss.value)
        gained = progress.initial - progress.level
        is_new = progress.count <= self.warmup or progress.count - self._changed_at < _HOLD
        has_learned = gained >= _LEARNED_SHARE * unit
        if is_new or has_learned or not at_full_rate or math.isnan(self._gain):
            return 0.0
        if progress.has_fallen and progress.excess(progress.level) < 1.0:
            return 0.0
        if self._gain < self.gain_limit or self._loss.weights_replaced:
            return _STUCK_SCORE
        if self._loss.signals.inputs_too_large or (
            self._at_bounds >= _AT_BOUNDS_SHARE and gained >= _CORRECTED_SHARE * unit
        ):
            return _STUCK_SCORE
        if abs(gained) >= _SMALL_GAIN * unit or progress.noise >= self.noise_limit * abs(progress.level):
            return 0.0
        falls = -self._slope.slope >= self.gain_limit * abs(progress.level)
        return math.nan if falls and self._slope.errors < -_FALL_ERRORS else 1.0

    def _learn_bounds(self, output: int, values: StepValues) -> None:
        shares = values.activations.get("saturated_share")
        if shares is None:
            return
        share = float(shares[output])
        if math.isfinite(share):
            known = share if math.isnan(self._at_bounds) else self._at_bounds
            self._at_bounds = known + _BOUNDS_WEIGHT * (share - known)

    def _learn_gain(self, made: float) -> None:
        level = abs(self._loss.progress.level)
        gain = made / level if level > 0.0 else math.nan
        if math.isfinite(gain):
            self._gain = gain if math.isnan(self._gain) else self._gain + _GAIN_WEIGHT * (gain - self._gain)
