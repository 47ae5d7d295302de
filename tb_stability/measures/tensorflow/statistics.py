"""Statistics of gradients, weights and updates, as TensorFlow ops inside the training step.

All of them compile with XLA, none of them waits for a device, and none changes a
variable of the user's. Definitions and units: `tb_stability/series.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tb_stability.measures.tensorflow.reductions import UNDERFLOW, Reductions
from tb_stability.measures.tensorflow.shadow import shadow
from tb_stability.measures.tensorflow.stacks import Stacks


def dense(gradient: tf.Tensor | tf.IndexedSlices, shape: Sequence[int]) -> tf.Tensor:
    """Returns a gradient as a dense float32 tensor of its variable's shape.

    The gradient of an embedding is a list of rows; rows that occur twice are summed.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        gradient = shadow(gradient)
    # TensorFlow does not always know the shape of what it sums, and we count entries.
    return tf.ensure_shape(tf.cast(tf.convert_to_tensor(gradient), tf.float32), shape)


def variable_statistics(
    gradients: Sequence[tf.Tensor],
    weights: Sequence[tf.Tensor],
    updates: Sequence[tf.Tensor],
    *,
    xla_cpu: bool = False,
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
      xla_cpu: Whether it is known that XLA compiles the step, for a CPU.

    Returns:
      By measure, a float32 vector with one entry a variable. A norm is NaN where an entry is NaN, else
      infinite where one is infinite. A weight norm or update norm below 1e-19 may come out as 0.
    """
    stacks = Stacks([gradient.shape for gradient in gradients])
    in_order = [place for group in (*stacks.stacked, stacks.alone) for place in group]
    of_gradients, of_weights, of_updates = (Reductions(stacks, x) for x in (gradients, weights, updates))
    squares, weight_squares, update_squares = (
        reductions.squares(xla_cpu=xla_cpu) for reductions in (of_gradients, of_weights, of_updates)
    )
    largest, mean, zero_share = of_gradients.quick_measures()

    # By themselves, since they can be known before the update is.
    weight_norm = tf.cond(
        tf.reduce_all(tf.math.is_finite(weight_squares)),
        lambda: tf.sqrt(weight_squares),
        lambda: of_weights.careful_norms(weight_squares),
    )

    def fast() -> tf.Tensor:
        none = tf.zeros_like(largest)
        return tf.stack([tf.sqrt(squares), tf.sqrt(update_squares), largest, none, none, mean])

    def careful() -> tf.Tensor:
        norms = of_gradients.careful_norms(squares), of_updates.careful_norms(update_squares)
        return tf.stack([*norms, *of_gradients.careful_measures()])

    is_finite = tf.reduce_all(tf.math.is_finite(squares)) & tf.reduce_all(tf.math.is_finite(update_squares))
    trusted = is_finite & tf.reduce_all((squares > UNDERFLOW) | tf.equal(largest, 0.0))
    measures = tf.concat([tf.stack([weight_norm, zero_share]), tf.cond(trusted, fast, careful)], axis=0)
    if in_order != sorted(in_order):
        measures = tf.gather(measures, stacks.as_given, axis=1)
    names = (
        *("weight_norm", "grad_zero_share", "grad_norm", "update_norm"),
        *("grad_max", "grad_nan", "grad_inf", "grad_mean"),
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
