"""A ring of rows on the device: written inside the training step, read in blocks outside of it.

A row leaves the step as one assignment into a variable. So every way of training is
the same to us (`fit`, a custom loop, several steps in one execution, eager), the step
returns what it always returned, and nothing waits for the host.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_stability.measures.tensorflow.replicas import own_variable

_SMALL_ENTRIES = 16_384
"""Size of a ring up to which it is faster fetched as a whole."""


class Ring:
    """The last rows of a run.

    Args:
      width: Numbers in a row, float32.
      capacity: Rows that it holds. `drain` must be called at least once in that many rows, or the oldest ones
        are overwritten (and counted).

    Attributes:
      variables: What `write` writes to.
    """

    def __init__(self, width: int, capacity: int) -> None:
        self._width = width
        self._capacity = capacity
        self._rows = own_variable(np.zeros([capacity, width], np.float32), "stability_rows")
        self._written = own_variable(np.int64(0), "stability_written")
        self.variables = (self._rows, self._written)
        self._drained = 0

    def write(self, row: tf.Tensor) -> None:
        """Appends a row, inside or outside of a traced step."""
        at = tf.math.floormod(self._written.read_value(), self._capacity)
        scattered = tf.raw_ops.ResourceScatterUpdate(resource=self._rows.handle, indices=at, updates=row)
        # A step that fails half-way (the data ended) must not count a row that it never wrote.
        with tf.control_dependencies([scattered]):
            self._written.assign_add(1)

    def written(self) -> tf.Tensor:
        """Returns the number of rows written so far, as a tensor: the host does not wait for it."""
        return self._written.read_value()

    def drain(self) -> tuple[npt.NDArray[np.float32], int]:
        """Returns the rows written since the last call, oldest first, and how many before them were lost."""
        written = int(self._written.numpy())
        new = written - self._drained
        lost = max(0, new - self._capacity)
        order = np.arange(self._drained + lost, written) % self._capacity
        self._drained = written
        if not order.size:
            return np.empty((0, self._width), np.float32), lost
        if self._rows.shape.num_elements() <= _SMALL_ENTRIES:
            return self._rows.numpy()[order], lost
        return tf.gather(self._rows, order).numpy(), lost


def keep_alive(*used: object) -> None:
    """Ties objects to the step that is being traced, if one is.

    TensorFlow graphs hold variables weakly. A step may run long after its monitor was closed and
    forgotten, and would fail without the variables that it writes to.
    """
    if not tf.executing_eagerly():
        graph = tf.compat.v1.get_default_graph()
        graph._stability_keeps = (*getattr(graph, "_stability_keeps", ()), *used)
