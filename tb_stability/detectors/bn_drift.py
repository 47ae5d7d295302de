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
_CHANGES = tuple(f"{vector}_change" for vector in NORMALIZATION_VECTORS)
_TRAINED = 2  # of these: gamma and beta come first
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
        indices = np.array([i for i, _ in layers], dtype=np.int64)
        self._indices = indices if len(layers) < len(layout.normalizations) else slice(None)  # is faster
        self._trained = slice(0, _TRAINED * len(layers))
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
        if not self.targets or values.normalizations.keys().isdisjoint(_CHANGES):
            return math.nan
        self._recorded = True
        if self._gap != self._last_gap:
            self._learn_anew()
        self._last_gap, self._gap = self._gap, 0
        self._measured += 1
        trained = self._trained
        over = self._level.update(self._speeds(values))
        least = self._least.update(over)
        if self._measured <= self.warmup:
            return np.where(np.isnan(over), np.nan, 0.0)
        # Neither what is trivial nor momentum concerns the moving statistics.
        if np.count_nonzero(least >= self.rules.release * self.decades):
            scores: Scores = np.maximum(least, 0.0) / np.maximum(self.decades, 6.0 * self._level.spread)
            scores[trained][self._is_trivial(values)] = 0.0
        else:  # nothing comes near to being abnormal
            scores = np.zeros(len(self.targets))
        scores[trained][over[trained] - self._least.oldest[trained] < _DECAY] = np.nan
        scores[np.isnan(over + least)] = np.nan  # where either of them is
        return scores

    def _speeds(self, values: StepValues) -> Scores:
        """`[vectors * layers]`, in the order of the targets."""
        speeds = np.empty((len(_CHANGES), len(self.targets) // len(_CHANGES)))
        for row, name in enumerate(_CHANGES):
            change = values.normalizations.get(name)
            speeds[row] = np.nan if change is None else change[self._indices]
        rate = values.scalars.get("learning_rate", math.nan)
        if math.isfinite(rate) and rate > 0.0:
            speeds[:_TRAINED] /= rate
        return speeds.reshape(-1)

    def _is_trivial(self, values: StepValues) -> npt.NDArray[np.bool_]:
        """Whether a trained vector hardly moved."""
        gamma = values.normalizations.get("gamma_norm", self._channels)[self._indices]
        least = _LEAST_CHANGE * np.where(np.isnan(gamma), np.sqrt(self._channels[self._indices]), gamma)
        changes = [values.normalizations.get(name) for name in _CHANGES[:_TRAINED]]
        nothing = np.zeros(len(least), np.bool_)
        return np.concatenate([nothing if c is None else c[self._indices] < least for c in changes])
