"""Statistics of gradients, weights and updates, as TensorFlow ops inside the training step.

All of them compile with XLA, none of them waits for a device, and none changes a
variable of the user's. Definitions and units: `tb_stability/series.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import tensorflow as tf

from tb_stability.measures.tensorflow.shadow import shadow
from tb_stability.series import SAMPLED_ENTRIES, sample_stride

_UNDERFLOW = 1e-30
"""A sum of squares below this has lost digits: float32 keeps none below 1e-38."""

_STACKED_ENTRIES = 16_384
"""Size up to which a variable is small: copying it costs less than an operation of its own."""


def dense(gradient: tf.Tensor | tf.IndexedSlices, shape: Sequence[int]) -> tf.Tensor:
    """Returns a gradient as a dense float32 tensor of its variable's shape.

    The gradient of an embedding is a list of rows; rows that occur twice are summed.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        gradient = shadow(gradient)
    # TensorFlow does not always know the shape of what it sums, and we count entries.
    return tf.ensure_shape(tf.cast(tf.convert_to_tensor(gradient), tf.float32), shape)


def variable_statistics(
    gradients: Sequence[tf.Tensor], weights: Sequence[tf.Tensor], updates: Sequence[tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Reduces one update of some variables to `VARIABLE_MEASURES`.

    The sums of squares of the fast path overflow for values above 1e19 and vanish below 1e-19, and
    say nothing of single NaNs. Where a sum shows that this happened, a slower branch computes
    everything again without these limits; a healthy step never pays for it.

    Small variables of one shape are reduced together: with many of them, the number of operations
    is what costs.

    Args:
      gradients: One float32 tensor a variable.
      weights: The variables' values before the update, float32.
      updates: What they changed by, or its negative, float32.

    Returns:
      By measure, a float32 vector with one entry a variable. A norm is NaN where an entry is NaN, else
      infinite where one is infinite. A weight norm or update norm below 1e-19 may come out as 0.
    """
    groups = groups_of_one_shape([gradient.shape for gradient in gradients])
    kinds = {
        "grad": [_rows(gradients, group) for group in groups],
        "weight": [_rows(weights, group) for group in groups],
        "update": [_rows(updates, group) for group in groups],
    }
    squares = [tf.concat([_squares(rows) for rows in kind], axis=0) for kind in kinds.values()]
    largest = tf.concat([_largest_absolute(rows) for rows in kinds["grad"]], axis=0)
    sums = tf.concat([tf.reduce_sum(rows, axis=1) for rows in kinds["grad"]], axis=0)
    sizes = np.concatenate([[max(1, rows.shape[1])] * rows.shape[0] for rows in kinds["grad"]])
    zeros = tf.concat([_zero_share(rows) for rows in kinds["grad"]], axis=0)

    def fast() -> tf.Tensor:
        norms = [tf.sqrt(square) for square in squares]
        none = tf.zeros_like(largest)
        return tf.stack([*norms, largest, none, none, sums / tf.constant(sizes, tf.float32)])

    def careful() -> tf.Tensor:
        norms = [tf.concat([_norms(rows) for rows in kind], axis=0) for kind in kinds.values()]
        others = tf.concat([_largest_counts_and_mean(rows) for rows in kinds["grad"]], axis=1)
        return tf.concat([tf.stack(norms), others], axis=0)

    trusted = tf.reduce_all(tf.math.is_finite(tf.concat(squares, axis=0))) & tf.reduce_all(
        (squares[0] > _UNDERFLOW) | (largest == 0.0)
    )
    measures = tf.concat([tf.cond(trusted, fast, careful), [zeros]], axis=0)
    as_given = np.argsort(np.concatenate(groups))
    names = (
        *("grad_norm", "weight_norm", "update_norm"),
        *("grad_max", "grad_nan", "grad_inf", "grad_mean", "grad_zero_share"),
    )
    return dict(zip(names, tf.unstack(tf.gather(measures, as_given, axis=1)), strict=True))


def groups_of_one_shape(shapes: Sequence[Sequence[int]]) -> list[list[int]]:
    """Returns the places of variables that are reduced together: small ones of a shape, large ones alone."""
    groups: dict[object, list[int]] = {}
    for place, shape in enumerate(shapes):
        small = math.prod(shape) <= _STACKED_ENTRIES
        groups.setdefault(tuple(shape) if small else place, []).append(place)
    return list(groups.values())


def quick_global_norm(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the L2 norm over several float32 tensors with as little work as there can be.

    It is finite where all entries are, up to 1e19; above that it may be infinite. Below 1e-19 it may be 0.
    """
    return tf.sqrt(2.0 * tf.add_n([tf.nn.l2_loss(gradient) for gradient in gradients]))


def are_finite(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns whether all entries of several float32 tensors are finite, and their sum."""
    return tf.math.is_finite(tf.add_n([tf.reduce_sum(tensor) for tensor in tensors]))


def global_norm(norms: tf.Tensor) -> tf.Tensor:
    """Returns the L2 norm over several tensors from their norms, without overflow in between."""
    largest = tf.reduce_max(tf.where(tf.math.is_finite(norms), norms, 0.0))
    scale = tf.where(largest > 0.0, largest, 1.0)
    return scale * tf.sqrt(tf.reduce_sum(tf.square(norms / scale)))


def segment_statistics(
    entries: tf.Tensor, start: tf.Tensor, previous: tf.Tensor, segments: tf.Tensor, count: int
) -> dict[str, tf.Tensor]:
    """Reduces vectors that lie one after the other in `entries` to `VECTOR_STATISTICS`.

    Args:
      entries: Their entries now, float32.
      start: Their entries at the start of the run.
      previous: Their entries when they were last measured.
      segments: For each entry, the number of the vector that it belongs to.
      count: Number of vectors.

    Returns:
      By statistic, a float32 vector with one entry a vector.
    """

    def norm(x: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(tf.math.unsorted_segment_sum(tf.square(x), segments, count))

    return {
        "norm": norm(entries),
        "min": tf.math.unsorted_segment_min(entries, segments, count),
        "max": tf.math.unsorted_segment_max(entries, segments, count),
        "distance": norm(entries - start),
        "change": norm(entries - previous),
    }


def _rows(tensors: Sequence[tf.Tensor], group: Sequence[int]) -> tf.Tensor:
    """Some tensors of one shape as `[tensors, entries]`."""
    stacked = tensors[group[0]] if len(group) == 1 else tf.stack([tensors[place] for place in group])
    return tf.reshape(stacked, [len(group), tensors[group[0]].shape.num_elements()])


def _squares(rows: tf.Tensor) -> tf.Tensor:
    """Sum of squares of each row."""
    if rows.shape[0] == 1:  # one pass and no copy
        return tf.reshape(2.0 * tf.nn.l2_loss(rows), [1])
    return tf.reduce_sum(tf.square(rows), axis=1)


def _largest(rows: tf.Tensor) -> tf.Tensor:
    """Largest entry of each row; 0 for rows without entries."""
    return tf.reduce_max(rows, axis=1) if rows.shape[1] else tf.zeros([rows.shape[0]])


def _largest_absolute(rows: tf.Tensor) -> tf.Tensor:
    """As `_largest` of `tf.abs(rows)`, without writing that down in between."""
    return tf.maximum(_largest(rows), -tf.reduce_min(rows, axis=1)) if rows.shape[1] else _largest(rows)


def _zero_share(rows: tf.Tensor) -> tf.Tensor:
    sample = rows[:, :: sample_stride(rows.shape[1], SAMPLED_ENTRIES)]
    return _count(tf.equal(sample, 0.0)) / max(1, sample.shape[1])


def _count(rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(rows, tf.float32), axis=1)


def _of_any_shape(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Has a function of `[vectors, entries]` traced once for all: what is rarely run must cost little."""
    any_shape = tf.TensorSpec([None, None], tf.float32)
    return cast(
        "Callable[[tf.Tensor], tf.Tensor]",
        tf.function(function, input_signature=[any_shape], autograph=False),
    )


@_of_any_shape
def _norms(rows: tf.Tensor) -> tf.Tensor:
    """L2 norm of each row of any finite float32 tensor; NaN or Inf where an entry is."""
    largest = _largest_finite(rows)
    scale = tf.where(largest > 0.0, largest, 1.0)
    return scale * tf.sqrt(tf.reduce_sum(tf.square(rows / scale[:, tf.newaxis]), axis=1))


@_of_any_shape
def _largest_counts_and_mean(rows: tf.Tensor) -> tf.Tensor:
    """Of each row the largest finite entry, the number of NaN and of Inf, and the mean: `[4, vectors]`.

    The mean is finite also where the sum would overflow; 0 for rows without entries.
    """
    entries = tf.cast(tf.maximum(1, tf.shape(rows)[1]), tf.float32)
    return tf.stack(
        [
            _largest_finite(rows),
            _count(tf.math.is_nan(rows)),
            _count(tf.math.is_inf(rows)),
            tf.reduce_sum(rows / entries, axis=1),
        ]
    )


def _largest_finite(rows: tf.Tensor) -> tf.Tensor:
    return tf.maximum(0.0, tf.reduce_max(tf.where(tf.math.is_finite(rows), tf.abs(rows), 0.0), axis=1))
