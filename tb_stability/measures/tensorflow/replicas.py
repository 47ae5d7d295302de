"""Training on several devices or machines at once, with a strategy of `tf.distribute`.

Every replica runs the step on its part of the batch, in a thread of its own, and the threads take turns:
one runs up to the next sum over all replicas, then the other. All replicas of all machines must take part in
every sum, in the same order, or training stands still. So the sums are the first that we do in a call
of `apply`, and what may fail, the measuring, comes after them, in the first replica of each process alone.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context as eager_context
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

PATIENCE_SECONDS = 60.0
"""How long the first worker waits for the others before a training is recorded."""

_meetings = 0
"""How often this process asked `are_all_workers_here`."""


def are_several() -> bool:
    """Whether the code that is traced or run here is that of one of several replicas."""
    return bool(tf.distribute.get_strategy().num_replicas_in_sync > 1)


def local_replica() -> int:
    """The number of this replica among those of its process; 0 where there is one only."""
    if not are_several():
        return 0
    strategy, context = tf.distribute.get_strategy(), tf.distribute.get_replica_context()
    if context is None:
        return 0
    # The public property would add an operation to the step.
    return int(context._replica_id_in_sync_group) % len(strategy.extended.worker_devices)


def require_supported() -> None:
    """Raises NotImplementedError where the replicas cannot be observed."""
    if not are_several():
        return
    strategy = tf.distribute.get_strategy()
    known = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
    if not isinstance(strategy, known):
        raise NotImplementedError(f"{type(strategy).__name__} with several replicas is not supported")
    if tf.distribute.in_cross_replica_context():
        raise NotImplementedError("the optimizer is applied outside of strategy.run()")


def sum_over_replicas(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Returns the sums of some tensors over all replicas of all machines. All of them must call it."""
    if not are_several() or not tensors:
        return list(tensors)
    context = tf.distribute.get_replica_context()
    return list(context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors)))


def is_stop(error: Exception) -> bool:
    """Whether an error says that another replica failed, and that this one is to end."""
    return type(error).__name__ == "_RequestedStop"  # TensorFlow's own, and not public


def are_several_workers(optimizer: Any) -> bool:
    """Whether an optimizer, made for a strategy, is one of several processes' that train together."""
    extended = _strategy_of(optimizer).extended
    return bool(getattr(extended, "_in_multi_worker_mode", lambda: False)())


def is_first_worker(optimizer: Any) -> bool:
    """Whether it is for the process of this optimizer to write logs; one of several workers does."""
    return bool(_strategy_of(optimizer).extended.should_save_summary)


def are_all_workers_here(optimizer: Any) -> bool:
    """Whether every process that trains together with this one has come to this call, too.

    All that come get the same answer, after `PATIENCE_SECONDS` or a few more at the latest. Where it is no,
    nobody may sum anything: the others would not take part.
    """
    if not are_several_workers(optimizer):
        return True
    global _meetings
    _meetings += 1
    extended = _strategy_of(optimizer).extended
    store = eager_context.context()  # values that the workers of a cluster share; none is written twice
    meeting, milliseconds = f"stability/{_meetings}", int(1000 * PATIENCE_SECONDS)
    answer = "yes"
    try:
        store.set_config_key_value(f"{meeting}/{extended._id_in_cluster}", "here")
        if extended._id_in_cluster:
            return bool(store.get_config_key_value(f"{meeting}/answer", 2 * milliseconds) == "yes")
        for other in range(1, extended._num_workers):
            store.get_config_key_value(f"{meeting}/{other}", milliseconds)
    except tf.errors.OpError:
        answer = "no"
    # Whoever answers first has answered for all.
    with contextlib.suppress(tf.errors.OpError):
        store.set_config_key_value(f"{meeting}/answer", answer)
    try:
        return bool(store.get_config_key_value(f"{meeting}/answer", milliseconds) == "yes")
    except tf.errors.OpError:
        return False


def own_variable(value: Any, name: str) -> tf.Variable:
    """Returns a variable of ours, made outside of the function that is traced, and of any strategy.

    `tf.Variable` would make one for each replica.
    """
    with tf.init_scope():
        return ResourceVariable(value, trainable=False, name=name)


class Shared:
    """A context in which several replicas are at once: the first enters it, the last leaves it.

    Args:
      make: Makes the context anew for each first one.
    """

    def __init__(self, make: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._inside = 0
        self._exit = contextlib.ExitStack()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Is inside for as long as the `with` block runs."""
        with self._lock:
            if not self._inside:
                self._exit.enter_context(self._make())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._exit.close()


def _strategy_of(optimizer: Any) -> tf.distribute.Strategy:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return getattr(inner, "_distribution_strategy", None) or tf.distribute.get_strategy()
