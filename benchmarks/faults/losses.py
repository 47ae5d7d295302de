"""The losses of the corpus: usual ones, and those with which people hurt themselves."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def make_loss(name: str, classes: int) -> Any:
    """Returns a loss for `compile`.

    Args:
      name: `auto`: cross-entropy of logits for classes, mean squared error for numbers. Others are below.
      classes: Number of classes; 0 for numbers.
    """
    if name == "auto":
        if not classes:
            return keras.losses.MeanSquaredError()
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _LOSSES[name]


def _softmax_twice(y_true: Any, y_pred: Any) -> Any:
    """Takes probabilities for logits."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y_true, tf.int32), tf.nn.softmax(y_pred))


def _log_of_probability(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy as in the textbook: the logarithm of a probability that may be 0."""
    labels = tf.one_hot(tf.cast(y_true, tf.int32), y_pred.shape[-1])
    return -tf.reduce_sum(labels * tf.math.log(tf.nn.softmax(y_pred)), axis=-1)


def _distance(y_true: Any, y_pred: Any) -> Any:
    """Euclidean distance: its gradient is 0/0 where target and prediction are equal."""
    return tf.sqrt(tf.reduce_sum(tf.square(y_true - y_pred), axis=-1))


def _binary(y_true: Any, y_pred: Any) -> Any:
    """Binary cross-entropy of the difference of two logits."""
    labels = tf.cast(y_true, y_pred.dtype)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels, y_pred[:, 1] - y_pred[:, 0])


def _smoothed(y_true: Any, y_pred: Any) -> Any:
    """Cross-entropy with a tenth of the label spread over all classes."""
    labels = tf.one_hot(tf.cast(y_true, tf.int32), y_pred.shape[-1])
    return keras.losses.categorical_crossentropy(labels, y_pred, from_logits=True, label_smoothing=0.1)


def _huber(y_true: Any, y_pred: Any) -> Any:
    return keras.losses.huber(y_true, y_pred)


_LOSSES = {
    "softmax_twice": _softmax_twice,
    "log_of_probability": _log_of_probability,
    "distance": _distance,
    "binary": _binary,
    "smoothed": _smoothed,
    "huber": _huber,
}
