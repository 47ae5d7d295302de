"""The statistics inside the step, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tb_stability.measures import reference
from tb_stability.measures.tensorflow import statistics

_ORDINARY = st.floats(-1e3, 1e3, width=32, allow_subnormal=False)
_EXTREME = st.sampled_from([0.0, 1e-30, -1e-22, 3e19, -2e38, math.nan, math.inf, -math.inf])


def _triples() -> st.SearchStrategy[list[np.ndarray]]:
    """Gradient, value before and value after of one variable."""
    shapes = array_shapes(min_dims=0, max_dims=3, max_side=4)
    return shapes.flatmap(
        lambda shape: st.lists(
            arrays(np.float32, shape, elements=_ORDINARY | _EXTREME), min_size=3, max_size=3
        )
    )


def _compare(measured: float, defined: float, name: str) -> None:
    if math.isnan(defined):
        assert math.isnan(measured), name
    elif abs(defined) > float(np.finfo(np.float32).max):
        assert math.isinf(measured), name
    else:
        # Gradients are exact down to 1e-37, where denormals begin, which the processor may flush to 0.
        smallest = 1e-37 if name.startswith("grad") else 1e-18
        assert measured == pytest.approx(defined, rel=1e-5, abs=smallest), name


@settings(max_examples=150, deadline=None)
@given(st.lists(_triples(), min_size=1, max_size=6))
def test_measures_of_variables_are_their_definitions_also_where_float32_squares_overflow_or_vanish(
    triples: list[list[np.ndarray]],
) -> None:
    """Kills: no careful branch; grad_max over non-finite entries; counting only NaN."""
    gradients, before, after = ([tf.constant(x) for x in group] for group in zip(*triples, strict=True))
    updates = [new - old for new, old in zip(after, before, strict=True)]
    measured = statistics.variable_statistics(gradients, before, updates)
    for i, triple in enumerate(triples):
        with np.errstate(all="ignore"):
            update_is_float32 = np.float32(triple[2]) - np.float32(triple[1])
            defined = reference.variable_measures(*triple)
            defined["update_norm"] = reference.norm(update_is_float32)
        for name, value in defined.items():
            if name == "grad_mean" and math.isfinite(value):  # what cancels leaves rounding
                rounding = 1e-5 * defined["grad_max"]
                assert float(measured[name][i]) == pytest.approx(value, abs=max(rounding, 1e-37))
            else:
                _compare(float(measured[name][i]), value, name)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_of_small_and_large_variables_in_a_compiled_step(jit_compile: bool) -> None:
    """Kills: careful norms without their scale; weights taken for updates; large ones in the wrong order."""

    @tf.function(jit_compile=jit_compile)
    def measure(*groups: list[tf.Tensor]) -> dict[str, tf.Tensor]:
        return statistics.variable_statistics(*groups, xla_cpu=jit_compile)

    rng = np.random.default_rng(0)
    shapes = [(3, 2), (5_000,), (4,), (70, 80)]
    for scales in ((1.0, 2.0, 3.0), (1e-25, 1e25, 1.0), (1e25, 1.0, 1e-3), (1.0, 1.0, 1e25)):
        groups = [[rng.normal(0.0, scale, shape).astype("float32") for shape in shapes] for scale in scales]
        groups[0][0][0, 0] = 0.0
        if scales[0] == 1e25:
            groups[0][1][7] = groups[1][1][3] = math.nan
            groups[0][3][1, 2] = math.inf
            groups[2][0][1, 1] = -math.inf
        measured = {name: values.numpy() for name, values in measure(*groups).items()}
        for i, (gradient, before, update) in enumerate(zip(*groups, strict=True)):
            defined = reference.variable_measures(gradient, before, before)
            defined["update_norm"] = reference.norm(update)
            mean, rounding = defined.pop("grad_mean"), 1e-5 * defined["grad_max"]
            assert measured["grad_mean"][i] == pytest.approx(mean, rel=1e-3, abs=rounding, nan_ok=True)
            for name, value in defined.items():
                _compare(float(measured[name][i]), value, name)


@pytest.mark.parametrize(
    "norms", [[3.0, 4.0], [0.0, 0.0], [2e25, 1e25], [1.0, math.nan], [1.0, math.inf], [1e-25, 1e-25]]
)
def test_the_global_norm_is_the_norm_of_the_norms(norms: list[float]) -> None:
    measured = float(statistics.global_norm(tf.constant(norms, tf.float32)))
    _compare(measured, reference.global_norm(np.float32(norms)), "global norm")


def test_statistics_of_vectors_are_their_definitions() -> None:
    """Kills: mixing up two segments; distance and change exchanged."""
    rng = np.random.default_rng(0)
    sizes = [3, 1, 5]
    now, start, previous = (rng.normal(size=sum(sizes)).astype("float32") for _ in range(3))
    segments = np.repeat(np.arange(3), sizes)
    measured = statistics.segment_statistics(*map(tf.constant, (now, start, previous, segments)), 3)
    for i in range(3):
        own = segments == i
        for name, value in reference.vector_statistics(now[own], start[own], previous[own]).items():
            assert float(measured[name][i]) == pytest.approx(value, rel=1e-5), name


def test_rows_of_an_embedding_that_occur_twice_are_summed() -> None:
    slices = tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([0, 2, 0]), tf.constant([3, 1]))
    assert statistics.dense(slices, (3, 1)).numpy().tolist() == [[5.0], [0.0], [2.0]]
