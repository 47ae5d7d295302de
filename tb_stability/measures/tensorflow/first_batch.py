"""What the inputs and targets of a step hold: ranges of all their tensors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_stability.measures.tensorflow.once_traced import once_traced
from tb_stability.report import TensorRange

MOST_TENSORS = 16
"""Tensors of a batch that are looked at; of more, the first."""

_MOST_AXES = 8

NUMBERS = 5 + _MOST_AXES
"""Numbers of a tensor: min, max, mean, nan, inf, and the lengths of its axes."""

_Role = Literal["input", "target"]


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """What is known of a tensor of a batch before a step runs.

    Attributes:
      role: Whether it is an input or a target.
      name: Its place in the structure that the model was given, such as `image` or `masks/0`; `""` where it
        is all there is.
      dtype: Name of its type.
      axes: Number of axes.
    """

    role: _Role
    name: str
    dtype: str
    axes: int


BatchTensors = tuple[tuple[TensorSpec, tf.Tensor], ...]


def batch_tensors(x: Any, y: Any) -> BatchTensors:
    """Returns the tensors of inputs and targets, `MOST_TENSORS` at most.

    Strings, ragged and sparse tensors are left out: they have no numbers, or no shape.

    Args:
      x: Inputs: a tensor, or dicts, lists and tuples of tensors.
      y: Targets, likewise; None where there are none.
    """
    roles: tuple[tuple[_Role, Any], ...] = (("input", x), ("target", y))
    found = []
    for role, structure in roles:
        for name, item in _flatten(structure, ()):
            tensor = tf.convert_to_tensor(item) if isinstance(item, np.ndarray) else item
            if not isinstance(tensor, tf.Tensor) or tensor.shape.rank not in range(_MOST_AXES + 1):
                continue
            dtype = tensor.dtype
            if dtype.is_floating or dtype.is_integer or dtype.is_bool:
                found.append((TensorSpec(role, name, dtype.name, tensor.shape.rank), tensor))
    return tuple(found[:MOST_TENSORS])


def measure_ranges(tensors: BatchTensors) -> tf.Tensor:
    """Reduces tensors to their `NUMBERS`, inside or outside of a traced step.

    All entries are looked at, as float32.

    Returns:
      `[tensors, NUMBERS]` float32; for `decode`. Counts above 2**24 are rounded.
    """
    if not tensors:
        return tf.zeros([0, NUMBERS])
    return tf.stack([_numbers(tensor) for _, tensor in tensors])


def decode(specs: Sequence[TensorSpec], numbers: npt.ArrayLike) -> tuple[TensorRange, ...]:
    """Makes values of the result of `measure_ranges` and the specs of its tensors."""
    rows = np.asarray(numbers, np.float32).tolist()
    return tuple(
        TensorRange(
            role=spec.role,
            name=spec.name,
            shape=tuple(int(length) for length in lengths[: spec.axes]),
            dtype=spec.dtype,
            min=smallest,
            max=largest,
            mean=mean,
            nan=int(nan),
            inf=int(inf),
        )
        for spec, (smallest, largest, mean, nan, inf, *lengths) in zip(specs, rows, strict=True)
    )


def _flatten(structure: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yields the leaves of a structure with their place in it."""
    if isinstance(structure, Mapping):
        children: Iterable[tuple[Any, Any]] = structure.items()
    elif isinstance(structure, (list, tuple)):
        children = enumerate(structure)
    else:
        yield "/".join(path), structure
        return
    for key, child in children:
        yield from _flatten(child, (*path, str(key)))


def _numbers(tensor: tf.Tensor) -> tf.Tensor:
    entries = tf.cast(tf.reshape(tensor, [1, -1]), tf.float32)
    lengths = tf.cast(tf.shape(tensor), tf.float32)
    return tf.concat([_range(entries), lengths, tf.zeros([_MOST_AXES - tensor.shape.rank])], axis=0)


@once_traced(1)
def _range(entries: tf.Tensor) -> tf.Tensor:
    """Smallest, largest and mean of the finite entries of a matrix, numbers of NaN and of Inf."""
    finite = tf.math.is_finite(entries)
    count = _count(finite)
    # NaN where no entry is finite.
    known = tf.where(count > 0.0, 1.0, math.nan)
    return tf.stack(
        [
            known * tf.reduce_min(tf.where(finite, entries, tf.float32.max)),
            known * tf.reduce_max(tf.where(finite, entries, tf.float32.min)),
            # Divided first: the sum of large entries overflows.
            known * tf.reduce_sum(tf.where(finite, entries / tf.maximum(count, 1.0), 0.0)),
            _count(tf.math.is_nan(entries)),
            _count(tf.math.is_inf(entries)),
        ]
    )


def _count(mask: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.math.count_nonzero(mask), tf.float32)
