"""Histograms inside the step, against their definition."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tb_stability.measures import reference
from tb_stability.measures.tensorflow.histograms import histograms
from tb_stability.series import HISTOGRAM_BINS, HISTOGRAM_SAMPLE

_ANY = st.floats(width=32, allow_subnormal=False) | st.sampled_from(
    [0.0, -0.0, 2.0**-33, 2.0**-32, -(2.0**15), 1.0, 2.0**127, np.nan, np.inf, -np.inf]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.integers(1, 30).flatmap(lambda n: arrays(np.float32, n, elements=_ANY)), min_size=1, max_size=4
    )
)
def test_any_float_is_counted_in_its_bin(gradients: list[np.ndarray]) -> None:
    """Kills: a sign lost; NaN as Inf; an octave that is off by one; bins of another variable."""
    counts = histograms([tf.constant(x) for x in gradients]).numpy()
    np.testing.assert_array_equal(counts, [reference.histogram(x) for x in gradients])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_of_many_gradients_of_one_shape_each_is_sampled(jit_compile: bool) -> None:
    """Kills: the sample of another one; one stride over all of them."""
    chance = np.random.default_rng(0)
    gradients = [chance.normal(0.0, 2.0**-i, (53, 41)).astype(np.float32) for i in range(9)]
    gradients.insert(4, np.float32([1.0, 0.0, -3.0]))
    counted = tf.function(lambda *x: histograms(x), jit_compile=jit_compile)(*gradients).numpy()
    np.testing.assert_array_equal(counted, [reference.histogram(gradient) for gradient in gradients])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_of_a_large_gradient_a_sample_is_counted(jit_compile: bool) -> None:
    """Kills: the first entries instead of evenly spaced ones."""
    large = np.random.default_rng(0).normal(size=(100, 77)).astype(np.float32)
    large[:50] *= 1e-6
    small = np.float32([[0.0, 1.0], [-1.0, np.nan]])
    counted = tf.function(lambda *x: histograms(x), jit_compile=jit_compile)(large, small).numpy()
    assert counted.shape == (2, HISTOGRAM_BINS)
    assert counted[0].sum() <= HISTOGRAM_SAMPLE
    np.testing.assert_array_equal(counted, [reference.histogram(large), reference.histogram(small)])
