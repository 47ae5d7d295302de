"""Gestures with the mouse on the tab, and what they take of the browser; for `tab.py`."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterator, Sequence

from playwright.sync_api import CDPSession, FloatRect, Frame, Locator, Page

MOVES = 240
"""Of a gesture."""

DRAG_PIXELS = 260
"""How far a gesture goes to either side."""

SLOW_FRAME_MS = 25.0
"""A frame at 60 a second takes 17 ms; after one that takes more than this, one was left out."""

HEAD = f"{'gesture':<40}{'frames':>7}{'median':>9}{'p95':>9}{'> 25 ms':>9}{'main thread a move':>20}"

_WAIT_MS = 120_000

_RECORD_FRAMES = """() => {
    window.frameTimes = [];
    let last = performance.now();
    const tick = (now) => {
        window.frameTimes.push(now - last);
        last = now;
        window.frameRequest = requestAnimationFrame(tick);
    };
    window.frameRequest = requestAnimationFrame(tick);
}"""
_TAKE_FRAMES = "() => { cancelAnimationFrame(window.frameRequest); return window.frameTimes.slice(2); }"


@dataclasses.dataclass(frozen=True)
class Gesture:
    """What `MOVES` mouse moves took.

    Attributes:
      name: What was done.
      frames: Milliseconds from a frame to the next.
      task_ms: Milliseconds of processor time of the main thread for a move.
      script_ms: Those of them in scripts.
    """

    name: str
    frames: Sequence[float]
    task_ms: float
    script_ms: float


def drag(name: str, page: Page, tab: Frame, session: CDPSession, grip: Locator) -> Gesture:
    """Drags a grip of the lanes to and fro, and back."""
    box = _box_of(grip)
    middle, y = box["x"] + box["width"] / 2, box["y"] + 8

    def move() -> None:
        page.mouse.move(middle, y)
        page.mouse.down()
        for x in _sweep(middle):
            page.mouse.move(x, y)
        page.mouse.up()

    gesture = _measure(name, tab, session, move)
    tab.wait_for_selector("main[data-painted]", timeout=_WAIT_MS)
    return gesture


def hover(name: str, page: Page, tab: Frame, session: CDPSession, target: Locator) -> Gesture:
    """Moves over a plot to and fro, and down."""
    box = _box_of(target)

    def move() -> None:
        for i, x in enumerate(_sweep(box["x"] + box["width"] / 2)):
            page.mouse.move(x, box["y"] + (0.1 + 0.8 * (i / MOVES)) * box["height"])

    return _measure(name, tab, session, move)


def row(gesture: Gesture) -> str:
    """A line of the table."""
    frames = sorted(gesture.frames)
    slow = sum(frame > SLOW_FRAME_MS for frame in frames) / len(frames)
    return (
        f"{gesture.name:<40}{len(frames):>7}{statistics.median(frames):>6.1f} ms"
        f"{frames[int(0.95 * len(frames))]:>6.1f} ms{slow:>9.0%}{gesture.task_ms:>9.1f} ms"
        f" ({gesture.script_ms:.1f} script)"
    )


def _sweep(middle: float) -> Iterator[float]:
    """`MOVES` places to the right of the middle, to the left, and back."""
    for i in range(MOVES):
        turn = (i / MOVES + 0.25) % 1
        yield middle + DRAG_PIXELS * (1 - 4 * abs(turn - 0.5))


def _measure(name: str, tab: Frame, session: CDPSession, move: Callable[[], None]) -> Gesture:
    before = _counters(session)
    tab.evaluate(_RECORD_FRAMES)
    move()
    frames: list[float] = tab.evaluate(_TAKE_FRAMES)
    after = _counters(session)
    task, script = (1e3 * (after[key] - before[key]) / MOVES for key in ("TaskDuration", "ScriptDuration"))
    return Gesture(name, frames, task, script)


def _counters(session: CDPSession) -> dict[str, float]:
    """Chromium's counters of the page: seconds of the main thread since it began."""
    answer = session.send("Performance.getMetrics")
    return {entry["name"]: entry["value"] for entry in answer["metrics"]}


def _box_of(target: Locator) -> FloatRect:
    """Where an element is on the screen."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    if box is None:
        raise RuntimeError("the tab has no such element")
    return box
