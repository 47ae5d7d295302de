"""Where a run stands at its last step, with how sure that is: what repeated runs are compared by."""

from __future__ import annotations

import collections
import itertools
import math
import statistics

from tb_stability.report import Final
from tb_stability.series import StepValues

_FIRST_LOSSES = 5
_MOST_LOSSES = 64
_FEWEST_LOSSES = 8
_BLOCKS = 8
_SHARE = 4  # the last quarter of a run is its end
_LAST_VALIDATIONS = 3
_MOST_VALIDATIONS = 5
_LARGEST = 3.4e38  # of a float32, beyond which a value is Inf in the log


class FinalLevel:
    r"""Follows loss and validation loss, in bounded memory.

    Of the last n losses, cut into 8 blocks of n / 8 losses each, with the means b_1 ... b_8:

        n          = max(8, min(64, steps / 4)), in whole blocks        [steps]
        loss       = mean(b)                                            [unit of the loss]
        loss_error = sqrt(sum((b_i - loss)**2) / 7) / sqrt(8)           [unit of the loss]

    Blocks and not single losses, so that losses that depend on their neighbours do not look surer than
    they are. A loss that still falls makes the error larger. Of the last k <= 5 validation losses v:

        val_loss       = median(v_{k-2}, v_{k-1}, v_k)
        val_loss_error = sqrt(mean((v_{i+1} - v_i)**2) / 2);  NaN for k < 3

    which of independent values is their standard deviation, and does not see a slow trend.

    A loss that is NaN or Inf is left out; while it is the last one, the level is NaN.

    Source: batch means, as in A. Law, Simulation Modeling and Analysis, section 9.5.3.

    Example:
      >>> level = FinalLevel()
      >>> for loss in [2.0] * 40 + [1.0, 3.0] * 20:
      ...     level.update(StepValues({"loss": loss}))
      >>> level.final.first_loss, level.final.loss, level.final.loss_error
      (2.0, 2.0, 0.0)
    """

    def __init__(self) -> None:
        self._count = 0
        self._first: list[float] = []
        self._losses: collections.deque[float] = collections.deque(maxlen=_MOST_LOSSES)
        self._validations: collections.deque[float] = collections.deque(maxlen=_MOST_VALIDATIONS)
        self._learning_rate = math.nan
        self._batch_size: int | None = None

    def update(self, values: StepValues) -> None:
        """Takes the measurements of a step."""
        scalars = values.scalars
        if "loss" in scalars:
            self._count += 1
            loss = _as_logged(scalars["loss"])
            self._losses.append(loss)
            if len(self._first) < _FIRST_LOSSES and math.isfinite(loss):
                self._first.append(loss)
        if "val_loss" in scalars:
            self._validations.append(_as_logged(scalars["val_loss"]))
        self._learning_rate = scalars.get("learning_rate", self._learning_rate)
        size = scalars.get("batch_size", 0.0)
        if size > (self._batch_size or 0) and math.isfinite(size):  # the last of an epoch may be smaller
            self._batch_size = int(size)

    @property
    def final(self) -> Final:
        """Where the run stands now."""
        loss, loss_error = self._end_of_losses()
        val_loss, val_loss_error = self._end_of_validations()
        return Final(
            first_loss=statistics.median(self._first) if self._first else math.nan,
            loss=loss,
            loss_error=loss_error,
            val_loss=val_loss,
            val_loss_error=val_loss_error,
            learning_rate=self._learning_rate,
            batch_size=self._batch_size,
        )

    def _end_of_losses(self) -> tuple[float, float]:
        """Level and standard error; NaN where the last loss is not finite, and where there are too few."""
        if not self._losses or not math.isfinite(self._losses[-1]):
            return math.nan, math.nan
        finite = [loss for loss in self._losses if math.isfinite(loss)]
        size = max(_FEWEST_LOSSES, min(_MOST_LOSSES, self._count // _SHARE)) // _BLOCKS
        last = finite[-size * _BLOCKS :]
        if len(last) < _FEWEST_LOSSES:
            return statistics.fmean(last), math.nan
        size = len(last) // _BLOCKS
        last = last[-size * _BLOCKS :]
        means = [statistics.fmean(last[i : i + size]) for i in range(0, len(last), size)]
        return statistics.fmean(means), statistics.stdev(means) / math.sqrt(_BLOCKS)

    def _end_of_validations(self) -> tuple[float, float]:
        """Level and standard deviation; NaN as above."""
        values = list(self._validations)
        if not values or not math.isfinite(values[-1]):
            return math.nan, math.nan
        finite = [value for value in values if math.isfinite(value)]
        level = statistics.median(finite[-_LAST_VALIDATIONS:])
        if len(finite) < _LAST_VALIDATIONS:
            return level, math.nan
        squares = [(after - before) ** 2 for before, after in itertools.pairwise(finite)]
        return level, math.sqrt(statistics.fmean(squares) / 2.0)


def _as_logged(value: float) -> float:
    """A value, or NaN where it is NaN or too large for a log: its square would overflow."""
    return value if abs(value) <= _LARGEST else math.nan
