"""Histograms of gradients by sign and magnitude, as TensorFlow ops inside the training step."""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_stability.measures.tensorflow.once_traced import once_traced
from tb_stability.measures.tensorflow.stacks import COMMON, STACKED_ENTRIES, Stacks
from tb_stability.series import HISTOGRAM_BINS, HISTOGRAM_EXPONENTS, HISTOGRAM_SAMPLE, sample_stride

_LOWEST, _HIGHEST = HISTOGRAM_EXPONENTS
_OCTAVES = _HIGHEST - _LOWEST + 1
_EXPONENT_BIAS = 127  # of float32, which has its exponent in bits 23 to 30
_MANTISSA_BITS = 23


def histograms(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Counts entries by `series.HISTOGRAM_BINS`, by the bits of their exponents.

    Args:
      gradients: One float32 tensor a variable.

    Returns:
      `[gradients, HISTOGRAM_BINS]` float32. Exact for any float32, NaN and Inf included.
    """
    samples = _samples(gradients)
    stacks = Stacks([sample.shape for sample in samples])
    counts = tf.concat([_counts(rows) for rows in stacks.matrices(samples)], axis=0)
    filling = np.zeros(counts.shape, np.float32)  # zeros that are none of theirs
    filling[:, _OCTAVES] = np.concatenate([stacks.zeros(group) for group in stacks.stacked])
    return tf.gather(counts - filling, stacks.as_given)


def _samples(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """A sample of each; of many small ones of one shape they are taken together, in few operations."""
    samples = list(gradients)
    places_of = collections.defaultdict(list)
    for place, gradient in enumerate(gradients):
        places_of[tuple(gradient.shape)].append(place)
    for shape, places in places_of.items():
        size = math.prod(shape)
        stride = sample_stride(size, HISTOGRAM_SAMPLE)
        if stride == 1:
            continue
        if len(places) >= COMMON and size <= STACKED_ENTRIES:
            rows = tf.reshape(tf.stack([gradients[place] for place in places]), [len(places), size])
            taken = tf.unstack(rows[:, ::stride])
        else:
            taken = [tf.reshape(gradients[place], [-1])[::stride] for place in places]
        for place, sample in zip(places, taken, strict=True):
            samples[place] = sample
    return samples


@once_traced(1)
def _counts(rows: tf.Tensor) -> tf.Tensor:
    """Counts the entries of each row: `[rows, HISTOGRAM_BINS]`."""
    count = tf.shape(rows)[0]
    bins = _bins(rows) + HISTOGRAM_BINS * tf.range(count)[:, tf.newaxis]
    # Not bincount: it has no kernel for XLA on every device.
    counts = tf.math.unsorted_segment_sum(tf.ones_like(rows), bins, count * HISTOGRAM_BINS)
    return tf.reshape(counts, [-1, HISTOGRAM_BINS])


def _bins(entries: tf.Tensor) -> tf.Tensor:
    """The bin of each entry, int32."""
    bits = tf.bitcast(entries, tf.int32)
    magnitude = tf.bitwise.bitwise_and(bits, 0x7FFFFFFF)
    biased = tf.bitwise.right_shift(magnitude, _MANTISSA_BITS)
    step = 1 + tf.clip_by_value(biased - _EXPONENT_BIAS, _LOWEST, _HIGHEST) - _LOWEST
    step = tf.where(biased == 0, 0, step)  # zero, and what is too small to be normal
    bins = _OCTAVES + tf.where(bits < 0, -step, step)
    infinite = 0x7F800000
    bins = tf.where(magnitude == infinite, tf.where(bits < 0, 2 * _OCTAVES + 2, 2 * _OCTAVES + 3), bins)
    return tf.where(magnitude > infinite, 2 * _OCTAVES + 1, bins)
