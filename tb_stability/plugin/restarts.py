"""Restarts: a run that goes back to an earlier step writes its later steps anew, and the newer writing wins.

TensorBoard's fast loader erases a tag's points from the new step on; the Python
loader keeps them all, in the order of writing. This rule is right for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

MAX_STEP = 2**31 - 1
"""Largest step that a frame can carry; anything above it is a damaged log."""

Value = TypeVar("Value")


def is_possible(step: int) -> bool:
    """Whether a run can be at this step."""
    return 0 <= step <= MAX_STEP


def drop_rewritten(points: Iterable[tuple[int, Value]]) -> list[tuple[int, Value]]:
    """Drops every point at or after the step of a later one.

    Args:
      points: `(step, value)` of one tag, in the order of writing.

    Example:
      >>> drop_rewritten([(0, "a"), (1, "b"), (2, "c"), (1, "d")])
      [(0, 'a'), (1, 'd')]
    """
    kept: list[tuple[int, Value]] = []
    for step, value in points:
        while kept and kept[-1][0] >= step:
            kept.pop()
        kept.append((step, value))
    return kept
