"""Outputs of tanh or sigmoid that lie at the bounds of the function, where no gradient passes."""

from __future__ import annotations

import math

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.detectors.unit_shares import UnitShares
from tb_stability.series import Activation, Layout, StepValues
from tb_stability.stats.log_level import LogLevel
from tb_stability.window_builder import Target, WindowRules

_BOUNDED = frozenset(("tanh", "sigmoid", "softsign", "hard_tanh", "hard_sigmoid", "sparse_sigmoid"))
"""Functions with two bounds at which they are flat."""

_ANSWERS = frozenset(("sigmoid", "hard_sigmoid", "sparse_sigmoid"))
"""Those of them that usually give a probability."""


class SaturatedUnits:
    r"""A layer of which only a small share of outputs is left in the range where a gradient passes.

        f_t     = 1 - saturated share, at least 1 / (2 units)                            [1]
        score_t = max(log(1 / f_t) / log(few),  log(F / f_t) / log(fall))

    one a hidden layer with a function that has two bounds, with F the running median of the free
    share (`LogLevel`). The second term counts while at most half of the outputs are free.

    Trained layers saturate in part: a tenth of the outputs is usual, and a half not rare. It takes four of
    five, or that three of four outputs that were free saturated at once. Both are shares, so
    no unit and no size matters.

    Outputs of the network are left out: a classifier that is sure of its answer is no fault. These are the
    layer of the last variable, and a sigmoid without a variable of its own that comes last.
    Gates inside of LSTM and GRU are not measured.

    Activations are measured on some steps only; between them a layer is known to be saturated where
    its bias has gradients of exactly 0 (see `UnitShares`). The other steps, and NaN, score NaN.

    Source: X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, 2010, section 3, where the share of saturated outputs tells whether a layer learns.

    Args:
      layout: Layout of the run.
      loss: Not used.
      few: Inverse of the free share that is abnormal. Larger is less sensitive.
      fall: Factor by which the free share falls that is abnormal. Larger is less sensitive.
      warmup: Number of steps that are known before scoring any.

    Example:
      >>> layout = Layout(activations=(Activation("d", "tanh", 50),))
      >>> detector = SaturatedUnits(layout, RunLoss(layout))
      >>> for share in (0.0, 0.0, 0.96):
      ...     scores = detector.update(StepValues({}, activations={"saturated_share": np.array([share])}))
      >>> np.round(scores, 6)
      array([2.321928])
    """

    kind = "saturated_units"
    reads: Group = "variables"
    rules = WindowRules(patience=2.0, most_evidence=1.0, grace=0, cooldown=3, merge=200)

    def __init__(
        self, layout: Layout, loss: RunLoss, *, few: float = 5.0, fall: float = 4.0, warmup: int = 1
    ) -> None:
        self.few = few
        self.fall = fall
        self.warmup = warmup
        self._recorded = False
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """A hidden layer with a bounded function is needed."""
        if not self.targets:
            return "no hidden layer with tanh, sigmoid or a function like them was found"
        return "" if self._recorded else "no activations were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches the activations of `layout` from now on."""
        hidden = [i for i, a in enumerate(layout.activations) if _is_hidden(a, layout)]
        indices = [i for i in hidden if layout.activations[i].function in _BOUNDED]
        chosen = [layout.activations[i] for i in indices]
        self.targets = tuple(Target(f"saturated_share/{a.layer}", a.layer) for a in chosen)
        self._shares = UnitShares(layout, measure="saturated_share", indices=indices)
        self._least_free: Scores = np.array([0.5 / max(a.units, 1) for a in chosen])
        self._known = np.zeros(len(chosen), dtype=np.int64)
        self._level = LogLevel(len(chosen), step=0.02)

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a layer."""
        shares, unknown = self._shares.of(values)
        if "saturated_share" not in values.activations:  # zeros in the gradient are the least that it can be
            unknown = ~(shares >= 1.0 - 1.0 / self.few)
            shares[unknown] = np.nan
        known = ~unknown
        if not np.count_nonzero(known):
            return math.nan
        self._recorded = True
        self._known += known
        free = np.maximum(1.0 - shares, self._least_free)
        sudden = np.where(free <= 0.5, -self._level.over(free) / np.log10(self.fall), 0.0)
        scores: Scores = np.maximum(np.log10(1.0 / free) / np.log10(self.few), sudden)
        self._level.update(np.where(scores >= 1.0, np.nan, free))
        return np.where(known & (self._known <= self.warmup), 0.0, scores)


def output_with_bounds(layout: Layout) -> int | None:
    """Place in `layout.activations` of the output of the network, where its function has two bounds."""
    for i, activation in enumerate(layout.activations):
        if activation.function in _BOUNDED and not _is_hidden(activation, layout):
            return i
    return None


def _is_hidden(activation: Activation, layout: Layout) -> bool:
    """Whether a layer is not the output of the network, as far as the layout tells."""
    with_variables = [v.layer for v in layout.variables]
    if activation.layer in with_variables:
        return activation.layer != with_variables[-1]
    return activation.function not in _ANSWERS or activation != layout.activations[-1]
