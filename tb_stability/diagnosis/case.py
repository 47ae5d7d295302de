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
_NO_BETTER = 0.95
"""Of the loss of guessing, above which nothing was learned."""

_WORSE = 1.1
_ERRORS = 2.0  # standard errors of a level

_OF_CLASSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")
_OF_TWO = "BinaryCrossentropy"


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
        final = self.final
        if final is None or not self._is_long:
            return False
        return final.first_loss - final.loss < _LITTLE * abs(final.first_loss)

    @property
    def guessing(self) -> float:
        """The cross-entropy of guessing: log(classes), or log(2) for a binary one; NaN for other losses.

        That of guessing by their shares is lower where some classes are rare.
        """
        model = self.model
        if model is None or model.loss is None:
            return math.nan
        if model.loss.kind == _OF_TWO:
            return math.log(2.0)
        return math.log(model.output_units) if self.is_of_classes else math.nan

    @property
    def is_of_classes(self) -> bool:
        """Whether the loss is a cross-entropy over two classes or more, one output for each."""
        return self._classes >= 2

    @property
    def guessing_words(self) -> str:
        """The same as the end of a sentence: `guessing among 10 classes has 2.3`."""
        among = f" among {self._classes} classes" if self.is_of_classes else ""
        return f"guessing{among} has {self.guessing:.2g}"

    @property
    def ends_at_guessing(self) -> bool:
        """Whether the loss is no better than guessing after 100 steps or more, where that is known."""
        return self._is_long and self.final is not None and self.final.loss >= _NO_BETTER * self.guessing

    @property
    def ends_above_guessing(self) -> bool:
        """Whether it is then worse than guessing, without doubt."""
        final = self.final
        if final is None or not self._is_long:
            return False
        return final.loss - _ERRORS * final.loss_error > _WORSE * self.guessing

    @property
    def _is_long(self) -> bool:
        points = self.observed.points
        return bool(points) and points[-1].step >= _LONG_ENOUGH

    @property
    def _classes(self) -> int:
        """Number of classes of a cross-entropy over them; 0 for other losses."""
        model = self.model
        is_of_classes = model is not None and model.loss is not None and model.loss.kind in _OF_CLASSES
        return model.output_units if model is not None and is_of_classes else 0

    def is_early(self, window: Window) -> bool:
        """Whether what a window shows was there from the start."""
        return window.start_step <= EARLY_STEPS or self.began_badly

    def finding(self, *kinds: str) -> Finding | None:
        """The first finding of some kinds; None where there is none."""
        return next((f for f in self.findings if f.kind in kinds), None)

    def each_finding(self, *kinds: str) -> list[Finding]:
        """The first finding of each kind, in the order of the kinds; of those that there are."""
        return [finding for kind in kinds if (finding := self.finding(kind)) is not None]

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
