"""Pooling, against an oracle of obvious loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.plugin.pooling import (
    Series,
    count_nonfinite,
    derive_series,
    make_columns,
    pool_max,
    pool_series,
)
from tb_stability.summary.step_block import Measures, Spread, StepBlock

VALUES = st.floats(width=32, allow_subnormal=False) | st.sampled_from([math.nan, math.inf, -math.inf])
SERIES = st.lists(st.tuples(VALUES, st.booleans()), max_size=40)


@given(SERIES, st.integers(1, 12))
def test_pooled_columns_are_those_of_obvious_loops(points: list[tuple[float, bool]], limit: int) -> None:
    # Kills: NaN that hides a maximum, a last column that is lost, absent values that count as NaN.
    steps = np.arange(len(points), dtype=np.int64) * 3 + 7
    columns = make_columns(steps, limit)
    series = Series(np.array([v for v, _ in points], np.float64), np.array([p for _, p in points], bool))
    pooled = pool_series(series, columns)
    highest, nonfinite = pool_max(series, columns), count_nonfinite(series, columns)
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
        assert nonfinite[i] == len(present) - len(finite)
        if finite:
            assert (pooled.min[i], pooled.max[i], highest[i]) == (min(finite), max(finite), max(finite))
            assert math.isclose(
                pooled.mean[i],
                math.fsum(finite) / len(finite),
                rel_tol=1e-6,
                abs_tol=1e-30 + 1e-12 * max(map(abs, finite)),
            )
        else:
            assert np.isnan([pooled.min[i], pooled.max[i], pooled.mean[i], highest[i]]).all()


def test_a_finite_value_beyond_float32_stays_finite() -> None:
    series = Series(np.array([1e300, 1e-300, -1e300]), np.ones(3, bool))
    pooled = pool_series(series, make_columns(np.arange(3), 3))
    assert np.isfinite(pooled.max).all()
    assert pooled.max.dtype == np.float32


SPAN = st.tuples(st.lists(VALUES, min_size=1, max_size=6), st.booleans())


@given(st.lists(SPAN, max_size=20), st.integers(1, 8))
def test_rows_of_several_steps_are_pooled_as_their_steps_would_be(
    spans: list[tuple[list[float], bool]], limit: int
) -> None:
    # Kills: means of means without weights, extremes that are taken from means, a NaN that hides in its row.
    counts = np.array([len(values) for values, _ in spans], np.int64)
    steps = np.cumsum(counts) - counts
    rows = [np.float64(values) for values, _ in spans]
    with np.errstate(invalid="ignore"):
        means = np.array([row.mean() for row in rows])
    finite = [row[np.isfinite(row)] for row in rows]
    measures = [
        Measures({"x": np.array(x, np.float64)}, {}, {})  # type: ignore[dict-item]
        for x in (
            means,
            [row.min() if len(row) else math.nan for row in finite],
            [row.max() if len(row) else math.nan for row in finite],
        )
    ]
    present = np.array([p for _, p in spans], bool)
    spread = Spread(steps + counts - 1, counts, measures[1], measures[2])
    block = StepBlock(steps, measures[0].scalars, {"x": present}, {}, {}, present, present, spread)
    columns = make_columns(steps, limit, spread)
    pooled = pool_series(derive_series(block, lambda m: m.scalars["x"], present), columns)
    starts = [*columns.starts.tolist(), len(spans)]
    for i, (start, end) in enumerate(itertools.pairwise(starts)):
        assert (columns.first_step[i], columns.last_step[i]) == (steps[start], (steps + counts)[end - 1] - 1)
        seen = [v for values, p in spans[start:end] if p for v in values]
        inside = [v for v in seen if math.isfinite(v)]
        if inside:
            assert (pooled.min[i], pooled.max[i]) == (min(inside), max(inside))
        else:
            assert np.isnan([pooled.min[i], pooled.max[i]]).all()
        assert bool(pooled.nan[i] + pooled.inf[i]) == (len(inside) < len(seen))
        if inside and len(inside) == len(seen):
            expected = math.fsum(v / len(seen) for v in seen)
            close = 1e-30 + 1e-6 * max(map(abs, seen))
            assert math.isclose(pooled.mean[i], expected, rel_tol=1e-5, abs_tol=close)


def test_a_formula_is_computed_once_where_every_row_is_one_step() -> None:
    calls: list[Measures] = []
    present = np.ones(2, bool)
    block = StepBlock(np.arange(2), {"x": np.float32([1, 2])}, {"x": present}, {}, {}, present, present)
    series = derive_series(block, lambda m: calls.append(m) or m.scalars["x"], present)
    assert len(calls) == 1
    assert series.low is series.high is None


def test_the_mean_of_a_column_is_that_of_its_steps() -> None:
    present = np.ones(2, bool)
    ends = Measures({"x": np.float32([0, 4])}, {}, {})
    spread = Spread(np.array([0, 3]), np.array([1, 3]), ends, ends)
    series = Series(np.float32([0, 4]), present, np.float32([0, 4]), np.float32([0, 4]))
    assert pool_series(series, make_columns(np.array([0, 1]), 1, spread)).mean.tolist() == [3]
