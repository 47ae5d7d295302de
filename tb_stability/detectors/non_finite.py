"""NaN or Inf in the loss, a gradient or a weight."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.stats.decades import all_finite
from tb_stability.window_builder import Target, WindowRules


class NonFinite:
    """A loss that is NaN or Inf, a gradient with such an entry, or a weight norm that is not finite.

    The score is infinite where it holds and 0 elsewhere. A gradient counts by
    its numbers of non-finite entries, or, where these are not recorded, by its norm. Of a thinned step only
    the norm over all gradients is known; it is not finite above 1e19 either.
    Where only gradients are not finite and no variable changed, the update was
    skipped, as an optimizer with dynamic loss scaling does now and then by design: this
    scores 1, and its window is `info` up to `rules.warning_steps`.

    The targets are the loss, the gradient as a whole, then the variables in network order: when a NaN
    arises in one layer, the step in which only this layer has it names it; when
    the loss itself is not finite, the loss is named and the layers are listed.

    Example:
      >>> detector = NonFinite(Layout(), RunLoss(Layout()))
      >>> [float(np.max(detector.update(StepValues({"loss": x})))) for x in (1.0, math.nan)]
      [0.0, inf]
    """

    kind = "non_finite"
    reads: Group = "scalars"
    rules = WindowRules(
        patience=1.0, most_evidence=1.0, cooldown=10, merge=100, warning_steps=20, warning_score=math.inf
    )
    warmup = 1

    def __init__(self, layout: Layout, loss: RunLoss) -> None:
        self._seen = False
        self._weights_are_bad = False
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Nothing but a loss or a gradient is needed."""
        return "" if self._seen else "no loss and no gradients were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches these variables from now on."""
        variables = (Target(f"grad_norm/{v.name}", v.layer) for v in layout.variables)
        self.targets = (Target("loss"), Target("grad_norm"), *variables)

    def update(self, values: StepValues) -> float | Scores:
        """Returns infinity where a target is not finite, else 0; NaN where weights were, and are unseen."""
        loss, norm = values.scalars.get("loss", 0.0), values.scalars.get("grad_norm", 0.0)
        if not self._seen:
            self._seen = bool(values.variables) or "loss" in values.scalars
        if not values.variables and math.isfinite(loss) and math.isfinite(norm):
            # Units with NaN may be cut off by a ReLU: only a look at the weights says that they are gone.
            return math.nan if self._weights_are_bad else 0.0
        if math.isfinite(loss) and _are_finite(values.variables):
            self._weights_are_bad = False
            return 0.0
        bad = np.zeros(len(self.targets), dtype=np.bool_)
        bad[0] = not math.isfinite(loss)
        # Where the variables are known, they say which ones it is.
        bad[1] = not values.variables and not math.isfinite(norm)
        counted = "grad_nan" in values.variables
        for measure, value in values.variables.items():
            if measure in ("grad_nan", "grad_inf"):
                bad[2:] |= ~(value == 0)
            elif measure == "weight_norm" or (measure == "grad_norm" and not counted):
                bad[2:] |= ~np.isfinite(value)
            if measure == "weight_norm":
                self._weights_are_bad = not np.isfinite(value).all()
        return np.where(bad, 1.0 if not bad[0] and _is_skipped(values) else np.inf, 0.0)


def _are_finite(variables: Mapping[str, FloatArray]) -> bool:
    """Whether gradients and weights are known to be finite: the usual case, fast."""
    nan, inf, weights = (variables.get(name) for name in ("grad_nan", "grad_inf", "weight_norm"))
    if nan is None or inf is None or weights is None:
        return False
    return not np.count_nonzero(nan) and not np.count_nonzero(inf) and all_finite(weights)


def _is_skipped(values: StepValues) -> bool:
    updates, weights = values.variables.get("update_norm"), values.variables.get("weight_norm")
    if updates is None or weights is None:
        return False
    return not updates.any() and bool(np.isfinite(weights).all())
