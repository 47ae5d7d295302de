"""The ring of rows, inside and outside of traced steps."""

from __future__ import annotations

import gc

import pytest
import tensorflow as tf

from tb_stability.measures.tensorflow.ring import Ring, keep_alive


@pytest.mark.parametrize(("traced", "width"), [(True, 2), (False, 2), (True, 5000)])
def test_rows_come_out_in_the_order_they_were_written_and_once(traced: bool, width: int) -> None:
    """Kills: a large ring, of which only the new rows are fetched, in the order of the ring."""
    ring = Ring(width, capacity=4)

    def write(x: tf.Tensor) -> None:
        ring.write(tf.concat([tf.fill([width - 1], x), [-x]], axis=0))

    step = tf.function(write) if traced else write
    for x in (1.0, 2.0, 3.0):
        step(tf.constant(x))
    rows, lost = ring.drain()
    assert (rows[:, [0, -1]].tolist(), lost) == ([[1, -1], [2, -2], [3, -3]], 0)
    for x in (4.0, 5.0):  # around the end of the ring
        step(tf.constant(x))
    rows, lost = ring.drain()
    assert (rows[:, [0, -1]].tolist(), lost) == ([[4, -4], [5, -5]], 0)
    assert ring.drain()[0].shape == (0, width)


def test_rows_that_were_overwritten_are_counted() -> None:
    ring = Ring(1, capacity=3)
    for x in range(5):
        ring.write(tf.constant([float(x)]))
    rows, lost = ring.drain()
    assert (rows.tolist(), lost) == ([[2], [3], [4]], 2)


def test_a_step_that_was_traced_runs_after_the_ring_was_forgotten() -> None:
    """Kills: no keep_alive; TensorFlow then fails with a variable that does not exist."""

    def traced() -> tf.types.experimental.PolymorphicFunction:
        ring = Ring(1, capacity=3)

        @tf.function
        def step(x: tf.Tensor) -> tf.Tensor:
            ring.write(x)
            keep_alive(ring)
            return x + 1

        step(tf.constant([1.0]))
        concrete = step.get_concrete_function(tf.TensorSpec([1]))
        return concrete

    step = traced()
    gc.collect()
    assert step(tf.constant([1.0])).numpy().tolist() == [2.0]


def test_a_step_that_failed_before_its_row_was_written_leaves_no_row() -> None:
    """Kills: counting a row without waiting for it, as where the data end within `steps_per_execution`."""
    ring = Ring(1, capacity=3)

    @tf.function
    def step(x: tf.Tensor) -> None:
        ring.write(tf.debugging.check_numerics(x, "on purpose"))

    with pytest.raises(tf.errors.InvalidArgumentError, match="on purpose"):
        step(tf.constant([float("nan")]))
    step(tf.constant([1.0]))
    rows, lost = ring.drain()
    assert (rows.tolist(), lost) == ([[1]], 0)
