"""Observes Keras optimizers: a row of measures for every update, from inside the step.

`BaseOptimizer.apply` is the one place that all training of Keras on TensorFlow goes
through, with the real gradients in hand. While attached, the observer stands in front
of that method of some optimizers, and adds its ops to whatever step is being traced or run.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow import layout as layouts
from tb_stability.measures.tensorflow import replicas
from tb_stability.measures.tensorflow.activations import ActivationShares
from tb_stability.measures.tensorflow.applied import Applied
from tb_stability.measures.tensorflow.batch import Batch
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.measuring import Detail, Measuring, Noted
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors


class Observer:
    """Measures the updates of some optimizers while it is attached.

    With one optimizer every `apply` is an update and a row. With several (a GAN) a row holds what
    all of them did in one step, so they are observed through `step` alone.

    Attributes:
      measuring: What becomes of the steps.
      normalizations: The normalization layers, with what they were at the start of the run.
      traced_in_vain: Whether the last step was left out, since it would be traced again.
    """

    def __init__(
        self,
        optimizers: Sequence[Any],
        model: keras.Model | None,
        *,
        capacity: int,
        observe_loss: bool,
        jit_compile: bool = False,
        normalizations: NormalizationVectors | None = None,
    ) -> None:
        """Prepares to observe; changes nothing yet.

        Args:
          optimizers: Keras optimizers. Of a `LossScaleOptimizer` the inner one is observed, which
            gets unscaled gradients and only finite ones.
          model: The model that is trained, for its layers and its loss.
          capacity: See `Rows`.
          observe_loss: Whether to take loss and batch size from the step, see `Batch`. A custom loop
            gives its loss itself.
          jit_compile: Whether XLA compiles the step.
          normalizations: Those of an observer before, whose run goes on if it is of the same layers.
        """
        self._optimizers = tuple(optimizers)
        self._batch = Batch(model, self._harmless) if observe_loss and model is not None else None
        layers = layouts.normalization_layers(model) if model is not None else []
        if normalizations is None or not normalizations.are_of(layers):
            normalizations = NormalizationVectors(layers)
        self.normalizations = normalizations
        self._activations = ActivationShares(model, self._harmless) if model is not None else None
        self.measuring = Measuring(
            model, normalizations, self._activations, capacity=capacity, jit_compile=jit_compile
        )
        self.traced_in_vain = False
        self._detail = Detail.FULL
        self._applied: list[Applied] = []
        self._hooks = replicas.Shared(self._hooked)
        self._warned = False

    @contextlib.contextmanager
    def attached(self, detail: Detail) -> Iterator[None]:
        """Observes every `apply` that is traced or run inside of the `with` block."""
        with contextlib.ExitStack() as stack:
            self._detail = detail
            if self._batch is not None:
                stack.enter_context(self._batch.observing())
            stack.enter_context(self._hooks.entered())
            yield

    @contextlib.contextmanager
    def _hooked(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for optimizer in self._optimizers:
                stack.enter_context(self._standing_in_front_of(optimizer))
            if self._activations is not None:
                stack.enter_context(self._activations.observing())
            stack.enter_context(self.normalizations.observing())
            yield

    @contextlib.contextmanager
    def step(self, detail: Detail, data: Any = None) -> Iterator[None]:
        """Observes one step of the user's, traced or run inside of the `with` block.

        Args:
          detail: How much of it is measured.
          data: The batch that it is given, a structure of tensors.
        """
        is_first = replicas.local_replica() == 0
        if is_first:
            self._applied = []
        with self.attached(detail):
            if self._batch is not None:
                self._batch.note_size(data)
            yield
            if is_first:
                with self._harmless("the update"):
                    self._write()

    @property
    def has_failed(self) -> bool:
        """Whether something could not be measured, which was said."""
        return self._warned

    @contextlib.contextmanager
    def _standing_in_front_of(self, optimizer: Any) -> Iterator[None]:
        inner = getattr(optimizer, "inner_optimizer", optimizer)

        def apply(original: Callable[..., Any], grads: Any, trainable_variables: Any = None) -> Any:
            grads = list(grads)
            if trainable_variables is not None:
                trainable_variables = list(trainable_variables)
            applied = None
            with self._harmless("the state before the update"):
                applied = self._begin(optimizer, inner, grads, trainable_variables)
            if applied is None:
                return original(grads, trainable_variables)
            with applied.watching(self._harmless):
                result = original(grads, trainable_variables)
            with self._harmless("the update"):
                self._applied.append(applied)
                applied.finish()
                if len(self._optimizers) == 1:
                    self._write()
            return result

        def apply_scaled(original: Callable[..., Any], grads: Any, *args: Any, **kwargs: Any) -> Any:
            grads = list(grads)
            noted: Mapping[str, tf.Tensor] = {}
            with self._harmless("the batch loss"):
                noted = {} if self._batch is None or replicas.are_several() else self._batch.peek()
                updates = inner._iterations.value.read_value()
            result = original(grads, *args, **kwargs)
            if noted:
                with self._harmless("a skipped update"):
                    self.measuring.write_skipped(optimizer, updates, noted)
            return result

        with contextlib.ExitStack() as stack:
            stack.enter_context(instead(inner, "apply", apply))
            if optimizer is not inner:
                stack.enter_context(instead(optimizer, "apply", apply_scaled))
            yield

    def _begin(
        self, optimizer: Any, inner: Any, grads: Sequence[Any], variables: Sequence[Any] | None
    ) -> Applied | None:
        replicas.require_supported()
        if self._batch is not None:
            self._batch.share()
        scale = optimizer.dynamic_scale if optimizer is not inner and optimizer.built else None
        applied = Applied(inner, scale, grads, variables, in_full=self._detail is not Detail.SCALARS)
        return applied if applied.variables and replicas.local_replica() == 0 else None

    def _write(self) -> None:
        """Has the row written of what was applied."""
        applied, self._applied = self._applied, []
        if not applied:
            return
        noted = Noted(
            applied,
            () if self._batch is None else self._batch.take_tensors(),
            {} if self._activations is None else self._activations.take(),
        )
        scalars: dict[str, tf.Tensor] = {}
        if self._batch is not None:
            with self._harmless("the batch loss"):
                scalars |= self._batch.take(self._optimizers[0].scale_loss)
        self.traced_in_vain = self._is_thrown_away(applied)
        if self.traced_in_vain:
            return
        for one in applied:
            scalars |= one.scalars()
        self.measuring.write(noted, scalars, self._detail)

    @staticmethod
    def _is_thrown_away(applied: Sequence[Applied]) -> bool:
        """Whether the step is being traced in vain.

        A trace in which variables are made, as an optimizer makes its own at its first update, is traced
        once more by `tf.function`, and only that second one ever runs.
        """
        if tf.executing_eagerly() or replicas.are_several():
            return False
        return any(one.made_variables for one in applied)

    @contextlib.contextmanager
    def _harmless(self, what: str) -> Iterator[None]:
        """Turns an error of ours into one warning: training goes on unobserved."""
        try:
            yield
        except Exception as error:
            if replicas.is_stop(error):
                raise
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"Stability could not measure {what}; training goes on without it. "
                    f"{type(error).__name__}: {error}",
                    RuntimeWarning,
                    stacklevel=2,
                )
