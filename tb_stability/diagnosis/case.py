"""Everything that a cause is looked for in."""

from __future__ import annotations

import dataclasses

from tb_stability.diagnosis.observed import Observed
from tb_stability.model_facts import LayerFacts, ModelFacts
from tb_stability.report import Finding, TensorRange
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


@dataclasses.dataclass(frozen=True)
class Case:
    """A run to be diagnosed.

    Attributes:
      windows: All windows, by `start_step`.
      findings: Those of the preflight.
      model: The model; None where it was not recorded.
      first_batch: The tensors of the first batch.
      observed: What was seen beside the windows.
    """

    windows: tuple[Window, ...]
    findings: tuple[Finding, ...] = ()
    model: ModelFacts | None = None
    first_batch: tuple[TensorRange, ...] = ()
    observed: Observed = dataclasses.field(default_factory=Observed)

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
