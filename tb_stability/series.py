"""What a run measures: the layout of a row, and the values of one step.

A **measure** is a quantity of the training step; its values over steps are a
**series**. Measures come in groups:

- `SCALARS`: one number a step (`loss`, `learning_rate`, ...).
- `VARIABLE_MEASURES`: one number a step and trainable variable.
- `NORMALIZATION_MEASURES`: one number a step, normalization layer and vector
  (`gamma`, `beta`, `moving_mean`, `moving_variance`).

On sampled steps, which are fewer, come two that are dear to measure:

- `ACTIVATION_MEASURES`: one number a layer with an activation function.
- histograms: one a trainable variable, of its gradient.

A series is named `loss` where there is one a run, `grad_norm/dense/kernel`
(measure, slash, variable) or `moving_mean_change/bn` (measure, slash, layer).

Training side and viewer side both speak in these values, so this module
imports numpy and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SCALARS: Mapping[str, str] = {
    "loss": "loss of this step's own batch, as it was differentiated",
    "learning_rate": "learning rate that the optimizer used for this update",
    "batch_size": "examples in the batch",
    "grad_norm": "L2 norm over the gradients of all variables, as given to the optimizer (before clipping)",
    "clipped_grad_norm": "the same after the optimizer's own clipping; absent where it does not clip",
    "loss_scale": "factor that the loss was scaled by (mixed precision); absent where there is none",
    "step_seconds": "wall time from the start of this step to the start of the next, in seconds",
}
"""Scalars of every row by name, with their meaning. A run may lack some."""

VARIABLE_MEASURES: Mapping[str, str] = {
    "grad_norm": "L2 norm of the gradient, as given to the optimizer (before clipping)",
    "grad_max": "largest |g| of the gradient's finite entries",
    "grad_mean": "mean of the gradient's entries",
    "grad_zero_share": "share of the gradient's entries that are exactly 0; of large ones, of a sample",
    "grad_nan": "number of entries of the gradient that are NaN",
    "grad_inf": "number of entries of the gradient that are infinite",
    "weight_norm": "L2 norm of the variable before the update",
    "update_norm": "L2 norm of what the variable changed by in this update",
}
"""Measures of every trainable variable by name, in the order of a row."""

NORMALIZATION_VECTORS = ("gamma", "beta", "moving_mean", "moving_variance")
"""Vectors of a normalization layer, one entry a channel."""

VECTOR_STATISTICS: Mapping[str, str] = {
    "norm": "L2 norm",
    "min": "smallest entry",
    "max": "largest entry",
    "distance": "L2 distance from the vector at the start of the run",
    "change": "L2 distance from the vector when it was last measured; exactly 0 where no entry moved",
}
"""Statistics of each of those vectors, after the update, in the order of a row."""

NORMALIZATION_MEASURES: tuple[str, ...] = (
    *(f"{vector}_{statistic}" for vector in NORMALIZATION_VECTORS for statistic in VECTOR_STATISTICS),
    "batch_statistics",
)
"""`gamma_norm`, `gamma_min`, ... `moving_variance_change`: 20 a layer; NaN where it lacks the vector. Then
`batch_statistics`: 1 where BatchNormalization normalised the step with the statistics of its batch, 0 where
with the moving ones, NaN for a layer of another kind and for one that was not called."""

ACTIVATION_MEASURES: Mapping[str, str] = {
    "dead_share": "share of the units (last axis) that are 0 for every example and position looked at",
    "saturated_share": "share of the outputs within 1 % of the function's range from one of its bounds",
}
"""Measures of an activation by name; NaN where the function has no zero region (no bounds)."""

SAMPLED_ENTRIES = 16_384
"""Entries of a gradient that `grad_zero_share` looks at; of a larger one, a sample of them."""

HISTOGRAM_SAMPLE = 1_024
"""Entries of a gradient that its histogram looks at; of a larger one, a sample of them."""

HISTOGRAM_EXPONENTS = (-32, 15)
"""Least and largest exponent e of a histogram's bins, 2**e <= |g| < 2**(e + 1); the outer ones are open."""

_OCTAVES = HISTOGRAM_EXPONENTS[1] - HISTOGRAM_EXPONENTS[0] + 1

HISTOGRAM_BINS = 2 * _OCTAVES + 4
"""Bins of a histogram, in this order: negative values from large to small magnitude, zero, positive values
from small to large magnitude, NaN, -Inf, +Inf. Subnormal numbers count as zero."""


def sample_stride(size: int, most: int) -> int:
    """Returns s so that the entries 0, s, 2 s, ... of a flat array are `most` or fewer, evenly spaced.

    s is 1 or odd: with a stride that shares factors with the number of units, the same units would
    be looked at in every row of a kernel (the numbers of units are mostly even).
    """
    return max(1, -(-size // most)) | 1 if size > most else 1


@dataclasses.dataclass(frozen=True)
class Variable:
    """A trainable variable.

    Attributes:
      name: Path of the variable, such as `block_1/dense/kernel`; unique in a run.
      layer: Path of its layer, such as `block_1/dense`.
      role: Its name inside the layer: `kernel`, `bias`, `gamma`, ...
      shape: Its shape; `()` for a single number.
    """

    name: str
    layer: str
    role: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclasses.dataclass(frozen=True)
class Normalization:
    """A normalization layer.

    Attributes:
      layer: Path of the layer.
      vectors: Those of `NORMALIZATION_VECTORS` that it has, in that order.
      channels: Number of entries of each vector; 0 where it has none.
      trainable: Whether the layer was meant to train. With `trainable = False`
        Keras uses the moving statistics of BatchNormalization on purpose.
      kind: Its Keras class: `BatchNormalization`, `LayerNormalization`, ...
    """

    layer: str
    vectors: tuple[str, ...]
    channels: int
    trainable: bool
    kind: str = "BatchNormalization"


@dataclasses.dataclass(frozen=True)
class Activation:
    """A layer with an activation function.

    Attributes:
      layer: Path of the layer.
      function: Name of the function, such as `relu`.
      units: Size of the last axis of its output.
    """

    layer: str
    function: str
    units: int


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the numbers of a row stand for; fixed as long as the variables are.

    Attributes:
      variables: Trainable variables in network order, inputs first.
      normalizations: Normalization layers in network order.
      activations: Layers with an activation that can be measured, in network order.
    """

    variables: tuple[Variable, ...] = ()
    normalizations: tuple[Normalization, ...] = ()
    activations: tuple[Activation, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers with a variable or a normalization, in network order."""
        names = [v.layer for v in self.variables] + [n.layer for n in self.normalizations]
        return tuple(dict.fromkeys(names))


@dataclasses.dataclass(frozen=True)
class StepValues:
    """The measurements of one training step, as float32 (what a log keeps).

    NaN and Inf are data: a loss that is NaN is in `scalars` as NaN. What was
    not observed at this step is absent from `scalars`. Of a step that was thinned only scalars were measured.

    Attributes:
      scalars: By name; see `SCALARS`. Other names (`val_loss`) are allowed.
      variables: `[variables]` by measure; see `VARIABLE_MEASURES`. Empty where
        the run records no gradients.
      normalizations: `[normalizations]` by measure; see
        `NORMALIZATION_MEASURES`.
      activations: `[activations]` by measure; see `ACTIVATION_MEASURES`. Empty where not sampled.
      histograms: `[variables, HISTOGRAM_BINS]` numbers of entries of each gradient by magnitude, uint16; None
        where not sampled.
    """

    scalars: Mapping[str, float]
    variables: Mapping[str, FloatArray] = dataclasses.field(default_factory=dict)
    normalizations: Mapping[str, FloatArray] = dataclasses.field(default_factory=dict)
    activations: Mapping[str, FloatArray] = dataclasses.field(default_factory=dict)
    histograms: npt.NDArray[np.uint16] | None = None
