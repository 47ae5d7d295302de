"""The vectors of all normalization layers, measured together, and what BatchNormalization normalised with."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_stability.measures.tensorflow import statistics
from tb_stability.measures.tensorflow.call_hooks import CallHooks
from tb_stability.measures.tensorflow.layout import normalization_kind, normalization_vector
from tb_stability.measures.tensorflow.replicas import own_variable
from tb_stability.measures.tensorflow.variables import value_of
from tb_stability.series import NORMALIZATION_VECTORS, VECTOR_STATISTICS


class NormalizationVectors:
    """gamma, beta and moving statistics of all normalization layers, as one vector.

    A model that was never called gets its weights inside of the first traced step, where they have no
    value yet. Then the run starts, for us, with what they are at the first `measure`.

    The layers are not kept alive.

    Args:
      layers: The layers in network order. Where some are not built yet, `prepare` must be called before
        `measure`.

    Attributes:
      variables: What `measure` writes to.
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        self._layers = [weakref.ref(layer) for layer in layers]
        self._prepared = False
        self._weights: list[tuple[int, str]] = []
        """Each weight as (place of the layer, name of the vector)."""
        self._segments = np.zeros(0, np.int32)
        self.variables: list[tf.Variable] = []
        # Keras asks `_moments` for the statistics of the batch where it uses them, and only there. The
        # argument `training` would not say it: a subclass may hand on another one.
        kinds = [layer for layer in layers if normalization_kind(layer) == "BatchNormalization"]
        kinds = [layer for layer in kinds if hasattr(layer, "_moments")]
        self._used_batch: dict[int, bool] = {}
        self._calls = CallHooks(kinds, "call", self._note_call)
        self._moments = CallHooks(kinds, "_moments", self._note_moments)
        if all(layer.built for layer in layers):
            self.prepare()

    def prepare(self) -> None:
        """Fixes the layers to those that are built by now, and makes the variables, once.

        To be called at the first update: a layer without weights then is not used by the model.
        """
        if self._prepared:
            return
        self._prepared = True
        layers = [layer for layer in self.layers if layer.built]
        self._layers = [weakref.ref(layer) for layer in layers]
        segments: list[int] = []
        for vector in NORMALIZATION_VECTORS:
            for place, layer in enumerate(layers):
                weight = normalization_vector(layer, vector)
                if weight is not None:
                    segments += [len(self._weights)] * int(np.prod(weight.shape))
                    self._weights.append((place, vector))
        self._segments = np.asarray(segments, np.int32)
        if not self._weights:
            return
        with tf.init_scope():
            known = all(bool(weight.value.is_initialized()) for weight in self._variables_of_layers())
            entries = self._entries() if known else tf.zeros([len(segments)])
            self._started = own_variable(known, "stability_started")
            self._start = own_variable(entries, "stability_start")
            self._previous = own_variable(entries, "stability_previous")
        self.variables = [self._started, self._start, self._previous]

    @property
    def layers(self) -> list[Any]:
        """The layers, in network order."""
        return [layer for layer in (reference() for reference in self._layers) if layer is not None]

    def are_of(self, layers: Sequence[Any]) -> bool:
        """Whether these are the layers, and all of them still exist."""
        mine = self.layers
        return len(mine) == len(layers) and all(a is b for a, b in zip(mine, layers, strict=True))

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Notes inside of the `with` block which statistics each call of a layer normalises with."""
        try:
            with self._calls.in_place(), self._moments.in_place():
                yield
        finally:
            self._used_batch.clear()

    def measure(self) -> tf.Tensor:
        """Returns `NORMALIZATION_MEASURES` of all layers, flat, and remembers the entries.

        `batch_statistics` is of the last call of each layer since the last `measure`.
        """
        if not self._layers:
            return tf.zeros([0])
        used, self._used_batch = self._used_batch, {}
        used_batch = [float(used.get(id(layer), np.nan)) for layer in self.layers]
        return tf.concat([self._measure_vectors(), tf.constant(used_batch, tf.float32)], axis=0)

    def _measure_vectors(self) -> tf.Tensor:
        missing = np.full(
            (len(NORMALIZATION_VECTORS) * len(self._layers), len(VECTOR_STATISTICS)), np.nan, np.float32
        )
        table = tf.constant(missing)
        if self._weights:
            entries = self._entries()
            start = tf.where(self._started, self._start, entries)
            previous = tf.where(self._started, self._previous, entries)
            measures = statistics.segment_statistics(
                entries, start, previous, tf.constant(self._segments), len(self._weights)
            )
            self._start.assign(start)
            self._previous.assign(entries)
            self._started.assign(True)
            by_statistic = tf.stack([measures[name] for name in VECTOR_STATISTICS], axis=1)
            rows = [
                [NORMALIZATION_VECTORS.index(vector) * len(self._layers) + place]
                for place, vector in self._weights
            ]
            table = tf.tensor_scatter_nd_update(table, rows, by_statistic)
        table = tf.reshape(table, [len(NORMALIZATION_VECTORS), len(self._layers), len(VECTOR_STATISTICS)])
        return tf.reshape(tf.transpose(table, [0, 2, 1]), [-1])

    def _note_call(self, layer: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._used_batch[id(layer)] = False
        return original(*args, **kwargs)

    def _note_moments(self, layer: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._used_batch[id(layer)] = True
        return original(*args, **kwargs)

    def _variables_of_layers(self) -> list[Any]:
        layers = self.layers
        return [normalization_vector(layers[place], vector) for place, vector in self._weights]

    def _entries(self) -> tf.Tensor:
        entries = [tf.reshape(value_of(weight), [-1]) for weight in self._variables_of_layers()]
        return tf.concat(entries, axis=0)
