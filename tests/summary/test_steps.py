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
from tb_stability.summary.step_block import StepBlock, concatenate, keep_newest
from tb_stability.summary.steps import pack_block, unpack_block
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
