"""Statistics of gradients, weights and updates, as TensorFlow ops inside the training step.

All of them compile with XLA, none of them waits for a device, and none changes a
variable of the user's. Definitions and units: `tb_stability/series.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_stability.measures.tensorflow.once_traced import once_traced
from tb_stability.measures.tensorflow.shadow import shadow
from tb_stability.measures.tensorflow.stacks import Stacks
from tb_stability.series import SAMPLED_ENTRIES, sample_stride

_UNDERFLOW = 1e-30
"""A sum of squares below this has lost digits: float32 keeps none below 1e-38."""


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

    Small variables are reduced together, see `Stacks`: with many of them, the number of operations
    is what costs.

    Args:
      gradients: One float32 tensor a variable.
      weights: The variables' values before the update, float32.
      updates: What they changed by, or its negative, float32.

    Returns:
      By measure, a float32 vector with one entry a variable. A norm is NaN where an entry is NaN, else
      infinite where one is infinite. A weight norm or update norm below 1e-19 may come out as 0.
    """
    stacks = Stacks([gradient.shape for gradient in gradients])
    matrices = [stacks.matrices(tensors) for tensors in (gradients, weights, updates)]
    large = [(gradients[place], weights[place], updates[place]) for place in stacks.alone]
    parts = [
        _quick_measures(*rows, filling=stacks.zeros(group))
        for *rows, group in zip(*matrices, stacks.stacked, strict=True)
    ]
    if large:
        parts.append(_quick_measures_of_large(large))
    quick = tf.transpose(_joined(parts))
    in_order = [place for group in (*stacks.stacked, stacks.alone) for place in group]
    sizes = tf.constant([[max(1, stacks.sizes[place])] for place in in_order], tf.float32)
    squares, largest = quick[:3], quick[3]

    def fast() -> tf.Tensor:
        none = tf.zeros_like(largest)
        return tf.stack([*tf.unstack(tf.sqrt(squares)), largest, none, none, quick[4] / sizes[:, 0]])

    def careful() -> tf.Tensor:
        triples = [*zip(*matrices, strict=True), *([tf.reshape(x, [1, -1]) for x in xs] for xs in large)]
        sizes_of = tf.split(sizes, [xs[0].shape[0] for xs in triples])
        parts = [_careful_measures(*xs, sizes) for xs, sizes in zip(triples, sizes_of, strict=True)]
        return tf.transpose(_joined(parts))

    trusted = tf.reduce_all(tf.math.is_finite(squares)) & tf.reduce_all(
        (squares[0] > _UNDERFLOW) | tf.equal(largest, 0.0)
    )
    zeros = quick[5] / tf.constant([_sampled(stacks.sizes[place]) for place in in_order])
    measures = tf.concat([tf.cond(trusted, fast, careful), zeros[tf.newaxis]], axis=0)
    if in_order != sorted(in_order):
        measures = tf.gather(measures, stacks.as_given, axis=1)
    names = (
        *("grad_norm", "weight_norm", "update_norm"),
        *("grad_max", "grad_nan", "grad_inf", "grad_mean", "grad_zero_share"),
    )
    return dict(zip(names, tf.unstack(measures), strict=True))


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


def _sampled(size: int) -> float:
    """How many entries of a gradient are looked at for zeros; 1 of none."""
    return float(max(1, -(-size // sample_stride(size, SAMPLED_ENTRIES))))


def _joined(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)


def _quick_measures(
    gradients: tf.Tensor, weights: tf.Tensor, updates: tf.Tensor, *, filling: npt.NDArray[np.int64]
) -> tf.Tensor:
    """Of each row of matrices: three sums of squares, largest |g|, sum of g, number of zeros: `[rows, 6]`.

    Args:
      gradients: `[rows, entries]`.
      weights: Likewise.
      updates: Likewise.
      filling: How many zeros at the end of each row are not counted.
    """
    zeros = tf.reduce_sum(tf.cast(tf.equal(gradients, 0.0), tf.float32), axis=1)
    return tf.stack(
        [
            *(tf.reduce_sum(tf.square(rows), axis=1) for rows in (gradients, weights, updates)),
            # As the largest of `tf.abs`, without writing that down in between.
            tf.maximum(tf.reduce_max(gradients, axis=1), -tf.reduce_min(gradients, axis=1)),
            tf.reduce_sum(gradients, axis=1),
            zeros - tf.constant(filling, tf.float32) if filling.any() else zeros,
        ],
        axis=1,
    )


def _quick_measures_of_large(variables: Sequence[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]) -> tf.Tensor:
    """The same of variables given one by one: no copy, and as few operations as there can be."""
    numbers: list[tf.Tensor] = []
    for gradient, weight, update in variables:
        numbers += (tf.nn.l2_loss(tensor) for tensor in (gradient, weight, update))
        numbers += (tf.reduce_max(gradient), -tf.reduce_min(gradient), tf.reduce_sum(gradient))
        stride = sample_stride(gradient.shape.num_elements(), SAMPLED_ENTRIES)
        sample = gradient if stride == 1 else tf.reshape(gradient, [-1])[::stride]
        numbers.append(tf.reduce_sum(tf.cast(tf.equal(sample, 0.0), tf.float32)))
    halves, highest, lowest, others = tf.split(tf.reshape(tf.stack(numbers), [-1, 7]), [3, 1, 1, 2], axis=1)
    return tf.concat([2.0 * halves, tf.maximum(highest, lowest), others], axis=1)


@once_traced(4)
def _careful_measures(
    gradients: tf.Tensor, weights: tf.Tensor, updates: tf.Tensor, sizes: tf.Tensor
) -> tf.Tensor:
    """Of each row of any float32 matrices: norms, largest finite |g|, numbers of NaN and of Inf, mean.

    Norms are NaN or Inf where an entry is. The mean is finite also where the sum would overflow. `[rows, 7]`.
    """
    return tf.stack(
        [
            *map(_norms, (gradients, weights, updates)),
            _largest_finite(gradients),
            _count(tf.math.is_nan(gradients)),
            _count(tf.math.is_inf(gradients)),
            tf.reduce_sum(gradients / sizes, axis=1),
        ],
        axis=1,
    )


def _norms(rows: tf.Tensor) -> tf.Tensor:
    largest = _largest_finite(rows)
    scale = tf.where(largest > 0.0, largest, 1.0)
    return scale * tf.sqrt(tf.reduce_sum(tf.square(rows / scale[:, tf.newaxis]), axis=1))


def _largest_finite(rows: tf.Tensor) -> tf.Tensor:
    return tf.maximum(0.0, tf.reduce_max(tf.where(tf.math.is_finite(rows), tf.abs(rows), 0.0), axis=1))


def _count(rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(rows, tf.float32), axis=1)
