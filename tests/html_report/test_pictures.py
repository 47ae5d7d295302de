"""Pooling for pictures: no spike and no NaN is lost, and every picture can be decoded."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.html_report.axes import StepAxis, ValueAxis, log_ticks, value_axis
from tb_stability.html_report.colormap import ColorScale, color_scale, color_table
from tb_stability.html_report.heatmap import paint
from tb_stability.html_report.pictures import HEATMAP_COLUMNS, HEATMAP_ROWS, Heatmap, make_heatmap
from tb_stability.html_report.png import encode_png
from tb_stability.plugin.pooling import make_columns


@given(
    st.integers(1, 400),
    st.integers(1, 3000),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
def test_a_single_cell_is_seen_however_many_there_are(layers: int, rows: int, gap: int, seed: int) -> None:
    """Kills: pixels that skip a column, rows of layers that skip one, `mean` instead of `max`."""
    random = np.random.default_rng(seed)
    columns = make_columns(np.arange(rows, dtype=np.int64) * gap, 2 * HEATMAP_COLUMNS)
    count = len(columns.starts)
    highest = np.ones((layers, count), np.float32)
    nonfinite = np.zeros((layers, count), bool)
    spike = random.integers(layers), random.integers(count)
    bad = random.integers(layers), random.integers(count)
    highest[spike], nonfinite[bad] = 100.0, True
    made = make_heatmap(highest, nonfinite, columns)
    height, width = made.max.shape
    assert height == len(made.rows) == min(layers, HEATMAP_ROWS)
    assert width <= HEATMAP_COLUMNS
    for (layer, column), shown in ((spike, made.max == 100), (bad, made.nonfinite)):
        ((place, *_),) = [np.flatnonzero(row) for row in [shown.any(axis=1)]]
        first, last = made.rows[place]
        assert first <= layer <= last
        pixels = np.flatnonzero(shown.any(axis=0))
        step = (pixels + 0.5) / width * (columns.last_step[-1] + 1)
        assert (
            np.abs(step - columns.first_step[column]).min() <= 2 * max(gap, columns.last_step[-1] / width) + 1
        )


def test_a_value_holds_until_the_next_and_the_last_as_long_as_the_one_before() -> None:
    columns = make_columns(np.arange(12, dtype=np.int64), 100)
    highest = np.full((1, 12), np.nan, np.float32)
    highest[0, [1, 4]] = 2.0, 3.0
    made = make_heatmap(highest, np.zeros((1, 12), bool), columns)
    assert made.held
    np.testing.assert_array_equal(made.max[0], [np.nan, 2, 2, 2, 3, 3, 3, *[np.nan] * 5])
    whole = make_heatmap(np.ones((1, 12), np.float32), np.zeros((1, 12), bool), columns)
    assert not whole.held


def test_a_nonfinite_cell_holds_too() -> None:
    columns = make_columns(np.arange(6, dtype=np.int64), 100)
    highest = np.array([[1, np.nan, np.nan, 1, np.nan, np.nan]], np.float32)
    nonfinite = np.array([[False, False, True, False, False, False]])
    made = make_heatmap(highest, nonfinite, columns)
    assert made.nonfinite[0].tolist() == [False, False, True, False, False, False]
    assert made.max[0, 1] == 1


def test_cells_have_the_colour_of_their_value() -> None:
    values = np.array([[1e-3, 1.0, np.nan, 0.0, 5.0]], np.float32)
    nonfinite = np.array([[False, False, False, False, True]])
    painted = paint(Heatmap(((0, 0),), values, nonfinite, False), ColorScale(1e-3, 1.0))
    assert painted.tolist() == [[2, 255, 0, 2, 1]]
    zeros = Heatmap(((0, 0),), np.zeros((1, 1), np.float32), np.zeros((1, 1), bool), False)
    assert paint(zeros, color_scale(zeros.max)).tolist() == [[2]]


def decode(png: bytes) -> tuple[npt.NDArray[np.uint8], bytes]:
    """The indices and the colours of a PNG, after the words of its standard."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind], at = data, at + 12 + length
    width, height, depth, color = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, color, chunks[b"IEND"]) == (8, 3, b"")
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()  # no filter
    return lines[:, 1:], chunks[b"PLTE"]


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 9))
def test_a_picture_is_decoded_as_it_was_made(height: int, width: int, seed: int) -> None:
    indices = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    colors = color_table(256)
    decoded, table = decode(encode_png(indices, colors))
    np.testing.assert_array_equal(decoded, indices)
    assert table == colors.tobytes()


@given(st.lists(st.floats(2.0**-99, 2.0**99, width=32), min_size=1))
def test_every_value_above_zero_is_on_its_axis(values: list[float]) -> None:
    axis = value_axis([np.array([*values, 0.0, np.nan, np.inf])], top=10, height=100)
    assert axis.log
    places = [axis.at(value) for value in values]
    assert all(10 <= place <= 110 for place in places)
    assert sorted(places, reverse=True) == [axis.at(value) for value in sorted(values)]
    assert axis.at(0.0) == 110
    assert len(axis.ticks(4)) <= 12


def test_a_loss_below_zero_has_a_linear_axis() -> None:
    axis = value_axis([np.array([-1.0, 3.0])], top=0, height=100)
    assert not axis.log
    assert axis.min < -1 < 3 < axis.max
    assert value_axis([], top=0, height=1) == ValueAxis(0, 1, False, 0, 1)
    assert not value_axis([np.zeros(3)], top=0, height=1).log
    assert log_ticks(3.0, 3.0001, 4)


def test_steps_are_cells() -> None:
    axis = StepAxis(10, 19, 100, 50)
    assert (axis.at(9.5), axis.at(10), axis.at(19.5)) == (100, 102.5, 150)
    assert StepAxis(0, 299, 0, 1).ticks(6) == [0, 50, 100, 150, 200, 250]
