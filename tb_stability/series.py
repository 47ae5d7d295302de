"""What a run measures: the layout of a row, and the values of one step.

A **measure** is a quantity of the training step; its values over steps are a
**series**. Measures come in three groups:

- `SCALARS`: one number a step (`loss`, `learning_rate`, ...).
- `VARIABLE_MEASURES`: one number a step and trainable variable.
- `NORMALIZATION_MEASURES`: one number a step, normalization layer and vector
  (`gamma`, `beta`, `moving_mean`, `moving_variance`).

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
}
"""Scalars of every row by name, with their meaning. A run may lack some."""

VARIABLE_MEASURES: Mapping[str, str] = {
    "grad_norm": "L2 norm of the gradient, as given to the optimizer (before clipping)",
    "grad_max": "largest |g| of the gradient's finite entries",
    "grad_nonfinite": "number of entries of the gradient that are NaN or Inf",
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
    "change": "L2 distance from the vector one step before; exactly 0 where no entry moved",
}
"""Statistics of each of those vectors, after the update, in the order of a row."""

NORMALIZATION_MEASURES: tuple[str, ...] = tuple(
    f"{vector}_{statistic}" for vector in NORMALIZATION_VECTORS for statistic in VECTOR_STATISTICS
)
"""`gamma_norm`, `gamma_min`, ... `moving_variance_change`: 20 a layer; NaN where it lacks the vector."""


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
    """A BatchNormalization layer.

    Attributes:
      layer: Path of the layer.
      vectors: Those of `NORMALIZATION_VECTORS` that it has, in that order.
      channels: Number of entries of each vector.
      trainable: Whether the layer was meant to train. With `trainable = False`
        Keras uses the moving statistics on purpose.
    """

    layer: str
    vectors: tuple[str, ...]
    channels: int
    trainable: bool


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the numbers of a row stand for; fixed as long as the variables are.

    Attributes:
      variables: Trainable variables in network order, inputs first.
      normalizations: BatchNormalization layers in network order.
    """

    variables: tuple[Variable, ...] = ()
    normalizations: tuple[Normalization, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers with a variable or a normalization, in network order."""
        names = [v.layer for v in self.variables] + [n.layer for n in self.normalizations]
        return tuple(dict.fromkeys(names))


@dataclasses.dataclass(frozen=True)
class StepValues:
    """The measurements of one training step, as float32 (what a log keeps).

    NaN and Inf are data: a loss that is NaN is in `scalars` as NaN. What was
    not observed at this step is absent from `scalars`.

    Attributes:
      scalars: By name; see `SCALARS`. Other names (`val_loss`) are allowed.
      variables: `[variables]` by measure; see `VARIABLE_MEASURES`. Empty where
        the run records no gradients.
      normalizations: `[normalizations]` by measure; see
        `NORMALIZATION_MEASURES`.
    """

    scalars: Mapping[str, float]
    variables: Mapping[str, FloatArray] = dataclasses.field(default_factory=dict)
    normalizations: Mapping[str, FloatArray] = dataclasses.field(default_factory=dict)
