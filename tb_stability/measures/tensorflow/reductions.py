"""Many tensors reduced to a few numbers each, in few operations and few passes over memory.

Numbers come a tensor each, in the order of the matrices and with the large tensors behind them; see `Stacks`.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tb_stability.measures.tensorflow.once_traced import once_traced
from tb_stability.measures.tensorflow.stacks import Stacks
from tb_stability.series import SAMPLED_ENTRIES, sample_stride

UNDERFLOW = 1e-30
"""A sum of squares below this has lost digits: float32 keeps none below 1e-38."""

_ENLARGED = 2.0**80
"""What small entries are multiplied with before they are squared, and large ones divided by."""


class Reductions:
    """Tensors as rows of matrices: several small ones share one, and each large one is by itself.

    Args:
      stacks: Which ones are small.
      tensors: One a variable, float32.
    """

    def __init__(self, stacks: Stacks, tensors: Sequence[tf.Tensor]) -> None:
        self._matrices = stacks.matrices(tensors)
        self._zeros = [stacks.zeros(group) for group in stacks.stacked]
        self._large = [tensors[place] for place in stacks.alone]
        self._sizes = [stacks.sizes[place] for group in (*stacks.stacked, stacks.alone) for place in group]

    def squares(self, *, xla_cpu: bool) -> tf.Tensor:
        """Returns sums of squares, which overflow for entries above 1e19 and vanish below 1e-19.

        Args:
          xla_cpu: Whether it is known that XLA compiles this, for a CPU.
        """
        if xla_cpu:
            parts = [tf.reduce_sum(_written_down(tf.square(matrix)), axis=1) for matrix in self._matrices]
            large = [tf.reduce_sum(_written_down(tf.square(tensor))) for tensor in self._large]
        else:
            parts = [tf.reduce_sum(tf.square(matrix), axis=1) for matrix in self._matrices]
            large = [2.0 * tf.nn.l2_loss(tensor) for tensor in self._large]
        return _joined([*parts, tf.stack(large)] if large else parts)

    def quick_measures(self) -> list[tf.Tensor]:
        """Returns the largest magnitude, the mean, and the share of zeros among sampled entries."""
        parts = [
            tf.stack(
                [
                    # As the largest of `tf.abs`, without writing that down in between.
                    tf.maximum(tf.reduce_max(matrix, axis=1), -tf.reduce_min(matrix, axis=1)),
                    tf.reduce_sum(matrix, axis=1),
                    tf.reduce_sum(tf.cast(tf.equal(matrix, 0.0), tf.float32), axis=1)
                    - tf.constant(filling, tf.float32),
                ]
            )
            for matrix, filling in zip(self._matrices, self._zeros, strict=True)
        ]
        if self._large:
            numbers: list[tf.Tensor] = []
            for tensor in self._large:
                stride = sample_stride(tensor.shape.num_elements(), SAMPLED_ENTRIES)
                sample = tensor if stride == 1 else tf.reshape(tensor, [-1])[::stride]
                numbers += (tf.reduce_max(tensor), tf.reduce_min(tensor), tf.reduce_sum(tensor))
                numbers.append(tf.reduce_sum(tf.cast(tf.equal(sample, 0.0), tf.float32)))
            highest, lowest, total, zeros = tf.unstack(tf.reshape(tf.stack(numbers), [-1, 4]), axis=1)
            parts.append(tf.stack([tf.maximum(highest, -lowest), total, zeros]))
        largest, total, zeros = tf.unstack(parts[0] if len(parts) == 1 else tf.concat(parts, axis=1))
        return [largest, total / self._counts(), zeros / tf.constant([_sampled(n) for n in self._sizes])]

    def careful_norms(self, squares: tf.Tensor) -> tf.Tensor:
        """Returns norms without overflow, NaN or infinite where an entry is.

        Args:
          squares: Sums of squares that may have overflowed or vanished.
        """
        large = tf.where(tf.math.is_finite(squares), 1.0, 1.0 / _ENLARGED)
        scales = tf.where(squares < UNDERFLOW, _ENLARGED, large)
        return _joined([_scaled_norms(*xs) for xs in self._with(scales)])

    def careful_measures(self) -> list[tf.Tensor]:
        """Returns the largest finite magnitude, numbers of NaN and of Inf, and the mean without overflow."""
        parts = [_careful_measures(*xs) for xs in self._with(self._counts())]
        measures: list[tf.Tensor] = tf.unstack(_joined(parts), axis=1)
        return measures

    def _counts(self) -> tf.Tensor:
        """Numbers of entries; 1 of none."""
        return tf.constant([max(1, size) for size in self._sizes], tf.float32)

    def _with(self, numbers: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """All matrices, each with a column of the numbers of its tensors."""
        matrices = [*self._matrices, *(tf.reshape(tensor, [1, -1]) for tensor in self._large)]
        parts = tf.split(numbers[:, tf.newaxis], [matrix.shape[0] for matrix in matrices])
        return list(zip(matrices, parts, strict=True))


@once_traced(2)
def _scaled_norms(rows: tf.Tensor, scales: tf.Tensor) -> tf.Tensor:
    """The norm of each row; its entries times its scale are neither too large nor too small to be squared."""
    return tf.sqrt(tf.reduce_sum(tf.square(rows * scales), axis=1)) / scales[:, 0]


@once_traced(2)
def _careful_measures(rows: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Of each row: largest finite magnitude, numbers of NaN and of Inf, mean: `[rows, 4]`."""
    largest = tf.reduce_max(tf.where(tf.math.is_finite(rows), tf.abs(rows), 0.0), axis=1)
    return tf.stack(
        [
            tf.maximum(0.0, largest),  # of no entries
            _count(tf.math.is_nan(rows)),
            _count(tf.math.is_inf(rows)),
            tf.reduce_sum(rows / sizes, axis=1),
        ],
        axis=1,
    )


def _written_down(tensor: tf.Tensor) -> tf.Tensor:
    """A tensor that XLA computes before anything that uses it: for XLA only.

    On a CPU it would square while it sums up, one entry after the other; what is there is summed up many
    times as fast.
    """
    try:
        from tensorflow.compiler.tf2xla.python.xla import optimization_barrier
    except ImportError:  # it is not of the public API; without it, this is slower
        return tensor
    (same,) = optimization_barrier(tensor)
    return same


def _count(rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(rows, tf.float32), axis=1)


def _sampled(size: int) -> float:
    """How many entries of a gradient are looked at for zeros; 1 of none."""
    return float(max(1, -(-size // sample_stride(size, SAMPLED_ENTRIES))))


def _joined(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
