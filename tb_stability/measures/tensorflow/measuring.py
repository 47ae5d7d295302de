"""From what was noted of a step to its row: what is computed, and when."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow import layout as layouts
from tb_stability.measures.tensorflow import probe, statistics
from tb_stability.measures.tensorflow.activations import ActivationShares
from tb_stability.measures.tensorflow.applied import Applied
from tb_stability.measures.tensorflow.columns import Columns
from tb_stability.measures.tensorflow.first_batch import BatchTensors
from tb_stability.measures.tensorflow.histograms import histograms
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors
from tb_stability.measures.tensorflow.ring import keep_alive
from tb_stability.measures.tensorflow.rows import Drained, Rows
from tb_stability.measures.tensorflow.stacks import Stacks
from tb_stability.measures.tensorflow.variables import value_of
from tb_stability.series import Layout


class Detail(enum.Enum):
    """How much of an update is measured.

    SCALARS: Loss, learning rate, norm of all gradients, ...; at next to no cost.
    FULL: Also every variable and normalization layer, and at some updates what is dear.
    ASKED: One of the two; see `Measuring.measure_every`.
    """

    SCALARS = enum.auto()
    FULL = enum.auto()
    ASKED = enum.auto()


@dataclasses.dataclass(frozen=True)
class Noted:
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


class Measuring:
    """Reduces steps to rows, and keeps these until they are drained.

    Args:
      model: The model that is trained.
      normalizations: Its normalization layers.
      activations: Its activations.
      capacity: See `Rows`.
      jit_compile: Whether XLA compiles the step.

    Attributes:
      layout: What the rows describe; None before the first update was traced.
    """

    def __init__(
        self,
        model: keras.Model | None,
        normalizations: NormalizationVectors,
        activations: ActivationShares | None,
        *,
        capacity: int,
        jit_compile: bool,
    ) -> None:
        self.layout: Layout | None = None
        self._model = model
        self._normalizations = normalizations
        self._activations = activations
        self._capacity = capacity
        # XLA has no fast sum of squares on a CPU.
        self._xla_cpu = jit_compile and not tf.config.list_physical_devices("GPU")
        self._columns: Columns | None = None
        self._rows: Rows | None = None
        self._every = (1, 1)

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

    def estimated_seconds(self) -> tuple[float, float]:
        """Returns what `Detail.SCALARS` and `Detail.FULL` add to an update, in seconds; see `probe`."""
        variables = [] if self._columns is None else self._columns.variables
        stacks = Stacks([variable.shape for variable in variables])
        return probe.added_seconds(stacks.sizes, large=len(stacks.alone), is_slow=self._xla_cpu)

    def drain(self) -> Drained:
        """Returns the measures of the updates since the last call."""
        return Drained([], 0, 0, ()) if self._rows is None else self._rows.drain()

    def write(self, noted: Noted, scalars: dict[str, tf.Tensor], detail: Detail) -> None:
        """Reduces what was noted of a step to a row and appends it.

        Args:
          noted: What the row is made of.
          scalars: Those that are known already.
          detail: How much is measured.
        """
        rows, columns = self._prepare(noted)
        if detail is Detail.FULL:
            scalars["grad_norm"] = self._write_full(rows, columns, noted)
        elif not self._xla_cpu:
            scalars["grad_norm"] = statistics.quick_global_norm(noted.gradients)
        is_full: bool | tf.Tensor = detail is Detail.FULL
        if detail is Detail.ASKED:
            is_full = rows.is_full_due()
            _when(is_full, lambda: self._write_full(rows, columns, noted))
        nan_if = None
        if "grad_norm" not in scalars:
            nan_if = {"grad_norm": ~statistics.are_finite(noted.gradients)}
        rows.write_scalars(scalars, nan_if, is_full=is_full)
        keep_alive(rows, *rows.variables, *self._normalizations.variables)

    def write_skipped(self, optimizer: Any, updates: tf.Tensor, scalars: Mapping[str, tf.Tensor]) -> None:
        """Writes the scalars of a step whose update the loss scaling skipped, if that was for good reason.

        Now and then a scale is too large, is lowered, and the step skipped: that is how it works. A loss
        that is not finite, or gradients that are not even without any scaling, are not mended by that.

        Args:
          optimizer: The `LossScaleOptimizer`.
          updates: Number of its updates before the step.
          scalars: What is known of the step.
        """
        rows = self._rows
        if rows is None:
            return
        scale = tf.cast(tf.convert_to_tensor(optimizer.dynamic_scale), tf.float32)
        is_skipped = tf.equal(optimizer.inner_optimizer._iterations.value.read_value(), updates)
        is_broken = ~tf.math.is_finite(scalars["loss"]) if "loss" in scalars else tf.constant(False)
        scalars = {**scalars, "loss_scale": scale, "grad_norm": tf.constant(math.nan)}
        _when(is_skipped & (is_broken | (scale < 1.0)), lambda: rows.write_scalars(scalars))

    def _write_full(self, rows: Rows, columns: Columns, noted: Noted) -> tf.Tensor:
        """Writes what is measured in full; returns the norm of all gradients."""
        applied = noted.applied
        variables = [variable for one in applied for variable in one.variables]
        before = [value for one in applied for value in one.before]
        updates = [update for one in applied for update in one.updates]
        measures = statistics.variable_statistics(noted.gradients, before, updates, xla_cpu=self._xla_cpu)

        def sample() -> None:
            counts = columns.spread(variables, histograms(noted.gradients))
            shares = tf.zeros([0]) if self._activations is None else self._activations.measure(noted.outputs)
            rows.write_sample(counts, shares)

        _when(rows.is_sample_due(), sample)
        if rows.expects(noted.batch):
            _when(rows.is_batch_due(), lambda: rows.write_batch(noted.batch))
        table = {name: columns.spread(variables, values) for name, values in measures.items()}
        others = columns.others(variables)
        if others:  # without a gradient: it counts as 0, and they did not change
            norms = tf.stack([tf.norm(value_of(variable)) for variable in others])
            table["weight_norm"] += columns.spread(others, norms)
            table["grad_zero_share"] += columns.spread(others, tf.ones([len(others)]))
        rows.write_full(table, self._normalizations.measure())
        return statistics.global_norm(measures["grad_norm"])

    def _prepare(self, noted: Noted) -> tuple[Rows, Columns]:
        """Fixes the layout and makes the rings, at the first update."""
        self._normalizations.prepare()
        if self._columns is None:
            self._columns = Columns(self._model, [x for one in noted.applied for x in one.known])
        if self._rows is None:
            activations = [] if self._activations is None else self._activations.described
            self.layout = layouts.describe(
                self._model, self._columns.variables, self._normalizations.layers, activations
            )
            self._rows = Rows(self.layout, [spec for spec, _ in noted.batch], self._capacity)
            self._rows.measure_every(full=self._every[0], sample=self._every[1])
        return self._rows, self._columns


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
