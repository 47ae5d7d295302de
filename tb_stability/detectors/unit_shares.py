"""The share of units of each activation layer that pass no gradient, at every step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.series import Layout, StepValues

Shares = npt.NDArray[np.float64]


class UnitShares:
    """A share of the units of each activation layer: as measured, or as the gradient of its bias shows it.

    Activations are measured on few steps. Between them the gradient of the layer's own bias
    tells as much: its entry of a unit is exactly 0 where no example of the batch
    passes a gradient through the unit. So the share of zeros is the share of units that are dead
    for the batch (ReLU), or saturated for all of it to the last bit (tanh, sigmoid).

    That the gradient is 0 says nothing of a layer where a layer behind it passes none at all. So a share
    of 1 counts only for the last of the layers that have it, and not where the last variable has no
    gradient either.

    Args:
      layout: Layout of the run.
      measure: One of `ACTIVATION_MEASURES`.
      indices: Positions in `layout.activations` of the layers to look at.
    """

    def __init__(self, layout: Layout, *, measure: str, indices: list[int]) -> None:
        self._measure = measure
        self._indices = np.array(indices, dtype=np.int64)
        biases = {
            v.layer: i for i, v in enumerate(layout.variables) if v.role == "bias" and len(v.shape) == 1
        }
        layers = [layout.activations[i].layer for i in indices]
        bias = np.array([biases.get(layer, -1) for layer in layers], dtype=np.int64)
        self._with_bias = np.flatnonzero(bias >= 0)
        self._bias = bias[self._with_bias]
        self._unknown: Shares = np.full(len(indices), np.nan)

    def of(self, values: StepValues) -> tuple[Shares, npt.NDArray[np.bool_]]:
        """Returns `[layers]` shares, NaN where the step does not say, and where that is."""
        shares = self._from_gradients(values)
        measured = values.activations.get(self._measure)
        if measured is not None:
            shares = np.where(np.isnan(measured[self._indices]), shares, measured[self._indices])
        unknown = ~np.isfinite(shares)
        if np.count_nonzero(unknown):
            shares[unknown] = np.nan
        return shares, unknown

    def _from_gradients(self, values: StepValues) -> Shares:
        shares = self._unknown.copy()
        zeros, norms = values.variables.get("grad_zero_share"), values.variables.get("grad_norm")
        if zeros is None or norms is None or not norms[-1] > 0.0:
            return shares
        shares[self._with_bias] = zeros[self._bias]
        (blocked,) = (shares >= 1.0).nonzero()
        if len(blocked) > 1:
            shares[blocked[:-1]] = np.nan
        return shares
