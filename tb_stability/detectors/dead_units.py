"""ReLU units that give zero for every example, batch after batch."""

from __future__ import annotations

import math

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.detectors.unit_shares import UnitShares
from tb_stability.series import Layout, StepValues
from tb_stability.stats.least_of_last import LeastOfLast
from tb_stability.stats.log_level import LogLevel
from tb_stability.window_builder import Target, WindowRules

_DYING = frozenset(
    (
        "relu",
        "relu6",
        "hard_sigmoid",
        "sparse_sigmoid",
        "hard_silu",
        "sparse_plus",
        "soft_shrink",
        "hard_shrink",
    )
)
"""Functions that are exactly 0, with a gradient of 0, on an interval."""

_BATCHES = 4  # in a row in which a unit must be dead
_MOST_SUDDEN = 1.2  # most that a fall scores: only a layer of which hardly a unit is left is critical


class DeadUnits:
    r"""A layer of which only a small share of units is alive, less than it ever had.

        a_t     = 1 - least dead share of the last 4 batches, at least 1 / (2 units)     [1]
        score_t = max(log(1 / a_t) / log(few),  min(log(A / a_t) / log(fall), 1.2))

    one a layer with a function that is flat at zero, with A the running median of the alive share
    (`LogLevel`). The second term counts while at most half of the layer is alive, and never makes a window
    critical: that takes 17 of 18 units dead.

    For a single small batch a third of the units is dead in healthy networks, in sparse ones a half; what
    is dead in four of them is less. So it takes nine of ten units dead, or that
    two of three that were alive died at once. Both are shares, so no unit and no size matters.
    A dead unit gets no gradient, and never comes back by itself.

    A step that does not say how many units are dead (thinned; no gradient at all; NaN) scores NaN.

    Source: L. Lu et al., Dying ReLU and initialization, 2020, for the state in which a whole layer is dead.

    Args:
      layout: Layout of the run.
      loss: Not used.
      few: Inverse of the share of units alive that is abnormal. Larger is less sensitive.
      fall: Factor by which the alive share falls that is abnormal. Larger is less sensitive.
      warmup: Number of steps before scoring any.

    Example:
      >>> from tb_stability.series import Activation, Variable
      >>> layout = Layout((Variable("d/bias", "d", "bias", (50,)),), (), (Activation("d", "relu", 50),))
      >>> detector = DeadUnits(layout, RunLoss(layout))
      >>> one = np.ones(1, np.float32)
      >>> for _ in range(5):
      ...     scores = detector.update(StepValues({}, {"grad_zero_share": 0.99 * one, "grad_norm": one}))
      >>> np.round(scores, 6)
      array([2.])
    """

    kind = "dead_units"
    reads: Group = "variables"
    rules = WindowRules(
        patience=3.0,
        most_evidence=1.0,
        grace=0,
        cooldown=20,
        merge=200,
        lag=_BATCHES - 1,
        critical_score=1.25,
    )

    def __init__(
        self, layout: Layout, loss: RunLoss, *, few: float = 10.0, fall: float = 3.0, warmup: int = _BATCHES
    ) -> None:
        self.few = few
        self.fall = fall
        self._few_decades, self._fall_decades = np.log10((few, fall)).tolist()
        self.warmup = warmup
        self._steps = 0
        self._recorded = False
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """A layer with a function that dies is needed."""
        if not self.targets:
            return "no layer with ReLU or a function like it was found"
        return "" if self._recorded else "no activations were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches the activations of `layout` from now on."""
        indices = [i for i, a in enumerate(layout.activations) if a.function in _DYING]
        chosen = [layout.activations[i] for i in indices]
        self.targets = tuple(Target(f"dead_share/{a.layer}", a.layer) for a in chosen)
        self._shares = UnitShares(layout, measure="dead_share", indices=indices)
        self._least_alive: Scores = np.array([0.5 / max(a.units, 1) for a in chosen])
        self._least = LeastOfLast(len(chosen), window=_BATCHES)
        self._level = LogLevel(len(chosen), step=0.005)  # a layer that becomes sparse takes its time

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a layer."""
        shares, unknown = self._shares.of(values)
        unknowns = np.count_nonzero(unknown)
        self._steps += 1
        if unknowns == unknown.size:
            return math.nan
        self._recorded = True
        alive = np.maximum(1.0 - self._least.update(shares), self._least_alive)
        if unknowns:
            alive[unknown] = np.nan
        if self._steps <= self.warmup:
            return np.where(unknown, np.nan, 0.0)
        scores: Scores = np.log10(1.0 / alive) / self._few_decades
        are_few = alive <= 0.5
        if np.count_nonzero(are_few):
            sudden = np.minimum(-self._level.over(alive) / self._fall_decades, _MOST_SUDDEN)
            scores = np.maximum(scores, np.where(are_few, sudden, 0.0))
        are_dead = scores >= 1.0
        if np.count_nonzero(are_dead):
            alive[are_dead] = np.nan  # they are no new level
        self._level.update(alive)
        return scores
