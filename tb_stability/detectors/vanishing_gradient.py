"""Gradients that shrink from layer to layer towards the input, or do not reach some layers at all."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.kernels import Kernels
from tb_stability.detectors.layer_gradients import LayerGradients
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.decades import all_finite
from tb_stability.stats.depth_profile import DepthProfile, is_geometric
from tb_stability.window_builder import WindowRules

_CUT_STEPS = 20  # in a row without any gradient: sparse inputs and zero weights at the start end sooner

CUT_SCORE = 10.0
"""Score of a layer without any gradient."""


class VanishingGradient:
    r"""A geometric decay of gradient *and* update towards the input, or layers without any gradient.

    For the kernels k = 1 (nearest the input) ... K, smoothed over steps:

        g_k = log10(root mean square of an entry of the gradient)     [decades]
        u_k = log10(update norm / weight norm)                        [decades]
        score_k = min((G - g_k) / decades,  (U - u_k) / (decades / 2))

    where G is the median of g, and U the maximum of u, over the third of the
    kernels next to the output. The gradient is that of the kernel or of the
    layer's bias, whichever is larger: that of a kernel also shrinks with the
    layer's input, so it can hide the decay. It counts only where the decay is a
    profile: over at least `fewest` kernels and in no single jump. Adam gives
    layers with small gradients updates of ordinary size, so a small gradient alone is no
    symptom.

    A layer is cut off, and scores 10, where the gradient of its kernel and bias is exactly 0 in 20 steps in
    a row in which another kernel has one: a dead layer behind it, a `stop_gradient`, an operation without
    gradient, float16 that underflows.

    The first target is the one nearest the input, where the decay is worst.
    A step without any gradient (a batch without error), without an update
    (gradient accumulation), or with NaN or Inf scores NaN.

    Args:
      layout: Layout of the run.
      loss: The run's updates, shared.
      decades: Decay of the gradient that is abnormal, in decades. Larger is
        less sensitive.
      fewest: Least number of kernels that make a profile.
      warmup: Number of steps before scoring any.

    Example:
      >>> from tb_stability.series import Variable
      >>> layers = [Variable(f"{i}/kernel", f"{i}", "kernel", (1, 1)) for i in range(4)]
      >>> layout = Layout(tuple(layers))
      >>> loss = RunLoss(layout)
      >>> detector = VanishingGradient(layout, loss, warmup=0)
      >>> norms = np.array([1e-6, 1e-4, 1e-2, 1.0], np.float32)
      >>> one = np.ones(4, np.float32)
      >>> step = StepValues({}, {"grad_norm": norms, "weight_norm": one, "update_norm": norms})
      >>> loss.update(step)
      >>> np.round(detector.update(step), 2)
      array([2.  , 1.33, 0.67, 0.  ])
    """

    kind = "vanishing_gradient"
    reads: Group = "variables"
    rules = WindowRules(patience=5.0, most_evidence=1.0, grace=3, cooldown=20, merge=200)

    def __init__(
        self, layout: Layout, loss: RunLoss, *, decades: float = 3.0, fewest: int = 4, warmup: int = 2
    ) -> None:
        self.decades = decades
        self.fewest = fewest
        self.warmup = warmup
        self._recorded = False
        self._loss = loss
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """Gradients of a few kernels are needed."""
        if not self._recorded and not self.targets:
            return "no gradients were recorded"
        if len(self.targets) < 2:
            return "the model has fewer than 2 kernels"
        return "" if self._recorded else "no gradients were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Looks at the kernels of `layout` from now on."""
        self._layers = LayerGradients(layout)
        of_all = np.isin(Kernels(layout, measure="").index, self._layers.kernels.index)
        self._of_all = slice(None) if of_all.all() else np.flatnonzero(of_all)
        self.targets = self._layers.kernels.targets
        self._profiles = DepthProfile()
        self._without: npt.NDArray[np.int64] = np.zeros(len(self.targets), np.int64)

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a kernel."""
        gradient, ratios = self._layers.root_mean_square(values), self._loss.update_ratio
        if gradient is None or ratios is None or len(self.targets) < 2:
            return math.nan
        self._recorded = True
        if not all_finite(gradient) or not np.count_nonzero(gradient):
            return math.nan
        has_gradient = gradient > 0.0
        decay = self._decay(gradient, ratios[self._of_all]) if has_gradient[-1] else 0.0
        if np.count_nonzero(has_gradient) == has_gradient.size:
            self._without.fill(0)
            return decay
        self._without += 1
        self._without[has_gradient] = 0
        is_cut = self._without >= _CUT_STEPS
        return np.maximum(np.where(is_cut, CUT_SCORE, 0.0), decay) if np.count_nonzero(is_cut) else decay

    def _decay(self, gradient: Scores, ratio: Scores) -> float | Scores:
        is_finite = self._loss.ratios_are_finite or all_finite(ratio)
        if len(self.targets) < self.fewest or not is_finite or not np.count_nonzero(ratio):
            return 0.0
        g, u = self._profiles.update(np.array([gradient, ratio]))
        third = max(1, len(g) // 3)
        if self._profiles.count <= self.warmup or np.maximum.reduce(g[-third:]) - g[0] < self.decades:
            return 0.0
        decay = np.median(g[-third:]) - g
        scores = np.minimum(decay / self.decades, (u[-third:].max() - u) / (0.5 * self.decades))
        if not scores[0] >= 1.0 or not is_geometric(-decay, fewest=self.fewest):
            return 0.0
        decayed: Scores = np.maximum(scores, 0.0)
        return decayed
