"""BatchNormalization whose moving statistics stand still while the network trains."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.detector import Group, Scores
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.window_builder import Target, WindowRules

_SMOOTH_STOP = 1e-5  # a last movement this small against the vector is rounding to a fixed point


class BnStatisticsFrozen:
    """Moving mean and variance that do not move although the layer is being trained.

    At a step a layer is frozen where moving_mean and moving_variance changed
    by exactly 0 and gamma or beta changed (for a layer without them: a kernel
    of the network did). That is what happens when the layer runs in inference
    mode in a training step: `model(x)` without `training=True` in a custom loop.
    It scores 1, and 0 where the statistics moved.

    Silent are layers with `trainable = False`, which use the moving statistics
    on purpose, and statistics that came to rest smoothly: with the same full
    batch in every step they converge to the last bit.

    A step in which nothing was trained (gradient accumulation), or with NaN or
    Inf, scores NaN.

    Args:
      layout: Layout of the run.
      loss: The run's loss and updates, shared.
    """

    kind = "bn_statistics_frozen"
    reads: Group = "normalizations"
    rules = WindowRules(patience=10.0, grace=0, cooldown=5, merge=50)
    warmup = 10

    def __init__(self, layout: Layout, loss: RunLoss) -> None:
        self._loss = loss
        self._recorded = False
        self.change_layout(layout)

    @property
    def missing(self) -> str:
        """A layer that is meant to train is needed."""
        if not self.targets:
            return "the model has no BatchNormalization layer"
        if not self._trainable.any():
            return "every BatchNormalization layer has trainable = False"
        return "" if self._recorded else "no moving statistics were recorded"

    def change_layout(self, layout: Layout) -> None:
        """Watches the normalization layers of `layout` from now on."""
        layers = layout.normalizations
        self.targets = tuple(Target(f"moving_mean_change/{n.layer}", n.layer) for n in layers)
        self._trainable: npt.NDArray[np.bool_] = np.array([n.trainable for n in layers], dtype=np.bool_)
        self._has_affine: npt.NDArray[np.bool_] = np.array(
            ["gamma" in n.vectors or "beta" in n.vectors for n in layers], dtype=np.bool_
        )
        self._last_movement: dict[str, FloatArray] = {
            f"{vector}_{statistic}": np.full(len(layers), start, dtype=np.float32)
            for vector in ("moving_mean", "moving_variance")
            for statistic, start in (("change", np.inf), ("norm", 0.0))
        }

    def update(self, values: StepValues) -> float | Scores:
        """Returns one score a layer."""
        mean = values.normalizations.get("moving_mean_change")
        variance = values.normalizations.get("moving_variance_change")
        if mean is None or variance is None or not len(mean):
            return math.nan
        self._recorded = True
        moved = (mean > 0) | (variance > 0)
        self._remember(values, moved)
        if np.count_nonzero(moved) == moved.size:
            return 0.0
        still = (mean == 0) & (variance == 0)
        rested = self._came_to_rest()
        frozen = still & self._is_trained(values) & self._trainable & ~rested
        return np.where(frozen, 1.0, np.where(moved | rested | ~self._trainable, 0.0, np.nan))

    def _is_trained(self, values: StepValues) -> npt.NDArray[np.bool_]:
        none = np.zeros(len(self.targets), dtype=np.float32)
        gamma, beta = (values.normalizations.get(f"{vector}_change", none) for vector in ("gamma", "beta"))
        affine = np.fmax(gamma, beta) != 0  # NaN: it was trained, to NaN
        ratio = self._loss.update_ratio
        return np.where(self._has_affine, affine, ratio is not None and bool((ratio > 0).any()))

    def _remember(self, values: StepValues, moved: npt.NDArray[np.bool_]) -> None:
        """Keeps how far the statistics of each layer went when they last moved."""
        count = np.count_nonzero(moved)
        if not count:
            return
        for name, old in self._last_movement.items():
            new = values.normalizations.get(name, old)
            self._last_movement[name] = new if count == moved.size else np.where(moved, new, old)

    def _came_to_rest(self) -> npt.NDArray[np.bool_]:
        """Whether the last movement of a layer was small enough to be the last bits of a convergence."""
        mean_change, mean_norm, variance_change, variance_norm = self._last_movement.values()
        return (mean_change <= _SMOOTH_STOP * mean_norm) & (variance_change <= _SMOOTH_STOP * variance_norm)
