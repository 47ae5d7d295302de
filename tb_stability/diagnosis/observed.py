"""What a run was like beside its windows: the numbers that a diagnosis quotes."""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
from collections.abc import Callable

from tb_stability.diagnosis.agreement import agreement
from tb_stability.stats.learning_rates import Rise

_RISE_STEPS = 20
"""Steps before an onset in which a rise of the learning rate may be its cause."""


@dataclasses.dataclass(frozen=True)
class Point:
    """A step that was kept. A value that was not measured is NaN.

    Attributes:
      step: The step.
      loss: Loss of its batch.
      learning_rate: Rate of its update.
      grad_norm: L2 norm over all gradients, before clipping.
      update_ratio: Largest update norm / weight norm over the kernels.
      agreement: Share of the variables whose gradient points as it did at the step before, see
        `agreement.py`.
    """

    step: int
    loss: float = math.nan
    learning_rate: float = math.nan
    grad_norm: float = math.nan
    update_ratio: float = math.nan
    agreement: float = math.nan


@dataclasses.dataclass(frozen=True)
class NotFinite:
    """The first step with a value that was NaN or Inf.

    Attributes:
      step: The step.
      loss: Its loss; NaN where unknown.
      layers: Layers whose gradient had NaN or Inf, in network order; empty where not known.
      all_layers: Whether that is all layers.
      weights_were_finite: Whether all weights were finite before its update.
    """

    step: int
    loss: float
    layers: tuple[str, ...] = ()
    all_layers: bool = False
    weights_were_finite: bool = True


@dataclasses.dataclass(frozen=True)
class Observed:
    """What was seen of a run.

    Attributes:
      points: Some of the steps: all of the first ones, then fewer and fewer.
      not_finite: The first step that was not finite; None where there was none.
      batch_size: Examples of a batch; None where not known.
      inference_steps: For each BatchNormalization layer, steps normalised with moving statistics.
      batch_steps: Likewise, with those of the batch.
      rate_rises: Steps at which the learning rate had tripled since it last turned; the last 64.
      loss_scale: The last factor of the loss; NaN where it is not scaled.
      loss_scale_cuts: How often it was lowered.
      validation: The last values of (step, val_loss).
      first_validation: The very first validation loss that was finite; NaN where there was none.
    """

    points: tuple[Point, ...] = ()
    not_finite: NotFinite | None = None
    batch_size: int | None = None
    inference_steps: dict[str, int] = dataclasses.field(default_factory=dict)
    batch_steps: dict[str, int] = dataclasses.field(default_factory=dict)
    rate_rises: tuple[int, ...] = ()
    loss_scale: float = math.nan
    loss_scale_cuts: int = 0
    validation: tuple[tuple[int, float], ...] = ()
    first_validation: float = math.nan

    @property
    def first_loss(self) -> float:
        """The first loss that is known; NaN where there is none."""
        return next((p.loss for p in self.points if not math.isnan(p.loss)), math.nan)

    @property
    def saw_updates(self) -> bool:
        """Whether any update of an optimizer was seen, of which a rate or a gradient tells."""
        return any(not (math.isnan(p.learning_rate) and math.isnan(p.grad_norm)) for p in self.points)

    @property
    def last_loss(self) -> float:
        """Median of the last five finite losses kept; NaN where there is none."""
        return _median([p.loss for p in self.points if math.isfinite(p.loss)][-5:])

    @property
    def best_loss(self) -> float:
        """The least median of five finite losses kept in a row; NaN where there are fewer."""
        losses = [p.loss for p in self.points if math.isfinite(p.loss)]
        return min((_median(losses[i : i + 5]) for i in range(len(losses) - 4)), default=math.nan)

    @property
    def loss_noise(self) -> float:
        """Median of |x_t - x_(t-1)| over that of |x_t|, of kept steps in a row; NaN where there are none."""
        pairs = [
            (a.loss, b.loss)
            for a, b in itertools.pairwise(self.points)
            if b.step == a.step + 1 and math.isfinite(a.loss) and math.isfinite(b.loss)
        ]
        level = _median([abs(b) for _, b in pairs])
        return _median([abs(b - a) for a, b in pairs]) / level if level > 0.0 else math.nan

    @property
    def best_validation(self) -> float:
        """The least validation loss that is known; NaN where there is none."""
        known = [loss for _, loss in self.validation if math.isfinite(loss)]
        return min(
            (*known, *([self.first_validation] if math.isfinite(self.first_validation) else ())),
            default=math.nan,
        )

    def learning_rate(self, step: int | None = None) -> float:
        """The last rate known at `step`, or at all; before the first one, that one; NaN where none is."""
        known = [p for p in self.points if math.isfinite(p.learning_rate) and p.learning_rate > 0.0]
        before = [p for p in known if step is None or p.step <= step]
        return before[-1].learning_rate if before else known[0].learning_rate if known else math.nan

    def agreement(self, before: int) -> float:
        """How far the gradients of two batches agreed before an onset, see `agreement.py`; NaN if unknown."""
        return agreement([p.agreement for p in self.points if p.step < before])

    def healthy(self, value: Callable[[Point], float], before: float) -> float:
        """Median of a value over the kept steps before an onset, without the very first; NaN without any."""
        earlier = [x for p in self.points if p.step < before and math.isfinite(x := value(p))]
        return _median(earlier[1:] if len(earlier) > 2 else earlier)

    def around(self, value: Callable[[Point], float], step: int, steps: int = 5) -> float:
        """Median of a value over the kept steps within `steps` of a step; NaN where there are none."""
        near = [x for p in self.points if abs(p.step - step) <= steps and math.isfinite(x := value(p))]
        return _median(near)

    def peak(self, value: Callable[[Point], float], step: int, steps: int = 5) -> float:
        """The largest finite value over the kept steps from `step` to `steps` later; NaN without any."""
        near = [x for p in self.points if 0 <= p.step - step <= steps and math.isfinite(x := value(p))]
        return max(near, default=math.nan)

    def rise_before(self, step: int) -> Rise | None:
        """The rise of the learning rate to three times or more within the 20 steps before; None without."""
        inside = [at for at in self.rate_rises if step - _RISE_STEPS <= at <= step]
        if not inside:
            return None
        before = self.learning_rate(inside[0] - 1)
        after = [p.learning_rate for p in self.points if inside[0] <= p.step <= step + 2]
        highest = max((x for x in after if math.isfinite(x)), default=math.nan)
        return Rise(before, highest, inside[0])


def _median(values: list[float]) -> float:
    return statistics.median_low(values) if values else math.nan
