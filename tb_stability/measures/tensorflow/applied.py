"""One call of `optimizer.apply`: what it was given, and what it did."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow import statistics
from tb_stability.measures.tensorflow.call_hooks import CallHooks
from tb_stability.measures.tensorflow.deltas import Deltas
from tb_stability.measures.tensorflow.replicas import are_several, local_replica, sum_over_replicas


class Applied:
    """Reads one call of `apply` while it is traced or run.

    Make it before the call, let the call happen inside of `watching()`, then call `finish()`. Of several
    replicas every one must make it, and the first of a process must do the rest, too.

    Args:
      optimizer: The optimizer whose `apply` it is, a `LossScaleOptimizer` around it left aside.
      loss_scale: Current scale of the `LossScaleOptimizer` around it; None without.
      gradients: As `apply` got them.
      variables: Likewise; None for those that the optimizer was built for.
      in_full: Whether to read the variables, and what the gradients are clipped to.

    Attributes:
      known: All variables of the optimizer.
      variables: Those that have a gradient.
      gradients: Their gradients, dense, float32, without loss scale; of several replicas their sum, which
        may be known after `finish()` only.
      before: Values of the variables before the update, float32; empty if not `in_full`.
      updates: What they changed by, up to the sign, float32; empty if not `in_full`, and before `finish()`.
      made_variables: Whether the optimizer made variables of its own in the call; known after `finish()`.
    """

    def __init__(
        self,
        optimizer: Any,
        loss_scale: tf.Tensor | None,
        gradients: Sequence[Any],
        variables: Sequence[Any] | None,
        *,
        in_full: bool,
    ) -> None:
        self._optimizer = optimizer
        # Not built yet, the optimizer is about to be, for the variables of this call.
        self.known = list(optimizer._trainable_variables) if optimizer.built else list(variables or ())
        pairs = [
            (variable, gradient)
            for gradient, variable in zip(
                gradients, self.known if variables is None else variables, strict=True
            )
            if gradient is not None and not getattr(variable, "overwrite_with_gradient", False)
        ]
        self.variables = [variable for variable, _ in pairs]
        self.gradients = [self._unscaled(statistics.dense(g, v.shape)) for v, g in pairs]
        # On the way they are summed behind the clipping.
        self._is_sum = not are_several() or _clips(optimizer) or bool(optimizer.gradient_accumulation_steps)
        if self._is_sum:
            self.gradients = sum_over_replicas(self.gradients)
        self._deltas = Deltas(self.variables) if in_full and local_replica() == 0 else None
        self.before = self._deltas.before if self._deltas is not None else []
        self.updates: list[tf.Tensor] = []
        self.made_variables = False
        self._own_variables = len(optimizer.variables)
        self._clipped: list[tf.Tensor] = []
        self._summed: list[tf.Tensor] = []
        self._loss_scale = optimizer.loss_scale_factor if loss_scale is None else loss_scale
        self._learning_rate = _learning_rate(optimizer)

    @contextlib.contextmanager
    def watching(self, harmless: Callable[[str], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
        """Notes how the gradients are clipped on the way, and summed over replicas."""

        def clip(optimizer: Any, original: Callable[[Any], Any], gradients: Any) -> Any:
            clipped = original(gradients)
            with harmless("the clipped gradients"):
                if _graph() is outside:  # not in the branch of a `cond`, out of our reach
                    self._clipped = [gradient for gradient in clipped if gradient is not None]
            return clipped

        def reduce(optimizer: Any, original: Callable[[Any], Any], pairs: Any) -> Any:
            summed = original(pairs)
            with harmless("the sum of the gradients"):
                if _graph() is outside and local_replica() == 0:
                    self._summed = [gradient for gradient, _ in summed if gradient is not None]
            return summed

        outside = _graph()
        clips = self._deltas is not None and _clips(self._optimizer)
        with contextlib.ExitStack() as stack:
            # Replicas leave in any order.
            if are_several():
                stack.enter_context(
                    CallHooks([self._optimizer], "_all_reduce_sum_gradients", reduce).in_place()
                )
            elif clips:
                stack.enter_context(CallHooks([self._optimizer], "_clip_gradients", clip).in_place())
            yield

    def finish(self) -> None:
        """Reads what the call did."""
        self.made_variables = len(self._optimizer.variables) > self._own_variables
        if not self._is_sum:
            self.gradients = self._dense(self._summed)
        elif self._summed and _clips(self._optimizer):
            self._clipped = self._summed
        if self._deltas is not None:
            self.updates = self._deltas.take()

    def scalars(self) -> Mapping[str, tf.Tensor]:
        """`learning_rate`, `loss_scale` and `clipped_grad_norm` as far as there are any, float32."""
        scalars = {}
        if self._learning_rate is not None:
            scalars["learning_rate"] = self._learning_rate
        if self._loss_scale is not None:
            scalars["loss_scale"] = tf.cast(tf.convert_to_tensor(self._loss_scale), tf.float32)
        if self._clipped:
            scalars["clipped_grad_norm"] = statistics.quick_global_norm(self._dense(self._clipped))
        return scalars

    def _dense(self, gradients: Sequence[Any]) -> list[tf.Tensor]:
        return [statistics.dense(g, v.shape) for g, v in zip(gradients, self.variables, strict=True)]

    def _unscaled(self, gradient: tf.Tensor) -> tf.Tensor:
        """A gradient as the optimizer will use it; no operation where there is no loss scale."""
        scale = self._optimizer.loss_scale_factor
        return gradient if scale is None else gradient / scale


def _graph() -> Any:
    """The graph that is being traced; None in eager execution."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def _clips(optimizer: Any) -> bool:
    limits = (optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm)
    return any(limit is not None for limit in limits)


def _learning_rate(optimizer: Any) -> tf.Tensor | None:
    """The learning rate of the coming update. A callable of the user's may count its calls: not ours."""
    if isinstance(optimizer, getattr(keras.optimizers, "MultiOptimizer", ())):  # has one for each part
        return None
    given = optimizer._learning_rate
    if callable(given) and not isinstance(given, keras.optimizers.schedules.LearningRateSchedule):
        return None
    return tf.cast(tf.convert_to_tensor(optimizer.learning_rate), tf.float32)
