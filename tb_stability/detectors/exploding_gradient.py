"""A gradient that outgrows everything it was, or grows from layer to layer, and takes the loss with it."""

from __future__ import annotations

import math
import sys

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.layer_gradients import LayerGradients
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.depth_profile import DepthProfile, is_geometric
from tb_stability.stats.upper_envelope import UpperEnvelope
from tb_stability.window_builder import Target, WindowRules

_FEWEST_KERNELS = 4  # that make a profile through depth
_SETTLING_STEPS = 20  # in which a gradient counts less where other variables are trained from a step on
_HEALING_SCORE = 1.0  # of large outputs that may heal at once: their window is `info`


class ExplodingGradient:
    r"""A gradient norm far above its own upper envelope while the loss is far above its best.

        growth_t = decades above `UpperEnvelope` / `decades`, held for a few steps
        score_t  = min(growth_t, excess_t) * clip(update norm / weight norm, 1, 4)

    one a variable, with excess of `LossProgress` for the step's loss. Both have
    to hold. Growth alone is healthy: a network that leaves a plateau raises its
    gradients 300 times while the loss falls; a converged one has outliers of
    1000 times the median; and with clipping or Adam the size of a gradient does
    not matter. The loss follows the gradient by a step, so growth is held: it
    fades by a quarter a step. Two steps are needed for an alarm, or one whose
    update is larger than the weights. Where other variables are trained from a step on, as when layers are
    unfrozen, the first 20 steps count less: the n-th of them n / 20.

    Gradients that explode through depth show at the start already:

        score_k = (g_k - G) / depth_decades

    for a kernel whose gradient an entry, g_k in decades, lies above G, the
    median of the kernels next to the output. It counts where the growth towards the
    input is geometric (see `VanishingGradient`) and the loss is no better than at
    the start after `depth_warmup` steps.

    Signals that explode on their way to the output show there from the first step on:

        score = 1 + log10(Z / limit), for the first layer that has it

    as long as the outputs have been far too large since the start (`SignalScale`). In the first 30 steps, in
    which it may heal, it is 1, and its window `info`.

    A gradient or loss that is NaN or Inf scores NaN and teaches nothing.

    Args:
      layout: Layout of the run.
      loss: The run's loss and updates, shared.
      decades: Growth that is abnormal, in decades above the envelope. Larger is
        less sensitive.
      depth_decades: Growth from output to input that is abnormal, in decades.
      depth_warmup: Number of steps before growth through depth counts.
      warmup: Number of steps before scoring any.

    Example:
      >>> from tb_stability.series import Variable
      >>> layout = Layout((Variable("d/kernel", "d", "kernel", (2, 2)),))
      >>> loss = RunLoss(layout)
      >>> detector = ExplodingGradient(layout, loss)
      >>> for value, norm in [(2.0, 1.0)] * 5 + [(40.0, 100.0)]:
      ...     step = StepValues({"loss": value}, {"grad_norm": np.array([norm], np.float32)})
      ...     loss.update(step)
      ...     scores = detector.update(step)
      >>> scores
      array([2.])
    """

    kind = "exploding_gradient"
    reads: Group = "variables"
    rules = WindowRules(
        patience=4.0,
        most_evidence=4.0,
        grace=2,
        cooldown=10,
        merge=50,
        warning_steps=sys.maxsize,  # large outputs may heal at once
        warning_score=1.01,
        critical_score=10.0,
    )

    def __init__(
        self,
        layout: Layout,
        loss: RunLoss,
        *,
        decades: float = 1.0,
        depth_decades: float = 2.0,
        depth_warmup: int = 10,
        warmup: int = 1,
    ) -> None:
        self.decades = decades
        self.depth_decades = depth_decades
        self.depth_warmup = depth_warmup
        self.warmup = warmup
        self._steps = 0
        self._loss = loss
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Gradients and a loss are needed."""
        if not self.targets or not self._steps:
            return "no gradients were recorded"
        return "" if self._loss.progress.count else "no finite loss was recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches these variables from now on."""
        self.targets = tuple(Target(f"grad_norm/{v.name}", v.layer) for v in layout.variables)
        self._since_change = 0 if self._loss.progress.count else _SETTLING_STEPS
        self._envelope = UpperEnvelope(len(self.targets))
        self._growth: Scores = np.zeros(len(self.targets))
        self._layers = LayerGradients(layout)
        self._profile = DepthProfile()

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a variable."""
        excess, ratio = self._loss.excess, self._loss.update_ratio
        norms = values.variables.get("grad_norm")
        if norms is None:
            return math.nan
        self._steps += 1
        self._since_change += 1
        growth = self._envelope.update(norms) / self.decades
        self._growth = np.fmax(growth, 0.75 * self._growth)
        depth = self._depth_scores(values)
        if self._steps <= self.warmup:
            return self._with_outputs(0.0)
        if math.isnan(excess):
            return math.nan
        if excess < self.rules.release and depth is None and self._envelope.all_known:
            return self._with_outputs(0.0)  # none of them comes near to being abnormal
        scores = np.minimum(self._growth, excess) * min(1.0, self._since_change / _SETTLING_STEPS)
        if excess >= 1.0 and ratio is not None:
            scores[self._loss.kernels.index] *= np.clip(np.nan_to_num(ratio, nan=1.0), 1.0, 4.0)
        if depth is not None:
            index = self._layers.kernels.index
            scores[index] = np.maximum(scores[index], depth)
        scores[np.isnan(growth)] = np.nan
        return self._with_outputs(scores)

    def _with_outputs(self, scores: float | Scores) -> float | Scores:
        """Adds what outputs that have always been too large give."""
        signals = self._loss.signals
        if not signals.outputs_too_large:
            return scores
        score = 1.0 + signals.output_decades if signals.is_lasting else _HEALING_SCORE
        scores = scores + np.zeros(len(self.targets))
        scores[signals.variable] = np.fmax(scores[signals.variable], score)
        return scores

    def _depth_scores(self, values: StepValues) -> Scores | None:
        if not self._loss.progress.stalled:
            return None
        gradient = self._layers.root_mean_square(values)
        if (
            gradient is None
            or len(gradient) < _FEWEST_KERNELS
            or not np.isfinite(gradient).all()
            or not gradient.all()
        ):
            return None
        g = self._profile.update(gradient)
        if self._profile.count <= self.depth_warmup:
            return None
        growth = g - np.median(g[-max(1, len(g) // 3) :])
        if growth[0] < self.depth_decades or not is_geometric(-growth, fewest=_FEWEST_KERNELS):
            return None
        return growth / self.depth_decades
