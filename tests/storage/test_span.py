"""Rows of several steps, against an oracle of obvious loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.series import NORMALIZATION_MEASURES, VARIABLE_MEASURES, StepValues
from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.summary.step_block import StepBlock
from tb_stability.summary.steps import pack_rows, unpack_block
from tests.event_logs import LAYOUT

FLOATS = st.floats(width=32, allow_subnormal=False) | st.sampled_from([math.nan, math.inf, -math.inf])
SCALARS = ("loss", "val_loss")
COLUMNS = RowLayout(LAYOUT, SCALARS)


@st.composite
def steps(draw: st.DrawFn) -> list[StepValues]:
    def group(measures: Sequence[str], width: int) -> dict[str, np.ndarray]:
        entries = draw(st.lists(FLOATS, min_size=width, max_size=width))
        return {m: np.float32(entries) for m in measures} if draw(st.booleans()) else {}

    return [
        StepValues(
            draw(st.dictionaries(st.sampled_from(SCALARS), FLOATS)),
            group(tuple(VARIABLE_MEASURES), 3),
            group(NORMALIZATION_MEASURES, 1),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]


def stored(run: list[StepValues], cut: int) -> StepBlock:
    """The run as one row of a log, gathered in two parts."""
    span = SpanAccumulator(COLUMNS)
    packed = [pack_step(10 + i, values, COLUMNS) for i, values in enumerate(run)]
    span.add(packed[:cut])
    span.add(packed[cut:])
    return unpack_block(pack_rows([span.take()], COLUMNS), 10, COLUMNS)


def check(got: tuple[float, float, float], values: list[float]) -> None:
    mean, low, high = got
    finite = [v for v in values if math.isfinite(v)]
    assert (low, high) == (min(finite), max(finite)) if finite else math.isnan(low) and math.isnan(high)
    if len(finite) == len(values):
        close = max(1e-6 * abs(v) for v in values)
        assert math.isclose(mean, math.fsum(v / len(values) for v in values), rel_tol=1e-6, abs_tol=close)
    else:
        assert not math.isfinite(mean)
        assert math.isnan(mean) or not any(map(math.isnan, values))


@given(steps(), st.integers(0, 6))
def test_a_span_keeps_mean_minimum_and_maximum_of_what_was_observed(run: list[StepValues], cut: int) -> None:
    # Kills: a NaN or Inf that is lost in the mean, extremes that are not finite, 0 of a step at which nothing
    # was observed among the values, what is left over from the part before.
    block = stored(run, cut)
    assert (block.steps.tolist(), block.last_steps.tolist()) == ([10], [9 + len(run)])
    assert block.step_count == len(run)
    spread = block.spread
    assert spread is not None
    for name in SCALARS:
        values = [v.scalars[name] for v in run if name in v.scalars]
        assert block.observed[name].tolist() == [bool(values)]
        if values:
            parts = (block.scalars[name], spread.low.scalars[name], spread.high.scalars[name])
            check(tuple(float(part[0]) for part in parts), values)
    measured = [v.variables["grad_norm"] for v in run if v.variables]
    assert block.variables_observed.tolist() == [bool(measured)]
    assert block.normalizations_observed.tolist() == [any(v.normalizations for v in run)]
    for i in range(3 if measured else 0):
        for measure in ("grad_norm", "update_norm"):
            groups = (block.variables, spread.low.variables, spread.high.variables)
            check(tuple(float(g[measure][0, i]) for g in groups), [float(x[i]) for x in measured])


def test_a_span_starts_anew_after_it_was_taken() -> None:
    span = SpanAccumulator(COLUMNS)
    span.add([pack_step(0, StepValues({"loss": math.nan}), COLUMNS)])
    span.take()
    span.add([pack_step(1, StepValues({"val_loss": 2.0}), COLUMNS)])
    row = span.take()
    assert (row.first_step, row.last_step, row.count, row.mask & 3) == (1, 1, 1, 0b10)
    assert row.mean[:2].tolist() == [0, 2]
    assert row.extremes is not None
    assert np.isnan(row.extremes[0][0])
