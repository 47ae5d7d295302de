"""Layers over steps as a picture: a colour for each cell, violet where a value was NaN or infinite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tb_stability.html_report.axes import log_ticks
from tb_stability.html_report.canvas import LEFT, STEP_LABELS, number, picture, step_axis, step_ticks
from tb_stability.html_report.colormap import ColorScale, color_scale, color_table
from tb_stability.html_report.formats import format_tick
from tb_stability.html_report.markup import Html, element
from tb_stability.html_report.pictures import Heatmap, Pictures
from tb_stability.html_report.png import Bytes, data_address, encode_png
from tb_stability.plain import plain, shorten

NONFINITE = (0xB4, 0x00, 0xFF)
"""Red, green and blue of what is not finite: `--nonfinite` of the light theme."""

_FIRST_COLOR = 2  # in the table of the PNG; 0 is no value, 1 is not finite
_COLORS = 254
_HEIGHT, _LOWEST_ROW, _HIGHEST_ROW = 240.0, 2.0, 16.0
_NAME_HEIGHT = 11.0
_NAME_LENGTH = 20
_TITLE = 20.0
_LEGEND = 34.0
_LEGEND_WIDTH = 200.0


def heatmap_picture(title: str, heatmap: Heatmap, pictures: Pictures) -> Html:
    """One measure of all layers, with the names of layers and the meaning of the colours."""
    scale = color_scale(heatmap.max)
    count = len(heatmap.rows)
    row_height = min(_HIGHEST_ROW, max(_LOWEST_ROW, _HEIGHT / count))
    steps = step_axis(pictures.first_step, pictures.last_step)
    bottom = _TITLE + row_height * count
    image = element(
        "image",
        href=data_address(encode_png(paint(heatmap, scale), _table())),
        x=number(steps.left),
        y=_TITLE,
        width=number(steps.width),
        height=number(row_height * count),
        preserveAspectRatio="none",
    )
    content = [
        element("text", title, x=4, y=13, class_="chart-title"),
        step_ticks(steps, bottom, bottom + 3),
        element(
            "rect",
            x=LEFT,
            y=_TITLE,
            width=number(steps.width),
            height=number(row_height * count),
            class_="none",
        ),
        image,
        *_names(heatmap, pictures.layers, row_height),
        *_legend(scale, heatmap.held, bottom + STEP_LABELS + 4),
    ]
    return picture(
        f"{title} of {len(pictures.layers)} layers over steps", bottom + STEP_LABELS + _LEGEND, *content
    )


def paint(heatmap: Heatmap, scale: ColorScale | None) -> Bytes:
    """`[rows, columns]`: the place of each cell's colour in the table."""
    has_value = ~np.isnan(heatmap.max)
    indices = np.zeros(heatmap.max.shape, np.uint8)
    if scale is not None:
        place = scale.share(np.where(has_value, heatmap.max, 0))
        indices = np.where(has_value, _FIRST_COLOR + np.rint(place * (_COLORS - 1)), 0).astype(np.uint8)
    else:
        indices[has_value] = _FIRST_COLOR  # nothing but zeros
    indices[heatmap.nonfinite] = 1
    return indices


def _table() -> Bytes:
    return np.vstack([np.zeros((1, 3), np.uint8), np.array([NONFINITE], np.uint8), color_table(_COLORS)])


def _names(heatmap: Heatmap, layers: Sequence[str], row_height: float) -> Iterator[Html]:
    """The names of rows, as many as can be read; the layers of a row are named by its first."""
    every = max(1, int(np.ceil(_NAME_HEIGHT / row_height)))
    for row in range(0, len(heatmap.rows), every):
        first, _ = heatmap.rows[row]
        text = element("tspan", shorten(plain(layers[first]), _NAME_LENGTH), class_="isolated")
        y = _TITLE + (row + 0.5) * row_height + 3.5
        yield element("text", text, x=LEFT - 6, y=number(y), class_="tick", text_anchor="end")


def _legend(scale: ColorScale | None, held: bool, top: float) -> Iterator[Html]:
    x = float(LEFT)
    if scale is not None:
        colors = np.arange(_FIRST_COLOR, _FIRST_COLOR + _COLORS, dtype=np.uint8)[None, :]
        yield element(
            "image",
            href=data_address(encode_png(colors, _table())),
            x=x,
            y=number(top),
            width=_LEGEND_WIDTH,
            height=9,
            preserveAspectRatio="none",
        )
        for tick in log_ticks(scale.min, scale.max, 4):
            share = float(scale.share(np.array([tick], np.float32))[0])
            at = number(x + share * _LEGEND_WIDTH)
            yield element(
                "text", format_tick(tick), x=at, y=number(top + 21), class_="tick", text_anchor="middle"
            )
        x += _LEGEND_WIDTH + 16
    said = [("swatch-nonfinite", "NaN or Inf"), ("none", "no value")]
    for style, text in said:
        yield element("rect", x=number(x), y=number(top), width=10, height=10, class_=style)
        yield element("text", text, x=number(x + 15), y=number(top + 9), class_="tick")
        x += 90
    if held:
        text = "not measured at every step: a colour holds until the next"
        yield element("text", text, x=number(x), y=number(top + 9), class_="tick")
