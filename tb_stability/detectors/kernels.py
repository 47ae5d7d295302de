"""The kernels of a layout: the variables whose size against their update means something.

A bias or a gamma starts at 0 or 1 and has few entries, so its update ratio and
its gradient per entry are not comparable with those of a matrix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.series import FloatArray, Layout, StepValues
from tb_stability.window_builder import Target


class Kernels:
    """Selects the variables with two or more axes that are no bias (that of a GRU or of attention has two).

    Args:
      layout: Layout of the run.
      measure: Measure that names the series of their targets.
      embeddings: Whether tables of embeddings count. Most of their rows have no gradient in a step.

    Attributes:
      index: `[kernels]` positions in the layout, in network order.
      sizes: `[kernels]` numbers of entries.
      targets: One a kernel.
    """

    def __init__(self, layout: Layout, *, measure: str, embeddings: bool = True) -> None:
        chosen = [
            (i, v)
            for i, v in enumerate(layout.variables)
            if len(v.shape) >= 2 and not v.role.endswith("bias") and (embeddings or v.role != "embeddings")
        ]
        self.index: npt.NDArray[np.int64] = np.array([i for i, _ in chosen], dtype=np.int64)
        self.sizes: npt.NDArray[np.float64] = np.array([v.size for _, v in chosen], dtype=np.float64)
        self.targets = tuple(Target(f"{measure}/{v.name}", v.layer) for _, v in chosen)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, values: StepValues, measure: str) -> FloatArray | None:
        """Returns `[kernels]` values of `measure`, or None where it was not recorded."""
        all_values = values.variables.get(measure)
        return None if all_values is None else all_values[self.index]

    def update_ratio(self, values: StepValues) -> npt.NDArray[np.float64] | None:
        """Returns `[kernels]` update norm / weight norm, NaN where all weights are 0; None if unrecorded."""
        updates, weights = self.take(values, "update_norm"), self.take(values, "weight_norm")
        if updates is None or weights is None:
            return None
        ratio: npt.NDArray[np.float64] = (updates / weights).astype(np.float64)
        has_weights = weights > 0
        if np.count_nonzero(has_weights) < len(self):
            ratio[~has_weights] = np.nan
        return ratio
