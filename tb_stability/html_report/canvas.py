"""The shape that all pictures share: one step axis for all of a run, names and labels on its left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tb_stability.html_report.axes import StepAxis
from tb_stability.html_report.formats import format_step
from tb_stability.html_report.markup import Html, element, join

WIDTH = 900
LEFT = 150
"""Width of the pictures and of the names in them; the style sheet lets a picture grow with the page."""

STEP_LABELS = 18
"""Height of the labels of a step axis."""

_RIGHT = 14  # room for half of the last label
_STEP_TICKS = 8


def step_axis(first: int, last: int) -> StepAxis:
    """The axis of a picture."""
    return StepAxis(first, max(first, last), LEFT, WIDTH - LEFT - _RIGHT)


def picture(title: str, height: float, *content: Html) -> Html:
    """One picture; the title is read out instead of it."""
    box = f"0 0 {WIDTH} {number(height)}"
    return element("svg", *content, viewBox=box, role="img", aria_label=title)


def step_ticks(axis: StepAxis, top: float, bottom: float) -> Html:
    """Grid lines, and the steps below them."""
    return join(_step_ticks(axis, top, bottom))


def _step_ticks(axis: StepAxis, top: float, bottom: float) -> Iterator[Html]:
    for step in axis.ticks(_STEP_TICKS):
        x = number(axis.at(step))
        yield element("path", d=f"M{x} {number(top)}V{number(bottom)}", class_="grid")
        yield element(
            "text", format_step(step), x=x, y=number(bottom + 13), class_="tick", text_anchor="middle"
        )


def line(points: Iterable[Sequence[float]]) -> str:
    """A path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def number(value: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")
