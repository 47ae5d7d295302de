"""Blocks of rows: what goes in comes out, and damage is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.series import NORMALIZATION_MEASURES, VARIABLE_MEASURES, Layout, StepValues
from tb_stability.summary.errors import LogFormatError
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import Row
from tb_stability.summary.step_block import StepBlock, concatenate, keep_newest
from tb_stability.summary.steps import pack_block, pack_rows, unpack_block
from tests.event_logs import LAYOUT, SCALARS, step_values

FLOATS = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -math.inf])
LAYOUTS = st.sampled_from(
    [LAYOUT, Layout(), Layout(variables=LAYOUT.variables), Layout(normalizations=LAYOUT.normalizations)]
)


@st.composite
def step_values_of(draw: st.DrawFn, layout: Layout) -> StepValues:
    """Any values, with any scalars missing."""

    def columns(width: int) -> np.ndarray:
        return np.array(draw(st.lists(FLOATS, min_size=width, max_size=width)), np.float32)

    return StepValues(
        draw(st.dictionaries(st.sampled_from(["loss", "learning_rate", "val_loss"]), FLOATS)),
        {m: columns(len(layout.variables)) for m in VARIABLE_MEASURES}
        if layout.variables and draw(st.booleans())
        else {},
        {m: columns(len(layout.normalizations)) for m in NORMALIZATION_MEASURES}
        if layout.normalizations and draw(st.booleans())
        else {},
    )


@st.composite
def runs(draw: st.DrawFn) -> tuple[Layout, list[int], list[StepValues]]:
    layout = draw(LAYOUTS)
    steps = sorted(draw(st.sets(st.integers(0, 10**9 + 2**24), min_size=1, max_size=4)))
    steps = [step for step in steps if step - steps[0] <= 2**24]
    return layout, steps, [draw(step_values_of(layout)) for _ in steps]


@given(runs())
def test_a_block_gives_back_every_value_bit_for_bit(run: tuple[Layout, list[int], list[StepValues]]) -> None:
    # Kills: a column too many or too few, scalars shifted by one, a NaN that is taken for "not observed".
    layout, steps, values = run
    scalars = ("loss", "learning_rate", "val_loss")
    rows = pack_block(steps, values, layout, scalars)
    block = unpack_block(rows, steps[0], RowLayout(layout, scalars))
    for (step, got), expected_step, expected in zip(block, steps, values, strict=True):
        assert step == expected_step
        assert {n: str(x) for n, x in got.scalars.items()} == {n: str(x) for n, x in expected.scalars.items()}
        assert (got.variables.keys(), got.normalizations.keys()) == (
            expected.variables.keys(),
            expected.normalizations.keys(),
        )
        for measure, array in {**expected.variables, **expected.normalizations}.items():
            got_array = {**got.variables, **got.normalizations}[measure]
            assert got_array.tobytes() == array.tobytes(), measure


def test_a_scalar_that_is_nan_was_observed_and_one_that_is_missing_was_not() -> None:
    rows = pack_block([3, 4], [StepValues({"loss": math.nan}), StepValues({})], Layout(), ("loss",))
    (first, second) = unpack_block(rows, 3, RowLayout(Layout(), ("loss",)))
    assert math.isnan(first[1].scalars["loss"])
    assert second[1].scalars == {}


def test_all_22_scalars_are_told_apart() -> None:
    names = tuple(f"scalar_{i}" for i in range(22))
    values = [StepValues({name: float(i)}) for i, name in enumerate(names)]
    rows = pack_block(range(22), values, Layout(), names)
    block = unpack_block(rows, 0, RowLayout(Layout(), names))
    assert [dict(v.scalars) for _, v in block] == [dict(v.scalars) for v in values]


def test_a_value_beyond_float32_is_kept_as_infinite() -> None:
    rows = pack_block([0], [StepValues({"loss": 1e300})], Layout(), ("loss",))
    assert rows[0, 2] == math.inf


@pytest.mark.parametrize(
    ("steps", "values", "scalars", "sentence"),
    [
        ([1, 1], [step_values(1)] * 2, SCALARS, "steps must increase"),
        ([0, 2**24 + 1], [step_values(0)] * 2, SCALARS, "span at most"),
        ([0, 1], [step_values(0)], SCALARS, "one entry a step: got 1 for 2"),
        ([0], [step_values(0)], tuple(map(str, range(25))), "at most 22 names: got 25"),
        (
            [0],
            [StepValues({}, {"weight_norm": np.ones(3, np.float32)})],
            SCALARS,
            "'grad_norm' with 3 entries, as the layout says, or .* got nothing",
        ),
        (
            [0],
            [step_values(0, layout=Layout(LAYOUT.variables[:1]))],
            SCALARS,
            r"got an array of shape \(1,\)",
        ),
    ],
)
def test_what_cannot_be_packed_is_refused(
    steps: list[int], values: list[StepValues], scalars: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        pack_block(steps, values, LAYOUT, scalars)


def _rows() -> np.ndarray:
    return pack_block([5, 6, 9], [step_values(s) for s in (5, 6, 9)], LAYOUT, SCALARS)


def _with(row: int, column: int, value: float) -> np.ndarray:
    rows = _rows()
    rows[row, column] = value
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(_rows()[:, :-1], id="a column is missing"),
        pytest.param(_rows()[0], id="rank 1"),
        pytest.param(_rows().astype(np.float64), id="float64"),
        pytest.param(np.array(b"text", object), id="a text"),
        pytest.param(_with(1, 0, math.nan), id="a step is NaN"),
        pytest.param(_with(1, 0, 0.5), id="a step is no integer"),
        pytest.param(_with(2, 0, 1.0), id="a step comes twice"),
        pytest.param(_with(0, 0, 1.0), id="the first step is not the summary's"),
        pytest.param(_with(2, 0, 2.0**25), id="a step is out of range"),
        pytest.param(_with(0, 1, 4.0), id="a bit without a scalar"),
        pytest.param(_with(0, 1, -1.0), id="a negative mask"),
    ],
)
def test_a_damaged_block_is_refused_with_its_step(rows: np.ndarray) -> None:
    unpack_block(_rows(), 5, RowLayout(LAYOUT, SCALARS))  # undamaged it is fine
    with pytest.raises(LogFormatError, match="block at step 5"):
        unpack_block(rows, 5, RowLayout(LAYOUT, SCALARS))


def test_measures_that_are_not_known_take_up_their_columns() -> None:
    known = pack_block([0], [step_values(0)], LAYOUT, SCALARS)
    start = 2 + len(SCALARS)
    newer = np.concatenate([known[:, :start], np.full((1, 3), 7, np.float32), known[:, start:]], axis=1)
    layout = RowLayout(LAYOUT, SCALARS, variable_measures=("grad_curvature", *VARIABLE_MEASURES))
    block = unpack_block(newer, 0, layout)
    assert block.variables["grad_norm"].tolist() == [step_values(0).variables["grad_norm"].tolist()]
    assert block.variables["grad_curvature"].tolist() == [[7, 7, 7]]


COLUMNS = RowLayout(LAYOUT, SCALARS)
WIDTH = COLUMNS.columns - 2


@st.composite
def spans(draw: st.DrawFn) -> list[Row]:
    """Rows of several steps with any means and extremes."""
    rows: list[Row] = []
    first = draw(st.integers(0, 10**9))
    for _ in range(draw(st.integers(1, 4))):
        length = draw(st.integers(1, 2**20))
        mean = np.float32(draw(st.lists(FLOATS, min_size=WIDTH, max_size=WIDTH)))
        finite = np.where(np.isfinite(mean), mean, np.float32(math.nan))
        count = draw(st.integers(1, length))
        low = np.minimum(finite, np.float32(0.5) * finite)
        mask = draw(st.integers(0, 3))
        rows.append(Row(first, first + length - 1, count, mask, mean, (low, finite)))
        first += length + draw(st.integers(0, 5))
    return rows


@given(spans())
def test_spans_give_back_every_number_bit_for_bit(rows: list[Row]) -> None:
    # Kills: minima and maxima that change places, a column too many, a length that is one off.
    block = unpack_block(pack_rows(rows, COLUMNS), rows[0].first_step, COLUMNS)
    spread = block.spread
    assert spread is not None
    assert block.steps.tolist() == [row.first_step for row in rows]
    assert block.last_steps.tolist() == spread.last_steps.tolist() == [row.last_step for row in rows]
    assert spread.counts.tolist() == [row.count for row in rows]
    assert block.step_count == sum(row.count for row in rows)
    for i, row in enumerate(rows):
        for j, name in enumerate(SCALARS):
            assert block.observed[name][i] == bool(row.mask & 1 << j)
        assert row.extremes is not None
        for measures, numbers in ((block.mean, row.mean), (spread.low, row.extremes[0])):
            groups = [measures.variables[m][i] for m in VARIABLE_MEASURES]
            groups += [measures.normalizations[m][i] for m in NORMALIZATION_MEASURES]
            scalars = np.float32([measures.scalars[name][i] for name in SCALARS])
            np.testing.assert_array_equal(np.concatenate([scalars, *groups]), numbers)
        assert spread.high.scalars["loss"][i : i + 1].tobytes() == row.extremes[1][:1].tobytes()


def _span(first: int, last: int) -> Row:
    ones = np.ones(WIDTH, np.float32)
    return Row(first, last, last - first + 1, 3, ones, (ones, 2 * ones))


def _spans_with(row: int, column: int, value: float) -> np.ndarray:
    rows = pack_rows([_span(5, 8), _span(9, 12)], COLUMNS)
    rows[row, column] = value
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(_spans_with(0, 0, 0)[:, :-1], id="a column is missing"),
        pytest.param(_spans_with(0, 2, 4), id="a row reaches into the next"),
        pytest.param(_spans_with(1, 2, math.nan), id="a length is NaN"),
        pytest.param(_spans_with(1, 2, -1), id="a length is negative"),
        pytest.param(_spans_with(1, 3, 0), id="a row of no steps"),
        pytest.param(_spans_with(1, 3, 5), id="more steps than fit"),
        pytest.param(_spans_with(1, 3, 1.5), id="half a step"),
        pytest.param(_spans_with(0, 4 + WIDTH, 2.5), id="a minimum above its maximum"),
        pytest.param(_spans_with(1, 4 + 2 * WIDTH, math.inf), id="an infinite maximum"),
        pytest.param(_spans_with(1, 4 + WIDTH, -math.inf), id="an infinite minimum"),
    ],
)
def test_a_damaged_block_of_spans_is_refused_with_its_step(rows: np.ndarray) -> None:
    unpack_block(_spans_with(0, 0, 0), 5, COLUMNS)  # undamaged it is fine
    with pytest.raises(LogFormatError, match="block at step 5"):
        unpack_block(rows, 5, COLUMNS)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([_span(0, 3), _span(3, 5)], "steps must increase within a block"),
        ([_span(0, 1), _span(2, 2**24 + 1)], "span at most"),
        ([_span(0, 1), Row(2, 2, 1, 3, np.ones(WIDTH, np.float32))], "all have extremes, or none"),
    ],
)
def test_rows_that_make_no_block_are_refused(rows: list[Row], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        pack_rows(rows, COLUMNS)


@given(st.lists(st.tuples(st.integers(0, 40), st.lists(st.integers(1, 9), max_size=5)), max_size=6))
def test_a_row_that_reaches_into_a_later_block_ends_before_it(writings: list[tuple[int, list[int]]]) -> None:
    # An oracle of obvious loops, for every step. Kills: a clipped row that is dropped, or keeps its length.
    owner: dict[int, int] = {}
    blocks = []
    for number, (first, row_lengths) in enumerate(writings):
        if not row_lengths:
            continue
        owner = {step: other for step, other in owner.items() if step < first}
        rows, step = [], first
        for length in row_lengths:
            extremes = (np.float32([number]), np.float32([number]))
            rows.append(Row(step, step + length - 1, length, 1, np.float32([number]), extremes))
            owner |= dict.fromkeys(range(step, step + length), number)
            step += length
        blocks.append(unpack_block(pack_rows(rows, LOSS), first, LOSS))
    got: dict[int, int] = {}
    count = 0
    for block in keep_newest(blocks):
        count += block.step_count
        for first, last, number in zip(block.steps, block.last_steps, block.scalars["loss"], strict=True):
            assert not set(range(first, last + 1)) & set(got)
            got |= dict.fromkeys(range(int(first), int(last) + 1), int(number))
    assert got == owner
    assert count == len(owner)


def test_rows_of_both_kinds_are_joined() -> None:
    exact = _block(range(3), 7.0)
    loss = np.float32([1])
    span = unpack_block(pack_rows([Row(3, 6, 4, 1, loss, (loss - 1, loss + 1))], LOSS), 3, LOSS)
    block = concatenate([exact, span])
    assert block.last_steps.tolist() == [0, 1, 2, 6]
    assert block.spread is not None
    assert block.spread.low.scalars["loss"].tolist() == [7, 7, 7, 0]
    assert block.spread.high.scalars["loss"].tolist() == [7, 7, 7, 2]
    assert block.between(5, 9).steps.tolist() == [3]
    assert block.between(2, 2).steps.tolist() == [2]
    assert [step for step, _ in block] == [0, 1, 2, 6]
    assert concatenate([exact]).spread is None


LOSS = RowLayout(Layout(), ("loss",))


def _block(steps: Sequence[int], loss: float) -> StepBlock:
    rows = pack_block(steps, [StepValues({"loss": loss})] * len(steps), Layout(), ("loss",))
    return unpack_block(rows, steps[0] if steps else 0, RowLayout(Layout(), ("loss",)))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=6))
def test_the_newest_writing_of_every_step_wins(writings: list[tuple[int, int]]) -> None:
    # An oracle of obvious loops. Kills: dropping whole blocks, keeping the step at which a run restarted.
    kept: dict[int, float] = {}
    blocks = []
    for number, (first, count) in enumerate(writings):
        blocks.append(_block(range(first, first + count), number))
        if count:
            kept = {step: loss for step, loss in kept.items() if step < first}
            kept |= dict.fromkeys(range(first, first + count), float(number))
    newest = keep_newest(blocks)
    got = {s: v.scalars["loss"] for block in newest for s, v in block}
    assert got == kept
    if newest:
        joined = concatenate(newest)
        assert joined.steps.tolist() == sorted(kept)
        assert joined.scalars["loss"].tolist() == [kept[step] for step in sorted(kept)]
