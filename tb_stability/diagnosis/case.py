"""Everything that a cause is looked for in."""

from __future__ import annotations

import dataclasses
import math

from tb_stability.diagnosis.observed import Observed
from tb_stability.model_facts import LayerFacts, ModelFacts
from tb_stability.report import Final, Finding, TensorRange
from tb_stability.windows import Window

BREAKDOWNS = (
    "non_finite",
    "loss_divergence",
    "exploding_gradient",
    "update_ratio_high",
    "loss_spike",
    "loss_oscillation",
)
"""Symptoms of steps that are too large."""

STANDSTILLS = ("loss_plateau", "vanishing_gradient", "update_ratio_low", "dead_units", "saturated_units")
"""Symptoms of a network that does not learn."""

EARLY_STEPS = 20
"""What begins before was there from the start."""

_LARGE_LOSS = 3.0
"""Times the loss of guessing, above which no network with fitting weights and inputs begins."""

_LITTLE = 0.25
_LONG_ENOUGH = 100  # steps

_OF_CLASSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")


@dataclasses.dataclass(frozen=True)
class Case:
    """A run to be diagnosed.

    Attributes:
      windows: All windows, by `start_step`.
      findings: Those of the preflight.
      model: The model; None where it was not recorded.
      first_batch: The tensors of the first batch.
      observed: What was seen beside the windows.
      final: Where the run stands; None where that was not recorded.
    """

    windows: tuple[Window, ...]
    findings: tuple[Finding, ...] = ()
    model: ModelFacts | None = None
    first_batch: tuple[TensorRange, ...] = ()
    observed: Observed = dataclasses.field(default_factory=Observed)
    final: Final | None = None

    @property
    def serious(self) -> tuple[Window, ...]:
        """The windows that need an action."""
        return tuple(w for w in self.windows if w.severity != "info")

    def first(self, *kinds: str) -> Window | None:
        """The first serious window of some kinds; at one step, that of the first kind named."""
        found = [w for w in self.serious if w.kind in kinds]
        return min(found, key=lambda w: (w.start_step, kinds.index(w.kind)), default=None)

    def before(self, step: int, *kinds: str) -> Window | None:
        """The first serious window of some kinds that began before `step`."""
        window = self.first(*kinds)
        return window if window is not None and window.start_step < step else None

    @property
    def began_badly(self) -> bool:
        """Whether the first loss was far above that of guessing, where the loss has one that is known."""
        return self.observed.first_loss > _LARGE_LOSS * self.guessing

    @property
    def gained_little(self) -> bool:
        """Whether the loss has fallen by less than a quarter, in 100 steps or more."""
        final, points = self.final, self.observed.points
        if final is None or not points or points[-1].step < _LONG_ENOUGH:
            return False
        return final.first_loss - final.loss < _LITTLE * abs(final.first_loss)

    @property
    def guessing(self) -> float:
        """The cross-entropy of guessing among the classes, log(n); NaN for other losses."""
        model = self.model
        if model is None or model.loss is None or model.output_units < 2:
            return math.nan
        return math.log(model.output_units) if model.loss.kind in _OF_CLASSES else math.nan

    def is_early(self, window: Window) -> bool:
        """Whether what a window shows was there from the start."""
        return window.start_step <= EARLY_STEPS or self.began_badly

    def finding(self, *kinds: str) -> Finding | None:
        """The first finding of some kinds; None where there is none."""
        return next((f for f in self.findings if f.kind in kinds), None)

    def layer(self, path: str | None) -> LayerFacts | None:
        """The facts of a layer; None where they are not known."""
        return None if self.model is None else self.model.find(path)

    @property
    def batch_size(self) -> int | None:
        """Examples of a batch: as seen in the steps, else in the first batch; None where not known."""
        if self.observed.batch_size is not None:
            return self.observed.batch_size
        return next((t.shape[0] for t in self.first_batch if t.shape), None)

    @property
    def is_loop(self) -> bool:
        """Whether it was trained by a custom loop."""
        return self.model is not None and self.model.way == "loop"
