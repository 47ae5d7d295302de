"""What leaves the training step: rows of numbers in rings on the device, and how they become `StepValues`.

Three rings, since not everything is measured at every step: one row an update with the scalars; one an
update that was measured in full, with the variables and normalization layers; one a sampled update, with what
is dear. The rows of the last two begin with the number of their update.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_stability.measures.tensorflow import first_batch
from tb_stability.measures.tensorflow.first_batch import TensorSpec
from tb_stability.measures.tensorflow.replicas import own_variable
from tb_stability.measures.tensorflow.ring import Ring
from tb_stability.report import TensorRange
from tb_stability.series import (
    ACTIVATION_MEASURES,
    HISTOGRAM_BINS,
    NORMALIZATION_MEASURES,
    SCALARS,
    VARIABLE_MEASURES,
    Layout,
    StepValues,
)

DEVICE_SCALARS = tuple(name for name in SCALARS if name != "step_seconds")
"""Scalars that are known inside of the step."""

_IS_FULL = 1 << len(DEVICE_SCALARS)
"""The bit of a row's first number that says that the update was measured in full."""

_NUMBERS = 2**24
"""Update numbers are kept modulo this, which float32 holds exactly."""

_SCALARS_CAPACITY = 4
"""Updates between two drains of which the scalars are kept, for each of which everything is."""

_MOST_SAMPLES = 64
"""Sampled updates between two drains of which all are kept."""


@dataclasses.dataclass(frozen=True)
class Drained:
    """What was read of the rings.

    Attributes:
      values: One entry an update, oldest first.
      lost: Updates before them that were overwritten.
      full: Those of `values` that were measured in full.
      first_batch: Ranges of the tensors of the first batch, once.
    """

    values: list[StepValues]
    lost: int
    full: int
    first_batch: tuple[TensorRange, ...]


class Rows:
    """The rings of one observed training.

    Args:
      layout: What the measures speak of.
      batch: Tensors of a batch whose ranges are sampled.
      capacity: Updates between two calls of `drain` of which everything is kept. Of more of them only the
        scalars are, and of four times as many nothing.
    """

    def __init__(self, layout: Layout, batch: Sequence[TensorSpec], capacity: int) -> None:
        self._layout = layout
        self._batch = tuple(batch)
        variables, normalizations = len(layout.variables), len(layout.normalizations)
        self._scalars = Ring(1 + len(DEVICE_SCALARS), _SCALARS_CAPACITY * capacity)
        self._full = Ring(
            1 + len(VARIABLE_MEASURES) * variables + len(NORMALIZATION_MEASURES) * normalizations, capacity
        )
        self._samples = Ring(
            1 + HISTOGRAM_BINS * variables + len(ACTIVATION_MEASURES) * len(layout.activations),
            min(capacity, _MOST_SAMPLES),
        )
        self._first_batch = Ring(first_batch.NUMBERS * len(self._batch), 1)
        self._is_batch_drained = not self._batch
        self._full_every = own_variable(np.int64(1), "stability_full_every")
        self._sample_every = own_variable(np.int64(1), "stability_sample_every")
        self._drained = 0

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        """Everything that a step reads or writes here."""
        rings = (self._scalars, self._full, self._samples, self._first_batch)
        return (*(v for ring in rings for v in ring.variables), self._full_every, self._sample_every)

    def written(self) -> tf.Tensor:
        """Number of updates so far, as a tensor that nobody waits for."""
        return self._scalars.written()

    def measure_every(self, *, full: int, sample: int) -> None:
        """Sets at which updates `is_full_due`, and at which of the full ones `is_sample_due`: every n-th."""
        self._full_every.assign(full)
        self._sample_every.assign(sample)

    def is_full_due(self) -> tf.Tensor:
        """Whether the update that is about to be written is to be measured in full, where the step asks."""
        return tf.equal(tf.math.floormod(self._scalars.written(), self._full_every), 0)

    def is_sample_due(self) -> tf.Tensor:
        """Whether the full update that is about to be written is to be sampled."""
        return tf.equal(tf.math.floormod(self._full.written(), self._sample_every), 0)

    def write_scalars(
        self,
        scalars: Mapping[str, tf.Tensor],
        nan_if: Mapping[str, tf.Tensor] | None = None,
        *,
        is_full: bool | tf.Tensor = False,
    ) -> None:
        """Ends an update: appends its scalars, as far as they are known.

        Args:
          scalars: The known ones by name, float32.
          nan_if: Of some others it is known whether they are NaN, and nothing more.
          is_full: Whether `write_full` was called for this update.
        """
        known = float(sum(_bit(name) for name in scalars))
        if isinstance(is_full, bool):
            observed = tf.constant(known + _IS_FULL * is_full)
        else:
            observed = tf.where(is_full, known + _IS_FULL, known)
        for name, is_nan in (nan_if or {}).items():
            observed += tf.where(is_nan, float(_bit(name)), 0.0)
        scalars = {**dict.fromkeys(nan_if or {}, tf.constant(math.nan)), **scalars}
        nothing = tf.constant(0.0)
        self._scalars.write(tf.stack([observed, *(scalars.get(n, nothing) for n in DEVICE_SCALARS)]))

    def write_full(self, variables: Mapping[str, tf.Tensor], normalizations: tf.Tensor) -> None:
        """Adds the measures of the variables, and of the normalization layers as one flat vector."""
        self._full.write(
            tf.concat([self._number(), *(variables[m] for m in VARIABLE_MEASURES), normalizations], axis=0)
        )

    def write_sample(self, histograms: tf.Tensor, activations: tf.Tensor) -> None:
        """Adds what was sampled."""
        parts = [tf.reshape(part, [-1]) for part in (histograms, activations)]
        self._samples.write(tf.concat([self._number(), *parts], axis=0))

    def expects(self, batch: first_batch.BatchTensors) -> bool:
        """Whether a batch is of the tensors that were announced."""
        return bool(self._batch) and tuple(spec for spec, _ in batch) == self._batch

    def is_batch_due(self) -> tf.Tensor:
        """Whether no batch was written so far."""
        return tf.equal(self._first_batch.written(), 0)

    def write_batch(self, batch: first_batch.BatchTensors) -> None:
        """Adds the ranges of the first batch."""
        self._first_batch.write(tf.reshape(first_batch.measure_ranges(batch), [-1]))

    def drain(self) -> Drained:
        """Returns the updates since the last call."""
        rows, lost = self._scalars.drain()
        first = self._drained + lost
        self._drained = first + len(rows)
        full, samples = {}, {}
        if (rows[:, 0].astype(np.int64) & _IS_FULL).any() or lost:  # to ask all rings takes its time
            full = self._by_update(self._full, first, len(rows))
            samples = self._by_update(self._samples, first, len(rows))
        values: list[StepValues] = []
        known: dict[float, list[tuple[int, str]]] = {}  # by what a row says is observed: mostly one kind
        for i, row in enumerate(rows.tolist()):
            if row[0] not in known:
                known[row[0]] = [x for x in enumerate(DEVICE_SCALARS, 1) if int(row[0]) & _bit(x[1])]
            scalars = {name: row[k] for k, name in known[row[0]]}
            value = StepValues(scalars)
            if i in full:
                variables, normalizations = self._take_full_apart(full[i])
                value = StepValues(scalars, variables, normalizations)
                if i in samples:
                    activations, histograms = self._take_sample_apart(samples[i])
                    value = dataclasses.replace(value, activations=activations, histograms=histograms)
            values.append(value)
        return Drained(values, lost, len(full), self._drain_batch())

    def _drain_batch(self) -> tuple[TensorRange, ...]:
        if self._is_batch_drained:
            return ()
        rows, _ = self._first_batch.drain()
        self._is_batch_drained = bool(len(rows))
        return first_batch.decode(self._batch, rows[0].reshape(len(self._batch), -1)) if len(rows) else ()

    def _number(self) -> tf.Tensor:
        number = tf.math.floormod(self._scalars.written(), _NUMBERS)
        return tf.cast(number, tf.float32)[tf.newaxis]

    def _by_update(self, ring: Ring, first: int, count: int) -> dict[int, npt.NDArray[np.float32]]:
        """New rows of a ring by the place of their update among `count` ones from `first` on."""
        rows, _ = ring.drain()
        places = (rows[:, 0].astype(np.int64) - first) % _NUMBERS
        return {int(i): row[1:] for i, row in zip(places, rows, strict=True) if i < count}

    def _take_full_apart(self, row: npt.NDArray[np.float32]) -> Sequence[dict[str, npt.NDArray[np.float32]]]:
        groups = []
        for measures, count in (
            (tuple(VARIABLE_MEASURES), len(self._layout.variables)),
            (NORMALIZATION_MEASURES, len(self._layout.normalizations)),
        ):
            numbers, row = row[: len(measures) * count], row[len(measures) * count :]
            groups.append(dict(zip(measures, numbers.reshape(len(measures), count), strict=True)))
        return groups

    def _take_sample_apart(
        self, row: npt.NDArray[np.float32]
    ) -> tuple[dict[str, npt.NDArray[np.float32]], npt.NDArray[np.uint16]]:
        variables, activations = len(self._layout.variables), len(self._layout.activations)
        counts, shares = np.split(row, [HISTOGRAM_BINS * variables])
        return (
            dict(
                zip(ACTIVATION_MEASURES, shares.reshape(len(ACTIVATION_MEASURES), activations), strict=True)
            ),
            counts.reshape(variables, HISTOGRAM_BINS).astype(np.uint16),
        )


def _bit(scalar: str) -> int:
    """The bit of a row's first number that says that a scalar was observed."""
    return 1 << DEVICE_SCALARS.index(scalar)
