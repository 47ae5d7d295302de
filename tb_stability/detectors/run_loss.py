"""The loss of a run beside its updates: what several detectors consult, learned once a step."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.kernels import Kernels
from tb_stability.detectors.signal_scale import SignalScale
from tb_stability.series import Layout, StepValues
from tb_stability.stats.decades import all_finite
from tb_stability.stats.loss_progress import LossProgress

_REPLACED_RATIO = 0.5  # update norm / weight norm of a kernel


class RunLoss:
    """Where the loss stands, and how large the updates are against the weights.

    One is shared by all detectors of a run. It learns a step before they see it.

    Args:
      layout: Layout of the run.

    Attributes:
      progress: What the loss has achieved, this step included.
      value: Loss of the step; NaN where there is none.
      excess: How far the step's loss lies above the best before it (see
        `LossProgress.excess`); NaN where unknown.
      kernels: The kernels of the layout.
      update_ratio: `[kernels]` of the step, see `Kernels.update_ratio`; None where not recorded.
      largest_ratio: The largest of them that is not NaN; 0 where there is none.
      ratios_are_finite: Whether none of them is NaN or Inf.
      made: Most by which the update of the step can change the loss, to first order: the sum over the
        variables of gradient norm * update norm, in units of the loss; NaN where not recorded.
      first_norm: `[kernels]` weight norms of the first step; None before it.
      weights_replaced: Whether a kernel ever changed by more than half of its
        norm in one step; None as long as no updates were recorded. Kernels that start
        at zero do not count.
      signals: Whether inputs or outputs have been too large from the first step on.

    Example:
      >>> loss = RunLoss(Layout())
      >>> for value in (2.0, 2.0, 26.0):
      ...     loss.update(StepValues({"loss": value}))
      >>> loss.value, loss.excess
      (26.0, 2.0)
    """

    def __init__(self, layout: Layout) -> None:
        self.progress = LossProgress()
        self.value = math.nan
        self.excess = math.nan
        self.weights_replaced: bool | None = None
        self.change_layout(layout)

    def change_layout(self, layout: Layout) -> None:
        """Looks at the kernels of `layout` from now on; the loss goes on."""
        self.signals = SignalScale(layout)
        if self.progress.count:
            self.signals.end()
        self.kernels = Kernels(layout, measure="update_norm")
        self._learn_updates(StepValues({}))
        self.first_norm: npt.NDArray[np.float64] | None = None

    def update(self, values: StepValues) -> None:
        """Learns a step."""
        if values.variables or self._has_updates:  # in a row of thinned steps there is nothing to do
            self._learn_updates(values)
            self._learn_replaced(values)
        self.value = values.scalars.get("loss", math.nan)
        self.excess = self.progress.excess(self.value)
        self.progress.update(self.value, weights_replaced=self.weights_replaced)
        if values.variables:
            self.signals.update(values, self.value)

    def _learn_updates(self, values: StepValues) -> None:
        self._has_updates = bool(values.variables)
        self.made = _made(values)
        self.update_ratio = ratio = self.kernels.update_ratio(values)
        self.ratios_are_finite = ratio is not None and all_finite(ratio)
        largest = np.maximum if self.ratios_are_finite else np.fmax  # the first is faster
        self.largest_ratio = 0.0 if ratio is None else float(largest.reduce(ratio, initial=0.0))

    def _learn_replaced(self, values: StepValues) -> None:
        ratio = self.update_ratio
        if ratio is None:
            return
        if self.first_norm is None:
            self.first_norm = values.variables["weight_norm"][self.kernels.index].astype(np.float64)
        if not self.weights_replaced:
            self.weights_replaced = self.largest_ratio > _REPLACED_RATIO and bool(
                ((ratio > _REPLACED_RATIO) & (self.first_norm > 0)).any()
            )


def _made(values: StepValues) -> float:
    gradients, updates = values.variables.get("grad_norm"), values.variables.get("update_norm")
    if gradients is None or updates is None:
        return math.nan
    return float(np.dot(gradients.astype(np.float64), updates))
