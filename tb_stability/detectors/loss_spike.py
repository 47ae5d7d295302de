"""A loss that jumps above everything it recently was."""

from __future__ import annotations

import math

from tb_stability.detectors.detector import Group
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.running_quantiles import RunningQuantiles
from tb_stability.window_builder import Target, WindowRules


class LossSpike:
    r"""A loss far above its recent level, its own noise and its own earlier outliers.

        rise_t  = x_t - m_{t-1}                                         [unit of the loss]
        limit_t = max(threshold (q_{t-1} - m_{t-1}),  2 tail_{t-1},
                      share (initial - best),  share |m_{t-1}|) (1 + warmup / t)
        score_t = max(rise_t, 0) / limit_t                              [1 = just abnormal]

    m and q are median and 90 % quantile of the last `window` values; `tail` is
    the largest rise that left no trace, forgotten by 0.1 % a step; initial and
    best are those of `LossProgress`. A rise has to exceed all of them: small
    batches have heavy tails (q, tail), and a converged loss near zero has
    outliers a thousand times its median that are nothing to the run
    (initial - best). The last factor is for how little is known early; t
    counts from the start, and anew where other variables are trained from
    there on (layers that are unfrozen, with an optimizer that knows nothing yet).

    A spike of one step must be twice the limit, and is `info`: often one odd batch. It is a warning when it
    lasts for `rules.warning_steps`, which is when the weights were harmed, or
    is far beyond everything the run has been through. An outlier without
    after-effect joins the tail, up to four times the limit, so the next one
    like it is no news; a level that stays is learned as the window fills with it.

    A value that is NaN or Inf scores NaN and teaches nothing.

    Args:
      layout: Not used: this is about the whole run.
      loss: The run's loss, shared.
      threshold: Distance from the median in units of that between median and
        90 % quantile. Larger is less sensitive.
      share: Share of the run's progress, and of its level, that a rise must exceed.
      window: Number of values that the level is taken from.
      warmup: Number of finite values to learn from before scoring any.

    Example:
      >>> loss = RunLoss(Layout())
      >>> spike = LossSpike(Layout(), loss)
      >>> scores = []
      >>> for value in [2.0 - 0.01 * i for i in range(50)] + [6.0, 1.5]:
      ...     step = StepValues({"loss": value})
      ...     loss.update(step)
      ...     scores.append(round(spike.update(step)))
      >>> scores[-3:]
      [0, 3, 0]
    """

    kind = "loss_spike"
    reads: Group = "scalars"
    targets = (Target("loss"),)
    rules = WindowRules(
        patience=2.0, most_evidence=2.0, grace=2, cooldown=10, merge=10, warning_steps=4, warning_score=10.0
    )

    def __init__(
        self,
        layout: Layout,
        loss: RunLoss,
        *,
        threshold: float = 6.0,
        share: float = 0.25,
        window: int = 51,
        warmup: int = 10,
    ) -> None:
        self.threshold = threshold
        self.share = share
        self.window = window
        self.warmup = warmup
        self._recent = RunningQuantiles(window)
        self._loss = loss
        self._tail = 0.0
        self._spikes_in_a_row = 0
        self._last_rise = 0.0
        self._changed_at = 0

    @property
    def missing(self) -> str:
        """A loss is needed."""
        return "" if self._loss.progress.count else "no finite loss was recorded"

    def change_layout(self, layout: Layout) -> None:
        """Allows for a bump, as the first steps of other variables make it; the loss goes on."""
        self._changed_at = self._loss.progress.count

    def update(self, values: StepValues) -> float:
        """Returns the score of the step's loss."""
        loss = self._loss.value
        if not math.isfinite(loss):
            return math.nan
        score = 0.0
        if self._loss.progress.count > self.warmup:
            median = self._recent.median
            rise, limit = loss - median, self._limit(median)
            if rise > 0.0:
                score = rise / limit if limit > 0.0 else math.inf
            self._learn_tail(rise, limit, is_spike=score >= 1.0)
        self._recent.update(loss)
        return score

    def _limit(self, median: float) -> float:
        progress = self._loss.progress
        limit = max(
            self.threshold * (self._recent.quantile(0.9) - median),
            2.0 * self._tail,
            self.share * (progress.initial - progress.best),
            self.share * abs(median),
        )
        return limit * (1.0 + self.warmup / max(1, progress.count - self._changed_at))

    def _learn_tail(self, rise: float, limit: float, *, is_spike: bool) -> None:
        self._tail *= 0.999
        if is_spike:
            self._spikes_in_a_row += 1
            self._last_rise = min(rise, 4.0 * limit)
            return
        if self._spikes_in_a_row == 1:
            self._tail = max(self._tail, self._last_rise)
        self._spikes_in_a_row = 0
        self._tail = max(self._tail, rise)
