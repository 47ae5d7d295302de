"""Observes Keras optimizers: a row of measures for every update, from inside the step.

`BaseOptimizer.apply` is the one place that all training of Keras on TensorFlow goes
through, with the real gradients in hand. While attached, the observer stands in front
of that method of some optimizers, and adds its ops to whatever step is being traced or run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow import layout as layouts
from tb_stability.measures.tensorflow import probe, replicas, statistics
from tb_stability.measures.tensorflow.activations import ActivationShares
from tb_stability.measures.tensorflow.applied import Applied
from tb_stability.measures.tensorflow.batch import Batch
from tb_stability.measures.tensorflow.columns import Columns
from tb_stability.measures.tensorflow.first_batch import BatchRanges, BatchTensors
from tb_stability.measures.tensorflow.histograms import histograms
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors, value_of
from tb_stability.measures.tensorflow.ring import keep_alive
from tb_stability.measures.tensorflow.rows import Drained, Rows
from tb_stability.series import Layout


class Detail(enum.Enum):
    """How much of an update is measured.

    SCALARS: Loss, learning rate, norm of all gradients, ...; at next to no cost.
    FULL: Also every variable and normalization layer, and at some updates what is dear.
    ASKED: One of the two; see `Observer.measure_every`.
    """

    SCALARS = enum.auto()
    FULL = enum.auto()
    ASKED = enum.auto()


class Observer:
    """Measures the updates of some optimizers while it is attached.

    With one optimizer every `apply` is an update and a row. With several (a GAN) a row holds what
    all of them did in one step, so they are observed through `step` alone.

    Attributes:
      layout: What the rows describe; None before the first update was traced.
      normalizations: The normalization layers, with what they were at the start of the run.
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
          capacity: Updates between two calls of `drain` at most.
          observe_loss: Whether to take loss and batch size from the step, see `Batch`. A custom loop
            gives its loss itself.
          jit_compile: Whether XLA compiles the step.
          normalizations: Those of an observer before, whose run goes on if it is of the same layers.
        """
        self.layout: Layout | None = None
        self._optimizers = tuple(optimizers)
        self._model = model
        self._batch = Batch(model, self._harmless) if observe_loss and model is not None else None
        self._capacity = capacity
        self._jit_compile = jit_compile
        # XLA has no fast sum of squares for CPUs.
        self._norm_is_dear = jit_compile and not tf.config.list_physical_devices("GPU")
        layers = layouts.normalization_layers(model) if model is not None else []
        if normalizations is None or not normalizations.are_of(layers):
            normalizations = NormalizationVectors(layers)
        self.normalizations = normalizations
        self._activations = ActivationShares(model, self._harmless) if model is not None else None
        self._ranges = BatchRanges(model, self._harmless) if observe_loss and model is not None else None
        self._columns: Columns | None = None
        self._rows: Rows | None = None
        self._every = (1, 1)
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
            if self._ranges is not None:
                stack.enter_context(self._ranges.observing())
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

    def updates(self) -> tf.Tensor | None:
        """Returns the number of updates so far, as a tensor that nobody waits for; None before the first."""
        return None if self._rows is None else self._rows.written()

    def measure_every(self, *, full: int, sample: int) -> None:
        """Sets how often more is measured.

        Args:
          full: With `Detail.ASKED` every n-th update is measured in full.
          sample: Of the updates that are measured in full, at every n-th what is dear is measured.
        """
        if self._rows is not None and (full, sample) != self._every:
            self._rows.measure_every(full=full, sample=sample)
        self._every = (full, sample)

    def measuring_seconds(self, detail: Detail) -> float:
        """Returns what measuring adds to an update, in seconds, from a trial; see `probe.py`."""
        variables = [] if self._columns is None else self._columns.variables
        if not variables:
            return 0.0
        if detail is Detail.FULL:
            return probe.seconds_of_everything(variables, jit_compile=self._jit_compile)
        reduce = statistics.are_finite if self._norm_is_dear else statistics.quick_global_norm
        return probe.seconds_of_scalars(variables, reduce, jit_compile=self._jit_compile)

    def drain(self) -> Drained:
        """Returns the measures of the updates since the last call."""
        return Drained([], 0, 0, ()) if self._rows is None else self._rows.drain()

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
            updates = inner.iterations.value.read_value()
            result = original(grads, *args, **kwargs)
            if noted:
                with self._harmless("a skipped update"):
                    self._write_skipped(optimizer, updates, noted)
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
        """Reduces what was applied to a row and appends it."""
        applied, self._applied = self._applied, []
        if not applied:
            return
        noted = _Noted(
            applied,
            () if self._ranges is None else self._ranges.take(),
            {} if self._activations is None else self._activations.take(),
        )
        rows, columns = self._prepare(noted)
        scalars: dict[str, tf.Tensor] = {}
        if self._batch is not None:
            with self._harmless("the batch loss"):
                scalars |= self._batch.take(self._optimizers[0].scale_loss)
        for one in applied:
            scalars |= one.scalars()
        if self._detail is Detail.FULL:
            scalars["grad_norm"] = self._write_full(rows, columns, noted)
        elif not self._norm_is_dear:
            scalars["grad_norm"] = statistics.quick_global_norm(noted.gradients)
        if self._detail is Detail.ASKED:
            _when(rows.is_full_due(), lambda: self._write_full(rows, columns, noted))
        if "grad_norm" in scalars:
            rows.write_scalars(scalars)
        else:
            rows.write_scalars(scalars, nan_if={"grad_norm": ~statistics.are_finite(noted.gradients)})
        keep_alive(rows, *rows.variables, *self.normalizations.variables)

    def _write_skipped(self, optimizer: Any, updates: tf.Tensor, noted: Mapping[str, tf.Tensor]) -> None:
        """Writes the scalars of a step whose update the loss scaling skipped, if that was for good reason.

        Now and then a scale is too large, is lowered, and the step skipped: that is how it works. A loss
        that is not finite, or gradients that are not even without any scaling, are not mended by that.
        """
        rows = self._rows
        if rows is None:
            return
        scale = tf.cast(tf.convert_to_tensor(optimizer.dynamic_scale), tf.float32)
        is_skipped = tf.equal(optimizer.inner_optimizer.iterations.value.read_value(), updates)
        is_broken = ~tf.math.is_finite(noted["loss"]) if "loss" in noted else tf.constant(False)
        scalars = {**noted, "loss_scale": scale, "grad_norm": tf.constant(math.nan)}
        _when(is_skipped & (is_broken | (scale < 1.0)), lambda: rows.write_scalars(scalars))

    def _write_full(self, rows: Rows, columns: Columns, noted: _Noted) -> tf.Tensor:
        """Writes what is measured in full; returns the norm of all gradients."""
        applied = noted.applied
        variables = [variable for one in applied for variable in one.variables]
        before = [value for one in applied for value in one.before]
        updates = [update for one in applied for update in one.updates]
        measures = statistics.variable_statistics(noted.gradients, before, updates)

        def sample() -> None:
            counts = columns.spread(variables, histograms(noted.gradients))
            shares = tf.zeros([0]) if self._activations is None else self._activations.measure(noted.outputs)
            rows.write_sample(counts, shares, noted.batch)

        _when(rows.is_sample_due(), sample)
        table = {name: columns.spread(variables, values) for name, values in measures.items()}
        others = columns.others(variables)
        if others:  # without a gradient: it counts as 0, and they did not change
            norms = tf.stack([tf.norm(value_of(variable)) for variable in others])
            table["weight_norm"] += columns.spread(others, norms)
            table["grad_zero_share"] += columns.spread(others, tf.ones([len(others)]))
        rows.write_full(table, self.normalizations.measure())
        return statistics.global_norm(measures["grad_norm"])

    def _prepare(self, noted: _Noted) -> tuple[Rows, Columns]:
        """Fixes the layout and makes the rings, at the first update."""
        self.normalizations.prepare()
        if self._columns is None:
            self._columns = Columns(self._model, [x for one in noted.applied for x in one.known])
        if self._rows is None:
            activations = [] if self._activations is None else self._activations.described
            self.layout = layouts.describe(
                self._model, self._columns.variables, self.normalizations.layers, activations
            )
            self._rows = Rows(self.layout, [spec for spec, _ in noted.batch], self._capacity)
            self._rows.measure_every(full=self._every[0], sample=self._every[1])
        return self._rows, self._columns

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


@dataclasses.dataclass(frozen=True)
class _Noted:
    """What a row is made of.

    Attributes:
      applied: The calls of `apply`: one, or with several optimizers all of a step.
      batch: Inputs and targets.
      outputs: What the activation functions returned.
    """

    applied: Sequence[Applied]
    batch: BatchTensors
    outputs: Mapping[int, tf.Tensor]

    @property
    def gradients(self) -> list[tf.Tensor]:
        """All gradients."""
        return [gradient for one in self.applied for gradient in one.gradients]


def _when(condition: tf.Tensor, action: Callable[[], object]) -> None:
    """Does something if a condition holds when the step runs."""
    if tf.executing_eagerly():
        if bool(condition):
            action()
        return

    def act() -> tf.Tensor:
        action()
        return tf.constant(True)

    tf.cond(condition, act, lambda: tf.constant(False))
