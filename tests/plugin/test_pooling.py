"""Pooling, against an oracle of obvious loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.plugin.pooling import Series, make_columns, pool_series, stack_heatmap

VALUES = st.floats(width=32, allow_subnormal=False) | st.sampled_from([math.nan, math.inf, -math.inf])
SERIES = st.lists(st.tuples(VALUES, st.booleans()), max_size=40)


@given(SERIES, st.integers(1, 12))
def test_pooled_columns_are_those_of_obvious_loops(points: list[tuple[float, bool]], limit: int) -> None:
    # Kills: NaN that hides a maximum, a last column that is lost, absent values that count as NaN.
    steps = np.arange(len(points), dtype=np.int64) * 3 + 7
    columns = make_columns(steps, limit)
    series = Series(np.array([v for v, _ in points], np.float64), np.array([p for _, p in points], bool))
    pooled = pool_series(series, columns)
    highest, nonfinite = stack_heatmap([series], columns)
    assert len(columns.starts) <= limit
    starts = [*columns.starts.tolist(), len(points)]
    sizes = {b - a for a, b in itertools.pairwise(starts[:-1])}
    assert len(sizes) <= 1
    for i, (start, end) in enumerate(itertools.pairwise(starts)):
        present = [v for v, p in points[start:end] if p]
        finite = [v for v in present if math.isfinite(v)]
        assert (columns.first_step[i], columns.last_step[i]) == (steps[start], steps[end - 1])
        assert pooled.nan[i] == sum(map(math.isnan, present))
        assert pooled.inf[i] == sum(map(math.isinf, present))
        assert nonfinite[0, i] == len(present) - len(finite)
        if finite:
            assert (pooled.min[i], pooled.max[i], highest[0, i]) == (min(finite), max(finite), max(finite))
            assert math.isclose(
                pooled.mean[i],
                math.fsum(finite) / len(finite),
                rel_tol=1e-6,
                abs_tol=1e-30 + 1e-12 * max(map(abs, finite)),
            )
        else:
            assert np.isnan([pooled.min[i], pooled.max[i], pooled.mean[i], highest[0, i]]).all()


def test_a_finite_value_beyond_float32_stays_finite() -> None:
    series = Series(np.array([1e300, 1e-300, -1e300]), np.ones(3, bool))
    pooled = pool_series(series, make_columns(np.arange(3), 3))
    assert np.isfinite(pooled.max).all()
    assert pooled.max.dtype == np.float32
