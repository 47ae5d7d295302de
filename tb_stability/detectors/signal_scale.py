"""Inputs or outputs of a network that have been far too large from the first step on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.layer_gradients import LayerGradients
from tb_stability.series import FloatArray, Layout, StepValues

Array = npt.NDArray[np.float64]

_SMOOTHING = 0.2  # weight of the newest step
_LEAST_SHARE = 0.1  # of the loss
_LARGEST_INPUT = 1e4  # beyond, it is a bias whose gradient is only rounding, as in front of a normalization


class SignalScale:
    r"""How large signals are that have been too large at every step so far.

        made_k  = |g_k| |W_k| / sqrt(entries of W_k)                       [unit of the loss]
        Z_k     = made_k / |b_k|                                           [unit of the signal]
        share_k = made_k / |loss|                                          [1]

    for the kernels k = 1 (nearest the input) ... K, with the norms of the gradients g of the kernel and b of
    the bias of its layer. The gradient of a kernel is that of the bias times the inputs of the layer, so
    Z_k is about the root mean square of what the layer computes before its activation, and share_k the part
    of the loss that its size makes.

    In a network that begins well all signals are about 1, its outputs too, whatever its targets are: what is
    to be learned comes later. So the inputs are too large while Z_1 has been above `limit` at every step that
    was measured, and the outputs while Z_K and a share_K above a tenth were: a bias whose gradients cancel
    over the batch has a large Z_K by chance, and a share of next to nothing. All are smoothed, with a weight
    of 0.2 for the newest step. The outputs of a network that was trained before may be of any size; so they
    count only where the bias of the last layer began at 0.

    Args:
      layout: Layout of the run.
      limit: Size of a signal that is too large. Larger is less sensitive.
      lasting_steps: Measured steps before it is known that they do not heal at once.

    Attributes:
      inputs_too_large: Whether what the first layer computes is too large, and always was.
      outputs_too_large: Whether the outputs are, and always were. Both are False before the first step.
      output_decades: How far they lie above the limit, in decades.
      variable: Place in `layout.variables` of the first kernel whose Z was too large at the first step; of
        the one before it, where already its inputs were (what happens inside of a recurrent layer does not
        show).
    """

    def __init__(self, layout: Layout, *, limit: float = 15.0, lasting_steps: int = 30) -> None:
        self.limit = limit
        self.lasting_steps = lasting_steps
        self.inputs_too_large = self.outputs_too_large = False
        self.output_decades = math.nan
        self.variable = 0
        self._layers = LayerGradients(layout)
        self._steps = 0
        self._smooth: Array = np.full(3, np.nan)  # Z_1 and Z_K in decades above the limit, share_K

    @property
    def is_over(self) -> bool:
        """Whether no signal can be too large any more."""
        return self._steps > 0 and not self.inputs_too_large and not self.outputs_too_large

    @property
    def is_lasting(self) -> bool:
        """Whether what is too large was so for `lasting_steps`."""
        return self._steps >= self.lasting_steps

    def update(self, values: StepValues, loss: float) -> None:
        """Takes a step. One without gradients, or with a loss that is 0, NaN or Inf, is passed over."""
        norms, weights = values.variables.get("grad_norm"), values.variables.get("weight_norm")
        if self.is_over or norms is None or weights is None or not loss or not math.isfinite(loss):
            return
        kernels, bias = self._layers.kernels, self._layers.bias
        if not len(kernels):
            return
        made = norms[kernels.index].astype(np.float64) * weights[kernels.index] / np.sqrt(kernels.sizes)
        sizes = made / np.where(bias >= 0, norms[bias], np.nan)
        newest = np.array([*np.log10(sizes[[0, -1]] / self.limit), made[-1] / abs(loss)])
        if not np.isfinite(made).all():
            return
        newest = np.where(np.isfinite(newest), newest, self._smooth)
        if not self._steps:
            self._smooth = newest
            self.inputs_too_large = True
            self.outputs_too_large = bool(bias[-1] >= 0 and weights[bias[-1]] == 0.0)
            self.variable = self._first_to_blame(sizes, made >= _LEAST_SHARE * abs(loss), weights)
        self._steps += 1
        self._smooth = self._smooth + _SMOOTHING * (newest - self._smooth)
        inputs, outputs, share = self._smooth.tolist()
        self.inputs_too_large &= 0.0 < inputs < math.log10(_LARGEST_INPUT / self.limit)
        self.outputs_too_large &= outputs > 0.0 and share >= _LEAST_SHARE
        self.output_decades = outputs

    def end(self) -> None:
        """Calls it over: the run goes on with other variables, so its beginning is past."""
        self._steps = max(self._steps, 1)
        self.inputs_too_large = self.outputs_too_large = False

    def _first_to_blame(self, sizes: Array, counts: npt.NDArray[np.bool_], weights: FloatArray) -> int:
        first = int(np.argmax((sizes >= self.limit) & counts))
        index = self._layers.kernels.index
        gain = float(weights[index[first]]) / math.sqrt(self._layers.bias_sizes[first])
        inputs_are_large = gain > 0.0 and sizes[first] / gain >= self.limit
        return int(index[first - 1 if inputs_are_large and first > 0 else first])
