"""A loss that swings up and down, and gets nowhere."""

from __future__ import annotations

import collections
import math
import sys

import numpy as np

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues
from tb_stability.stats.swings import Swings
from tb_stability.window_builder import Target, WindowRules

_WINDOW = 64  # values that are looked at
_EVERY = 8  # values between two looks
_MEMORY = 0.5  # four standard deviations of what independent values have
_FEWEST_TURNS = 4  # two swings up and down
_MOST_GAIN = 0.2  # of the size, that the best level may gain meanwhile
_LARGE_RATIO = 0.02  # update norm / weight norm of a kernel; 0.001 is usual
_UNEXPLAINED_SCORE = 1.4  # most that swings score which the updates do not explain


class LossOscillation:
    r"""Large swings of the loss about a level, that the updates make themselves.

    Of the last 64 values, at every eighth one (see `Swings`):

        score = size / (share * max(initial - best, |median|))      if it swings, else 0

    with initial and best of `LossProgress`. It swings where neighbours hang together (|memory| at least
    0.5), it crosses its trend at least 4 times, and the fall is at most half of the size, and that of best a
    fifth. So the scatter of small batches, rare outliers and a descent are none, whatever their size, nor is
    a start that goes up and down on its way to ever better levels.

    Data in a fixed order swings too, with the period of an epoch. The updates tell the two apart:

        made_t = sum over the variables of gradient norm * update norm        [unit of the loss]

    is, to first order, the most by which an update can bring the loss down, and one that is too large by
    a factor of 3 brings it up by a half of that. Where the mean of made is below `made_share` times the
    mean step of the loss, or is not known, the score stays below `rules.warning_score`, and the window is
    `info`. So it does where no kernel changed by 2 % of its norm in a step: the loss of a generator in a GAN
    swings with small updates.

    A value that is NaN or Inf scores NaN and teaches nothing.

    Source: J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of
    stability, 2021, for the loss that swings where the rate exceeds 2 / sharpness.

    Args:
      layout: Not used: this is about the whole run.
      loss: The run's loss, shared.
      share: Size of the swings against progress and level that is abnormal. Larger is less sensitive.
      made_share: Share of the loss's steps that the updates must explain. Larger is less sensitive.
      warmup: Number of finite values before scoring any.
    """

    kind = "loss_oscillation"
    reads: Group = "scalars"
    targets = (Target("loss"),)
    rules = WindowRules(
        patience=24.0,
        most_evidence=1.0,
        grace=0,
        cooldown=32,
        merge=200,
        lag=_WINDOW // 2,
        warning_steps=sys.maxsize,
        warning_score=1.5,
    )

    def __init__(
        self,
        layout: Layout,
        loss: RunLoss,
        *,
        share: float = 0.25,
        made_share: float = 3.0,
        warmup: int = _WINDOW,
    ) -> None:
        self.share = share
        self.made_share = made_share
        self.warmup = warmup
        self._loss = loss
        self._values: Scores = np.full(_WINDOW, np.nan)
        self._made: Scores = np.full(_WINDOW, np.nan)
        self._ratio: Scores = np.zeros(_WINDOW)
        self._best: collections.deque[float] = collections.deque(maxlen=_WINDOW // _EVERY + 1)
        self._score = 0.0

    @property
    def missing(self) -> str:
        """A loss is needed."""
        return "" if self._loss.progress.count else "no finite loss was recorded"

    def change_layout(self, layout: Layout) -> None:
        """Changes nothing: the loss goes on."""

    def update(self, values: StepValues) -> float:
        """Returns the score of the step."""
        loss = self._loss
        if not math.isfinite(loss.value):
            return math.nan
        count = loss.progress.count
        place = count % _WINDOW
        self._values[place] = loss.value
        self._made[place] = loss.made
        self._ratio[place] = loss.largest_ratio
        if count % _EVERY:
            return self._score
        self._best.append(loss.progress.best)
        if count >= max(self.warmup, _WINDOW):
            start = (count + 1) % _WINDOW
            in_order = np.concatenate((self._values[start:], self._values[:start]))
            self._score = self._score_of(Swings(in_order))
        return self._score

    def _score_of(self, swings: Swings) -> float:
        if (
            abs(swings.memory) < _MEMORY
            or swings.turns < _FEWEST_TURNS
            or abs(swings.fall) > 0.5 * swings.size
        ):
            return 0.0
        progress = self._loss.progress
        if self._best[0] - progress.best > _MOST_GAIN * swings.size:
            return 0.0
        limit = self.share * max(progress.initial - progress.best, abs(float(np.median(self._values))))
        score = swings.size / limit if limit > 0.0 else 0.0
        known = self._made[~np.isnan(self._made)]
        is_made = len(known) > 0 and float(known.mean()) >= self.made_share * swings.step
        is_large = bool(self._ratio.max() >= _LARGE_RATIO)
        return score if is_made and is_large else min(score, _UNEXPLAINED_SCORE)
