"""What the verdict needs to know of a run beside its windows."""

from __future__ import annotations

import dataclasses
import math

from tb_stability.stats.learning_rates import LearningRates


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """What the verdict needs beside the windows.

    Attributes:
      observed: Number of steps seen.
      last_step: Last of them; None where there was none.
      measured: Whether any detector had what it needs.
      first_loss, best_loss, recent_loss: First loss, best level and present level; NaN where unknown.
      loss_stalled: Whether the loss is no better than at the start.
      loss_stands_still: Whether it is stalled, or gained only a little, all of it in the first steps.
      loss_has_gained: Whether it is clearly lower than after the first 20 steps, whatever the first one had.
      loss_excess: How far it lies above its best; 1 is far. NaN where unknown.
      learning_rate: The last one; NaN where unknown.
      learning_rates: The earlier ones.
      replaced_step: First step with an update about as large as the weights; None where there was none.
    """

    observed: int
    last_step: int | None
    measured: bool
    first_loss: float = math.nan
    best_loss: float = math.nan
    recent_loss: float = math.nan
    loss_stalled: bool = False
    loss_stands_still: bool = False
    loss_has_gained: bool = False
    loss_excess: float = math.nan
    learning_rate: float = math.nan
    learning_rates: LearningRates = dataclasses.field(default_factory=LearningRates)
    replaced_step: int | None = None

    def replaced_before(self, step: int) -> bool:
        """Whether an update replaced the weights before `step`."""
        return self.replaced_step is not None and self.replaced_step < step
