"""The gradient of each layer with a kernel, as one number that can be compared between layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.detectors.kernels import Kernels
from tb_stability.series import Layout, StepValues


class LayerGradients:
    """Root mean square of an entry of the gradient, of a kernel or of its layer's bias, whichever is larger.

    Embeddings are left out: most of their rows have no gradient in a step.

    Args:
      layout: Layout of the run.

    Attributes:
      kernels: The kernels, in network order.
      bias: `[kernels]` places in the layout of the bias of the kernel's layer; -1 where it has none.
      bias_sizes: `[kernels]` their numbers of entries; 1 where there is none.
    """

    def __init__(self, layout: Layout) -> None:
        self.kernels = Kernels(layout, measure="grad_norm", embeddings=False)
        biases = {v.layer: i for i, v in enumerate(layout.variables) if v.role == "bias"}
        layers = [layout.variables[i].layer for i in self.kernels.index]
        self.bias = np.array([biases.get(name, -1) for name in layers], dtype=np.int64)
        self.bias_sizes = np.array(
            [layout.variables[i].size if i >= 0 else 1 for i in self.bias], dtype=np.float64
        )
        self._without_bias = np.flatnonzero(self.bias < 0)
        self._kernel_roots, self._bias_roots = np.sqrt(self.kernels.sizes), np.sqrt(self.bias_sizes)

    def root_mean_square(self, values: StepValues) -> npt.NDArray[np.float64] | None:
        """Returns `[kernels]` in units of loss / weight; None where gradients were not recorded."""
        norms = values.variables.get("grad_norm")
        if norms is None:
            return None
        kernel: npt.NDArray[np.float64] = norms[self.kernels.index] / self._kernel_roots
        if len(self._without_bias) == len(self.kernels):
            return kernel
        bias = norms[self.bias] / self._bias_roots
        if len(self._without_bias):
            bias[self._without_bias] = 0.0
        larger: npt.NDArray[np.float64] = np.maximum(kernel, bias)
        return larger
