"""Collects what a diagnosis quotes, while the run goes on, in bounded memory."""

from __future__ import annotations

import collections
import itertools
import math

import numpy as np

from tb_stability.detectors.kernels import Kernels
from tb_stability.diagnosis.agreement import sign_agreement
from tb_stability.diagnosis.observed import NotFinite, Observed, Point
from tb_stability.series import Layout, StepValues

_FIRST_POINTS = 64
_MOST_POINTS = 256
_BEFORE_ALARM = 17  # 16, and the one before them
_MOST_ALARMS = 8
_TRIPLED = 3.0
_MOST_RISES = 64
_MOST_VALIDATIONS = 64


class RunHistory:
    """Keeps all of the first 64 steps, then every n-th with n growing, 256 at most; and what happened first.

    The 16 steps up to an alarm are kept, too, for the first 8 alarms.

    Args:
      layout: What the numbers of a step stand for.

    Example:
      >>> history = RunHistory()
      >>> for step, loss in enumerate([2.0, 1.9, math.nan]):
      ...     history.update(step, StepValues({"loss": loss}))
      >>> history.observed.not_finite.step, history.observed.first_loss
      (2, 2.0)
    """

    def __init__(self, layout: Layout = Layout()) -> None:  # noqa: B008 (a frozen value)
        self._first: list[Point] = []
        self._later: list[Point] = []
        self._every = 1
        self._since = 0
        self._latest: collections.deque[tuple[int, StepValues]] = collections.deque(maxlen=_BEFORE_ALARM)
        self._before_alarms: list[Point] = []
        self._alarms = 0
        self._not_finite: NotFinite | None = None
        self._batch_size: int | None = None
        self._inference_steps: dict[str, int] = {}
        self._batch_steps: dict[str, int] = {}
        self._rises: collections.deque[int] = collections.deque(maxlen=_MOST_RISES)
        self._turning_rate = math.nan
        self._is_rising = False
        self._loss_scale = math.nan
        self._loss_scale_cuts = 0
        self._first_validation = math.nan
        self._validation: collections.deque[tuple[int, float]] = collections.deque(maxlen=_MOST_VALIDATIONS)
        self.change_layout(layout)

    def change_layout(self, layout: Layout) -> None:
        """Looks at other variables from the next step on."""
        self._latest.clear()
        self._layout = layout
        self._kernels = Kernels(layout, measure="update_norm")
        self._normalizations = tuple(n.layer for n in layout.normalizations)

    def update(self, step: int, values: StepValues, *, alarmed: bool = False) -> None:
        """Takes a step. NaN and Inf are kept as they are.

        Args:
          step: The step, greater than the one before.
          values: Its measurements.
          alarmed: Whether a detector was sure of something at it.
        """
        scalars = values.scalars
        loss, norm = scalars.get("loss", math.nan), scalars.get("grad_norm", 0.0)
        if self._not_finite is None and (
            ("loss" in scalars and not math.isfinite(loss)) or not math.isfinite(norm)
        ):
            self._not_finite = self._describe(step, values)
        size = scalars.get("batch_size", 0.0)
        if size > (self._batch_size or 0):  # the last batch of an epoch may be smaller
            self._batch_size = int(size)
        if "val_loss" in scalars:
            self._validation.append((step, scalars["val_loss"]))
            if math.isnan(self._first_validation) and math.isfinite(scalars["val_loss"]):
                self._first_validation = scalars["val_loss"]
        self._follow_rate(step, scalars.get("learning_rate", math.nan))
        if "loss_scale" in scalars:
            scale = scalars["loss_scale"]
            self._loss_scale_cuts += scale < self._loss_scale
            self._loss_scale = scale if math.isfinite(scale) else self._loss_scale
        used = values.normalizations.get("batch_statistics")
        if used is not None:
            for layer, flag in zip(self._normalizations, used.tolist(), strict=True):
                if flag == 0.0:
                    self._inference_steps[layer] = self._inference_steps.get(layer, 0) + 1
                elif flag == 1.0:
                    self._batch_steps[layer] = self._batch_steps.get(layer, 0) + 1
        self._keep(step, values, self._latest[-1] if self._latest else None)
        self._latest.append((step, values))
        if alarmed and self._alarms < _MOST_ALARMS:
            self._alarms += 1
            pairs = itertools.pairwise(self._latest)
            self._before_alarms += [self._point(*latest, before) for before, latest in pairs]

    @property
    def observed(self) -> Observed:
        """What was seen so far."""
        points = (*self._first, *self._later, *self._before_alarms)
        return Observed(
            points=tuple({p.step: p for p in sorted(points, key=lambda p: p.step)}.values()),
            not_finite=self._not_finite,
            batch_size=self._batch_size,
            inference_steps=dict(self._inference_steps),
            batch_steps=dict(self._batch_steps),
            rate_rises=tuple(self._rises),
            loss_scale=self._loss_scale,
            loss_scale_cuts=self._loss_scale_cuts,
            validation=tuple(self._validation),
            first_validation=self._first_validation,
        )

    def _keep(self, step: int, values: StepValues, before: tuple[int, StepValues] | None) -> None:
        if len(self._first) < _FIRST_POINTS:
            self._first.append(self._point(step, values, before))
            return
        self._since += 1
        if self._since < self._every or (not values.variables and self._since < 2 * self._every):
            return  # rather a step that was measured in full
        self._since = 0
        self._later.append(self._point(step, values, before))
        if len(self._later) > _MOST_POINTS:
            self._later = self._later[::2]
            self._every *= 2

    def _point(self, step: int, values: StepValues, before: tuple[int, StepValues] | None) -> Point:
        ratios = self._kernels.update_ratio(values) if values.variables and len(self._kernels) else None
        known = ratios[~np.isnan(ratios)] if ratios is not None else ()
        return Point(
            step=step,
            loss=values.scalars.get("loss", math.nan),
            learning_rate=values.scalars.get("learning_rate", math.nan),
            grad_norm=values.scalars.get("grad_norm", math.nan),
            update_ratio=float(np.max(known)) if len(known) else math.nan,
            agreement=sign_agreement(values, before[1])
            if before is not None and before[0] == step - 1
            else math.nan,
        )

    def _describe(self, step: int, values: StepValues) -> NotFinite:
        layers = [variable.layer for variable in self._layout.variables]
        counts = [values.variables.get(name) for name in ("grad_nan", "grad_inf")]
        bad = sum((c > 0 for c in counts if c is not None), start=np.zeros(len(layers), np.bool_))
        found = [layer for layer, is_bad in zip(layers, bad, strict=True) if is_bad]
        weights = values.variables.get("weight_norm")
        return NotFinite(
            step=step,
            loss=values.scalars.get("loss", math.nan),
            layers=tuple(dict.fromkeys(found)),
            all_layers=bool(layers) and set(found) == set(layers),
            weights_were_finite=weights is None or bool(np.isfinite(weights).all()),
        )

    def _follow_rate(self, step: int, rate: float) -> None:
        """Notes where the rate has tripled since it last stopped falling."""
        if rate == self._turning_rate:  # as at most steps
            return
        if not (math.isfinite(rate) and rate > 0.0):
            return
        if math.isnan(self._turning_rate):
            self._turning_rate = rate
        if self._is_rising:
            if rate <= self._turning_rate / _TRIPLED:
                self._is_rising, self._turning_rate = False, rate
            else:
                self._turning_rate = max(self._turning_rate, rate)
        elif rate >= _TRIPLED * self._turning_rate:
            self._is_rising, self._turning_rate = True, rate
            self._rises.append(step)
        else:
            self._turning_rate = min(self._turning_rate, rate)
