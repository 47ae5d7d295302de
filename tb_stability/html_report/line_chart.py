"""Scalars over steps as lines: means, envelopes of extremes, marks for NaN and Inf, and windows as bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.html_report.axes import StepAxis, ValueAxis, value_axis
from tb_stability.html_report.canvas import LEFT, STEP_LABELS, line, number, picture, step_axis, step_ticks
from tb_stability.html_report.formats import format_number, format_tick
from tb_stability.html_report.markup import Html, element, join
from tb_stability.html_report.pictures import Pictures
from tb_stability.html_report.symptoms import kind_class
from tb_stability.plugin.pooling import Columns, PooledSeries
from tb_stability.windows import Window

_MARK_ROW = 12  # height of a row of marks above the plot
_MARK = 3.5
_MARGIN = 4
_PIXELS_PER_TICK = 26
_FEW = 30  # with at most so many points each is a dot


def line_chart(
    title: str,
    lines: Mapping[str, PooledSeries],
    pictures: Pictures,
    windows: Sequence[Window],
    *,
    measure: str,
    height: float,
) -> Html:
    """One chart.

    Args:
      title: What it shows.
      lines: By their labels.
      pictures: Gives the steps and the columns.
      windows: Drawn as bands; those of `measure` stronger.
      measure: The scalar that the chart is about.
      height: Of the plot.
    """
    steps = step_axis(pictures.first_step, pictures.last_step)
    rows = sum(
        any(counts.any() for counts in kind)
        for kind in zip(*((x.nan, x.inf) for x in lines.values()), strict=True)
    )
    top = _MARGIN + _MARK_ROW * rows
    values = value_axis(
        [part for one in lines.values() for part in (one.min, one.max)], top=top, height=height
    )
    bottom = top + height
    content = [
        *_bands(windows, steps, pictures.last_step, measure, values),
        step_ticks(steps, top, bottom),
        *_value_ticks(values, steps),
        element("text", title, x=4, y=top + 12, class_="chart-title"),
        *_legend(lines, top + 12),
    ]
    for number_of_line, one in enumerate(lines.values(), start=1):
        content += _line(one, pictures.columns, steps, values, f"line-{number_of_line}")
        content += _marks(one, pictures.columns, steps, top)
    scale = "logarithmic" if values.log else "linear"
    return picture(f"{title} over steps, {scale}", bottom + STEP_LABELS, *content)


def _legend(lines: Mapping[str, PooledSeries], top: float) -> Iterator[Html]:
    """The last value of each line, under the title."""
    for place, (label, one) in enumerate(lines.items(), start=1):
        text = _last_value(one) if len(lines) == 1 else f"{label}: {_last_value(one)}"
        yield element("text", text, x=4, y=number(top + 15 * place), class_=f"line-{place}")


def _last_value(one: PooledSeries) -> str:
    measured = _measured(one)
    if not len(measured):
        return "no value"
    last = measured[-1]
    return "NaN" if one.nan[last] else "Inf" if one.inf[last] else format_number(float(one.mean[last]))


def _measured(one: PooledSeries) -> npt.NDArray[np.int64]:
    """The columns with any value."""
    return np.flatnonzero(~np.isnan(one.mean) | (one.nan > 0) | (one.inf > 0))


def _bands(
    windows: Sequence[Window], steps: StepAxis, last: int, measure: str, values: ValueAxis
) -> Iterator[Html]:
    for window in windows:
        end = last if window.end_step is None else window.end_step
        left = max(LEFT, steps.at(window.start_step - 0.5))
        right = min(steps.left + steps.width, steps.at(max(end, window.start_step) + 0.5))
        own = window.series == measure or window.series.startswith(f"{measure}/")
        if right > left:
            yield element(
                "rect",
                x=number(left),
                y=number(values.top),
                width=number(max(1.0, right - left)),
                height=number(values.height),
                class_=f"{'own band' if own else 'band'} {kind_class(window.kind)}",
            )


def _value_ticks(values: ValueAxis, steps: StepAxis) -> Iterator[Html]:
    for tick in values.ticks(max(2, round(values.height / _PIXELS_PER_TICK))):
        y = values.at(tick)
        yield element("path", d=f"M{LEFT} {number(y)}h{number(steps.width)}", class_="grid")
        yield element(
            "text", format_tick(tick), x=LEFT - 6, y=number(y + 4), class_="tick", text_anchor="end"
        )


def _line(
    one: PooledSeries, columns: Columns, steps: StepAxis, values: ValueAxis, style: str
) -> Iterator[Html]:
    middle = (columns.first_step.astype(np.float64) + columns.last_step) / 2
    xs = [steps.at(step) for step in middle]
    for part in _parts(one):
        points = [(xs[i], values.at(float(one.mean[i]))) for i in part]
        if (one.min[part] < one.max[part]).any():
            above = [(xs[i], values.at(float(one.max[i]))) for i in part]
            below = [(xs[i], values.at(float(one.min[i]))) for i in part[::-1]]
            yield element("path", d=line(above + below) + "Z", class_=f"{style} envelope")
            if len(part) == 1:  # one column has no width
                yield element("path", d=line([above[0], below[0]]), class_=f"{style} line")
        if len(part) > 1:
            yield element("path", d=line(points), class_=f"{style} line")
        if len(part) == 1 or len(middle) <= _FEW:
            yield join(element("circle", cx=number(x), cy=number(y), r=2, class_=style) for x, y in points)


def _parts(one: PooledSeries) -> Iterator[npt.NDArray[np.int64]]:
    """The columns of each stretch of the line: it breaks where a value is not finite."""
    measured = _measured(one)
    finite = ~np.isnan(one.mean[measured])
    for part in np.split(measured, np.flatnonzero(np.diff(finite)) + 1):
        if len(part) and not np.isnan(one.mean[part[0]]):
            yield part


def _marks(one: PooledSeries, columns: Columns, steps: StepAxis, top: float) -> Iterator[Html]:
    """Above the plot: Inf as triangles, then NaN as crosses; a stretch as a line behind its mark."""
    upper = _MARGIN + _MARK_ROW / 2
    for counts, y, what in ((one.inf, upper, "Inf"), (one.nan, top - _MARK_ROW / 2, "NaN")):
        places = np.flatnonzero(counts)
        for stretch in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1):
            if len(stretch):
                start, end = int(columns.first_step[stretch[0]]), int(columns.last_step[stretch[-1]])
                yield _mark(what, steps.at(start), steps.at(end), y, f"{what}, steps {start} to {end}")


def _mark(what: str, x: float, to: float, y: float, title: str) -> Html:
    m = _MARK
    if what == "NaN":
        d = f"M{number(x - m)} {number(y - m)}l{2 * m} {2 * m}m0 {-2 * m}l{-2 * m} {2 * m}"
    else:
        d = f"M{number(x)} {number(y - m)}l{m} {2 * m}h{-2 * m}Z"
    shape = element("path", d=d + (f"M{number(x)} {number(y)}H{number(to)}" if to > x else ""))
    return element("g", element("title", title), shape, class_="nonfinite")
