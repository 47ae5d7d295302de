"""Windows as bars over steps: a lane for each run, with the colour and the letter of each kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from tb_stability.html_report.axes import StepAxis
from tb_stability.html_report.canvas import LEFT, STEP_LABELS, number, picture, step_axis, step_ticks
from tb_stability.html_report.formats import format_span
from tb_stability.html_report.markup import Html, element, join
from tb_stability.html_report.symptoms import kind_class, symptom
from tb_stability.plain import plain, shorten
from tb_stability.plugin.run import Run
from tb_stability.windows import Window

_ROW_HEIGHT, _BAR_HEIGHT, _PADDING = 17, 14, 4
_MAX_ROWS = 8
_MIN_WIDTH, _MIN_OPEN_WIDTH = 14, 22  # wide enough for a letter, and for an arrow beside it
_ARROW = 7
_NAME_LENGTH = 18


@dataclasses.dataclass(frozen=True)
class _Bar:
    left: float
    right: float
    row: int
    window: Window


def lanes(runs: Sequence[Run], *, named: bool = True) -> Html | None:
    """The windows of runs on one step axis; None where no run has a step.

    Args:
      runs: A lane for each, in this order.
      named: Whether the names of the runs stand beside the lanes.
    """
    firsts = [run.report.steps.first for run in runs if run.report.steps.first is not None]
    lasts = [run.report.steps.last for run in runs if run.report.steps.last is not None]
    if not firsts or not lasts:
        return None
    axis = step_axis(min(firsts), max(lasts))
    packed = [_pack(run, axis) for run in runs]
    heights = [
        _ROW_HEIGHT * max(1, max((b.row + 1 for b in bars), default=0)) + _PADDING for bars, _ in packed
    ]
    bottom = sum(heights)
    content: list[Html] = [step_ticks(axis, 0, bottom)]
    top = 0.0
    for run, (bars, hidden), height in zip(runs, packed, heights, strict=True):
        content.append(join(_lane(run, bars, hidden, axis, top, height, named)))
        top += height
    title = "Windows of all runs over steps" if named else "Windows over steps"
    return picture(title, bottom + STEP_LABELS, *content)


def _lane(
    run: Run, bars: Sequence[_Bar], hidden: int, axis: StepAxis, top: float, height: float, named: bool
) -> Iterator[Html]:
    yield element("path", d=f"M0 {number(top)}H{number(axis.left + axis.width)}", class_="rule")
    if named:
        name = element("tspan", shorten(plain(run.name), _NAME_LENGTH), class_="isolated")
        yield element(
            "text", name, x=4, y=number(top + height / 2 + 4), class_=f"status-{run.verdict.status} lane"
        )
    last = run.report.steps.last
    if last is not None and last < axis.last:
        end = number(axis.at(last + 0.5))
        yield element("path", d=f"M{end} {number(top)}v{number(height)}", class_="end")
    for bar in bars:
        yield _drawn(bar, top + _PADDING / 2 + bar.row * _ROW_HEIGHT)
    if hidden:
        text = f"and {hidden} more in the table"
        x, y = number(axis.left + axis.width - 2), number(top + height - 4)
        yield element("text", text, x=x, y=y, class_="tick", text_anchor="end")


def _drawn(bar: _Bar, top: float) -> Html:
    window, found = bar.window, symptom(bar.window.kind)
    left, right, bottom = number(bar.left), number(bar.right), number(top + _BAR_HEIGHT)
    if window.end_step is None:  # still open at the end: the right end is an arrow
        neck, middle = number(bar.right - _ARROW), number(top + _BAR_HEIGHT / 2)
        shape = f"M{left} {number(top)}H{neck}L{right} {middle}L{neck} {bottom}H{left}Z"
    else:
        shape = f"M{left} {number(top)}H{right}V{bottom}H{left}Z"
    where = f", {plain(shorten(window.layer, _NAME_LENGTH))}" if window.layer else ""
    title = f"{found.name}, {format_span(window)}{where}, {window.severity}"
    return element(
        "g",
        element("title", title),
        element("path", d=shape),
        element("text", found.letter, x=number(bar.left + 3.5), y=number(top + 11)),
        class_=f"bar {kind_class(window.kind)} severity-{window.severity}",
    )


def _pack(run: Run, axis: StepAxis) -> tuple[list[_Bar], int]:
    """Puts each bar, by its left end, into the first row that is free; also how many found no place."""
    right_edge, ends, bars, hidden = axis.left + axis.width, list[float](), list[_Bar](), 0
    last = run.report.steps.last
    for window in sorted(run.windows, key=lambda w: w.start_step):
        end = window.end_step if window.end_step is not None else last
        left = axis.at(window.start_step - 0.5)
        least = _MIN_OPEN_WIDTH if window.end_step is None else _MIN_WIDTH
        right = min(right_edge, max(left + least, axis.at(max(end or 0, window.start_step) + 0.5)))
        left = max(LEFT, min(left, right - least))  # one at the right edge grows to the left
        row = next((i for i, taken in enumerate(ends) if taken <= left), len(ends))
        if row >= _MAX_ROWS:
            hidden += 1
            continue
        ends[row : row + 1] = [right + 1]
        bars.append(_Bar(left, right, row, window))
    return bars, hidden
