"""Vectors of a BatchNormalization layer that suddenly move much faster than they used to."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import NORMALIZATION_VECTORS, Layout, StepValues
from tb_stability.stats.least_of_last import LeastOfLast
from tb_stability.stats.log_level import LogLevel
from tb_stability.window_builder import Target, WindowRules

_STEPS = 3  # in a row that a vector must be fast
_DECAY = math.log10(0.95)  # over these steps; momentum repeats an odd batch with 0.9 to the power of them
_TRAINED = ("gamma", "beta")
_LEAST_CHANGE = 1e-3  # of the norm of gamma, that a trained vector must move in a step


class BnDrift:
    r"""Gamma, beta, moving mean or moving variance that move ten times as fast as before.

        c_t     = change of the vector in this step (gamma, beta: divided by the learning rate)
        over_t  = log10(c_t) - its running median                                       [decades]
        score_t = least of the last 3 over / max(decades, 6 * spread)

    one a vector and BatchNormalization layer, with median and spread of `LogLevel`.

    The moving statistics run after those of the batches by a fixed share of the distance a step, so their
    speed is the distance: inputs on another scale, or a layer in front that changed abruptly, show there
    at once. Gamma and beta are trained, and their speed over the learning rate is that of their gradient:
    it stays within half a decade in healthy runs, in warm-up and schedules as well, until the loss is near
    zero and so is the gradient, but for odd batches. So a change of less than a thousandth of gamma's norm is
    no drift (of one a channel where there is no gamma), and a speed that falls from step to step says
    nothing: momentum repeats an odd batch. At the start moving statistics are fast and become slower; that
    is none either.

    Where steps are thinned, a change spans several updates: after each change of that number the median
    is learned anew. A vector that did not move, NaN and Inf score NaN and teach nothing.

    Source: S. Ioffe and C. Szegedy, Batch normalization, 2015, algorithm 2, for what the moving
    statistics are.

    Args:
      layout: Layout of the run.
      loss: Not used.
      decades: Speed above the usual one that is abnormal, in decades. Larger is less sensitive.
      warmup: Number of measured steps before scoring any.
    """

    kind = "bn_drift"
    reads: Group = "scalars"
    rules = WindowRules(patience=2.0, most_evidence=1.0, grace=0, cooldown=20, merge=100, lag=_STEPS - 1)

    def __init__(self, layout: Layout, loss: RunLoss, *, decades: float = 1.0, warmup: int = 20) -> None:
        self.decades = decades
        self.warmup = warmup
        self._recorded = False
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """BatchNormalization is needed."""
        if not self.targets:
            return "the model has no BatchNormalization layer"
        return "" if self._recorded else "no normalization statistics were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches the normalization layers of `layout` from now on."""
        layers = [
            (i, n) for i, n in enumerate(layout.normalizations) if n.kind.endswith("BatchNormalization")
        ]
        self._indices = np.array([i for i, _ in layers], dtype=np.int64)
        self.targets = tuple(
            Target(f"{vector}_change/{n.layer}", n.layer)
            for vector in NORMALIZATION_VECTORS
            for _, n in layers
        )
        self._channels = np.array([n.channels for n in layout.normalizations], dtype=np.float32)
        self._gap = self._last_gap = 0
        self._learn_anew()

    def _learn_anew(self) -> None:
        self._measured = 0
        self._level = LogLevel(len(self.targets))
        self._least = LeastOfLast(len(self.targets), window=_STEPS)

    def update(self, values: StepValues) -> Scores | float:
        """Returns one score a vector and layer."""
        self._gap += 1
        if not self.targets or "moving_mean_change" not in values.normalizations:
            return math.nan
        self._recorded = True
        if self._gap != self._last_gap:
            self._learn_anew()
        self._last_gap, self._gap = self._gap, 0
        self._measured += 1
        over = self._level.update(self._speeds(values))
        least = self._least.update(over)
        if self._measured <= self.warmup:
            return np.where(np.isnan(over), np.nan, 0.0)
        scores = np.maximum(least, 0.0) / np.maximum(self.decades, 6.0 * self._level.spread)
        scores[self._is_trivial(values)] = 0.0
        decays = over - self._least.oldest < _DECAY
        decays[len(decays) // 2 :] = False  # the moving statistics, which momentum does not reach
        scores[decays] = np.nan
        return np.where(np.isnan(over), np.nan, scores)

    def _is_trivial(self, values: StepValues) -> npt.NDArray[np.bool_]:
        """`[vectors * layers]`, whether it is a trained vector that hardly moved."""
        gamma = values.normalizations.get("gamma_norm", self._channels)[self._indices]
        least = _LEAST_CHANGE * np.where(np.isnan(gamma), np.sqrt(self._channels[self._indices]), gamma)
        nothing = np.zeros(len(self._indices), np.bool_)
        trivial = []
        for vector in NORMALIZATION_VECTORS:
            change = values.normalizations.get(f"{vector}_change")
            if vector in _TRAINED and change is not None:
                trivial.append(change[self._indices] < least)
            else:
                trivial.append(nothing)
        return np.concatenate(trivial)

    def _speeds(self, values: StepValues) -> Scores:
        rate = values.scalars.get("learning_rate", math.nan)
        rate = rate if math.isfinite(rate) and rate > 0.0 else 1.0
        nothing = np.full(len(self._indices), np.nan)
        speeds = []
        for vector in NORMALIZATION_VECTORS:
            change = values.normalizations.get(f"{vector}_change")
            speed = nothing if change is None else change[self._indices].astype(np.float64)
            speeds.append(speed / rate if vector in _TRAINED else speed)
        return np.concatenate(speeds)
