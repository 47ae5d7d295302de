"""Observes one Keras optimizer: a row of measures for every update, from inside the step.

`BaseOptimizer.apply` is the one place that all training of Keras on TensorFlow goes
through, with the real gradients in hand. While attached, the observer stands in front
of that method of that one optimizer, and adds its ops to whatever step is being
traced or run.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_stability.measures.tensorflow import layout as layouts
from tb_stability.measures.tensorflow import statistics
from tb_stability.measures.tensorflow.batch import Batch
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors, value_of
from tb_stability.measures.tensorflow.ring import Ring, keep_alive
from tb_stability.series import (
    NORMALIZATION_MEASURES,
    SCALARS,
    VARIABLE_MEASURES,
    Layout,
    StepValues,
)

_SCALARS = tuple(SCALARS)


class Observer:
    """Measures the updates of one optimizer while it is attached.

    Attributes:
      layout: What the rows describe; None before the first update was traced.
    """

    def __init__(
        self, optimizer: Any, model: keras.Model | None, *, capacity: int, observe_loss: bool
    ) -> None:
        """Prepares to observe; changes nothing yet.

        Args:
          optimizer: A Keras optimizer. Of a `LossScaleOptimizer` the inner one is observed, which
            gets unscaled gradients and only finite ones.
          model: The model that it trains, for its normalization layers and its loss.
          capacity: Updates between two calls of `drain` at most.
          observe_loss: Whether to take loss and batch size from the step, see `Batch`. A custom loop
            gives its loss itself.
        """
        self.layout: Layout | None = None
        self._optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        self._scale_loss = optimizer.scale_loss
        self._batch = Batch(model, self._harmless) if observe_loss and model is not None else None
        self._model = model
        self._capacity = capacity
        self._ring: Ring | None = None
        self._columns: dict[str, int] = {}
        self._normalizations: NormalizationVectors | None = None
        self._warned = False
        layers = layouts.normalization_layers(model) if model is not None else []
        if all(layer.moving_mean is not None for layer in layers):
            self._normalizations = NormalizationVectors(layers)

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Observes every `optimizer.apply` that is traced or run inside of the `with` block."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(instead(self._optimizer, "apply", self._apply_and_measure))
            if self._batch is not None:
                stack.enter_context(self._batch.observing())
            yield

    def updates(self) -> tf.Tensor | None:
        """Returns the number of updates so far, as a tensor that nobody waits for; None before the first."""
        return None if self._ring is None else self._ring.written()

    def drain(self) -> tuple[list[StepValues], int]:
        """Returns the measures of the updates since the last call, oldest first, and how many were lost."""
        if self._ring is None or self.layout is None:
            return [], 0
        rows, lost = self._ring.drain()
        return [_decode(row, self.layout) for row in rows], lost

    def _apply_and_measure(
        self, original: Callable[..., Any], grads: Any, trainable_variables: Any = None
    ) -> Any:
        grads = list(grads)
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
        before = None
        with self._harmless("the state before the update"):
            before = self._before(grads, trainable_variables)
        result = original(grads, trainable_variables)
        if before is not None:
            with self._harmless("the update"):
                self._measure(*before)
        return result

    def _before(
        self, grads: Sequence[Any], variables: Sequence[Any] | None
    ) -> tuple[list[Any], list[tf.Tensor], list[tf.Tensor], dict[str, tf.Tensor]] | None:
        """Reads what the update is about to change: (variables, gradients, values, scalars)."""
        strategy = tf.distribute.get_strategy()
        if strategy.num_replicas_in_sync > 1:
            raise NotImplementedError(f"{type(strategy).__name__} with several replicas is not supported yet")
        # Not built yet, the optimizer is about to be, for the variables of this call.
        known = list(self._optimizer._trainable_variables) if self._optimizer.built else list(variables or ())
        if variables is None:
            variables = known
        pairs = [
            (variable, self._unscaled(statistics.dense(gradient, variable.shape)))
            for gradient, variable in zip(grads, variables, strict=True)
            if gradient is not None and not getattr(variable, "overwrite_with_gradient", False)
        ]
        if not pairs:
            return None
        self._prepare(known)
        given = [variable for variable, _ in pairs]
        scalars = {}
        if self._batch is not None:
            with self._harmless("the batch loss"):
                scalars = self._batch.take(self._scale_loss)
        if not callable(self._optimizer._learning_rate) or isinstance(
            self._optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule
        ):
            # A callable of the user's may count its calls: it is not ours to call.
            scalars["learning_rate"] = tf.cast(
                tf.convert_to_tensor(self._optimizer.learning_rate), tf.float32
            )
        return given, [gradient for _, gradient in pairs], [value_of(v) for v in given], scalars

    def _prepare(self, variables: Sequence[Any]) -> None:
        """Fixes the layout and makes the ring, at the first update."""
        if self.layout is not None:
            return
        order = _network_order(self._model, variables)
        if self._normalizations is None:
            # Some had no weights when we began; one that has none now is not used by the model.
            layers = [x for x in layouts.normalization_layers(self._model) if x.moving_mean is not None]
            self._normalizations = NormalizationVectors(layers)
        self.layout = layouts.describe(self._model, order, self._normalizations.layers)
        self._columns = {self._key(variable): column for column, variable in enumerate(order)}
        width = 1 + len(_SCALARS) + len(VARIABLE_MEASURES) * len(order)
        width += len(NORMALIZATION_MEASURES) * len(self._normalizations.layers)
        self._ring = Ring(width, self._capacity)

    def _measure(
        self,
        variables: list[Any],
        gradients: list[tf.Tensor],
        before: list[tf.Tensor],
        scalars: dict[str, tf.Tensor],
    ) -> None:
        """Reduces one update to a row and appends it to the ring."""
        assert self._ring is not None  # made in `_before`
        assert self._normalizations is not None
        measures = statistics.variable_statistics(gradients, before, [value_of(v) for v in variables])
        scalars = {**scalars, "grad_norm": statistics.global_norm(measures["grad_norm"])}
        observed = sum(1 << i for i, name in enumerate(_SCALARS) if name in scalars)
        row = [tf.constant([float(observed)])]
        row += [tf.reshape(scalars.get(name, tf.constant(0.0)), [1]) for name in _SCALARS]
        positions = [[self._columns[self._key(v)]] for v in variables]
        everything = [[i] for i in range(len(self._columns))]
        for name in VARIABLE_MEASURES:
            values = measures[name]
            if positions != everything:  # variables without a gradient did not change: 0
                values = tf.scatter_nd(positions, values, [len(everything)])
            row.append(values)
        row.append(self._normalizations.measure())
        self._ring.write(tf.concat(row, axis=0))
        keep_alive(self._ring, *self._normalizations.variables)

    def _unscaled(self, gradient: tf.Tensor) -> tf.Tensor:
        """A gradient as the optimizer will use it; no operation where there is no loss scale."""
        scale = self._optimizer.loss_scale_factor
        return gradient if scale is None else gradient / scale

    def _key(self, variable: Any) -> Any:
        return self._optimizer._var_key(variable)

    @contextlib.contextmanager
    def _harmless(self, what: str) -> Iterator[None]:
        """Turns an error of ours into one warning: training goes on unobserved."""
        try:
            yield
        except Exception as error:
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"Stability could not measure {what}; training goes on without it. "
                    f"{type(error).__name__}: {error}",
                    RuntimeWarning,
                    stacklevel=2,
                )


def _network_order(model: keras.Model | None, variables: Sequence[Any]) -> list[Any]:
    """Sorts variables as the model lists them, inputs first; others keep their order, behind."""
    place = {id(v): i for i, v in enumerate(model.trainable_variables)} if model is not None else {}
    return sorted(variables, key=lambda v: place.get(id(v), len(place)))


def _decode(row: np.ndarray, layout: Layout) -> StepValues:
    """Takes a row of the ring apart."""
    observed = int(row[0])
    at = 1 + len(_SCALARS)
    scalars = {name: float(row[1 + i]) for i, name in enumerate(_SCALARS) if observed >> i & 1}
    groups: list[dict[str, np.ndarray]] = []
    for measures, count in (
        (tuple(VARIABLE_MEASURES), len(layout.variables)),
        (NORMALIZATION_MEASURES, len(layout.normalizations)),
    ):
        block = row[at : at + len(measures) * count].reshape(len(measures), count)
        groups.append(dict(zip(measures, block, strict=True)))
        at += block.size
    return StepValues(scalars, *groups)
