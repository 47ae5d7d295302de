"""Statistics of gradients, weights and updates, as TensorFlow ops inside the training step.

All of them compile with XLA, none of them waits for a device, and none changes a
variable of the user's. Definitions and units: `tb_stability/series.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tb_stability.measures.tensorflow.shadow import shadow

_UNDERFLOW = 1e-30
"""A sum of squares below this has lost digits: float32 keeps none below 1e-38."""


def dense(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    """Returns a gradient as a dense float32 tensor; rows of an embedding that occur twice are summed."""
    return tf.cast(
        tf.convert_to_tensor(gradient if isinstance(gradient, tf.IndexedSlices) else shadow(gradient)),
        tf.float32,
    )


def variable_statistics(
    gradients: Sequence[tf.Tensor], before: Sequence[tf.Tensor], after: Sequence[tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Reduces one update of some variables to `VARIABLE_MEASURES`.

    The sums of squares of the fast path overflow for values above 1e19 and vanish below 1e-19, and
    say nothing of single NaNs. Where a sum shows that this happened, a slower branch computes
    everything again without these limits; a healthy step never pays for it.

    Args:
      gradients: One float32 tensor a variable.
      before: The variables' values before the update, float32.
      after: Their values after it, float32.

    Returns:
      By measure, a float32 vector with one entry a variable. A norm is NaN where an entry is NaN, else
      infinite where one is infinite. A weight norm or update norm below 1e-19 may come out as 0.
    """
    updates = [new - old for new, old in zip(after, before, strict=True)]
    groups = {"grad": gradients, "weight": before, "update": updates}
    squares = {name: _stack([2.0 * tf.nn.l2_loss(x) for x in group]) for name, group in groups.items()}
    largest = _stack([tf.reduce_max(tf.abs(x)) if _has_entries(x) else 0.0 for x in gradients])

    def fast() -> tuple[tf.Tensor, ...]:
        norms = [tf.sqrt(squares[name]) for name in groups]
        return (*norms, largest, tf.zeros_like(largest))

    def careful() -> tuple[tf.Tensor, ...]:
        norms = [_stack([_norm(x) for x in group]) for group in groups.values()]
        finite_largest = _stack([_largest_finite(x) for x in gradients])
        nonfinite = _stack([tf.reduce_sum(tf.cast(~tf.math.is_finite(x), tf.float32)) for x in gradients])
        return (*norms, finite_largest, nonfinite)

    every_square = tf.concat(list(squares.values()), axis=0)
    trusted = tf.reduce_all(tf.math.is_finite(every_square)) & tf.reduce_all(
        (squares["grad"] > _UNDERFLOW) | (largest == 0.0)
    )
    grad_norm, weight_norm, update_norm, grad_max, nonfinite = tf.cond(trusted, fast, careful)
    return {
        "grad_norm": grad_norm,
        "grad_max": grad_max,
        "grad_nonfinite": nonfinite,
        "weight_norm": weight_norm,
        "update_norm": update_norm,
    }


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
      previous: Their entries one step before.
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


def _stack(values: Sequence[tf.Tensor]) -> tf.Tensor:
    return tf.stack([tf.cast(value, tf.float32) for value in values])


def _has_entries(x: tf.Tensor) -> bool:
    return x.shape.num_elements() != 0


def _largest_finite(x: tf.Tensor) -> tf.Tensor:
    if not _has_entries(x):
        return tf.constant(0.0)
    return tf.reduce_max(tf.where(tf.math.is_finite(x), tf.abs(x), 0.0))


def _norm(x: tf.Tensor) -> tf.Tensor:
    """L2 norm of any finite float32 tensor; NaN or Inf where an entry is."""
    largest = _largest_finite(x)
    scale = tf.where(largest > 0.0, largest, 1.0)
    return scale * tf.sqrt(tf.reduce_sum(tf.square(x / scale)))
