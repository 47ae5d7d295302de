"""The vectors of all BatchNormalization layers, measured together."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_stability.measures.tensorflow import statistics
from tb_stability.series import NORMALIZATION_VECTORS, VECTOR_STATISTICS


class NormalizationVectors:
    """gamma, beta and moving statistics of all BatchNormalization layers, as one vector.

    A model that was never called gets its weights inside of the first traced step, where they have no
    value yet. Then the run starts, for us, with what they are at the first `measure`.

    Attributes:
      layers: The layers, in network order.
      variables: What `measure` writes to.
    """

    def __init__(self, layers: list[keras.layers.BatchNormalization]) -> None:
        self.layers = layers
        self._weights: list[Any] = []
        self._places: list[int] = []
        """For each weight, its place among (vector of `NORMALIZATION_VECTORS`, layer)."""
        segments: list[int] = []
        for row, vector in enumerate(NORMALIZATION_VECTORS):
            for column, layer in enumerate(layers):
                weight = getattr(layer, vector)
                if weight is not None:
                    segments += [len(self._weights)] * int(np.prod(weight.shape))
                    self._weights.append(weight)
                    self._places.append(row * len(layers) + column)
        self._segments = np.asarray(segments, np.int32)
        self.variables: list[tf.Variable] = []
        if layers:
            with tf.init_scope():
                known = all(bool(weight.value.is_initialized()) for weight in self._weights)
                entries = self._entries() if known else tf.zeros([len(segments)])
                self._started = tf.Variable(known, trainable=False, name="stability_started")
                self._start = tf.Variable(entries, trainable=False, name="stability_start")
                self._previous = tf.Variable(entries, trainable=False, name="stability_previous")
            self.variables = [self._started, self._start, self._previous]

    def measure(self) -> tf.Tensor:
        """Returns `NORMALIZATION_MEASURES` of all layers, flat, and remembers the entries."""
        if not self.layers:
            return tf.zeros([0])
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
        missing = np.full(
            (len(NORMALIZATION_VECTORS) * len(self.layers), len(VECTOR_STATISTICS)), np.nan, np.float32
        )
        places = [[place] for place in self._places]
        table = tf.tensor_scatter_nd_update(tf.constant(missing), places, by_statistic)
        table = tf.reshape(table, [len(NORMALIZATION_VECTORS), len(self.layers), len(VECTOR_STATISTICS)])
        return tf.reshape(tf.transpose(table, [0, 2, 1]), [-1])

    def _entries(self) -> tf.Tensor:
        return tf.concat([tf.reshape(value_of(weight), [-1]) for weight in self._weights], axis=0)


def value_of(variable: Any) -> tf.Tensor:
    """The value of a Keras or TensorFlow variable now, as float32."""
    if isinstance(variable, keras.Variable):
        variable = variable.value
    return tf.cast(tf.convert_to_tensor(variable), tf.float32)
