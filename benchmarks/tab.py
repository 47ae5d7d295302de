"""What the tab takes in a browser for a large log: a real TensorBoard, and a headless Chromium.

    python benchmarks/tab.py --keep /tmp/stability_logs

The log: one run of 1,000 layers x 5,000 steps with planted windows, by the real recorder. Printed:

* the bundle, gzipped;
* the time from opening a link to the tab's `data-ready` (the verdict is there) and `data-painted` (every
  plot is there), each time in a browser that never saw it, and when TensorBoard had made the tab's page;
* frame times while the view is scrubbed (the box on the lanes is dragged) and zoomed (one end of it is),
  and processor time of the main thread for a mouse move during that and over the heatmap and a chart. Then
  the same with a heatmap of all 1,000 x 5,000 cells, which is put in the place of the server's answer: the
  log has fewer columns, since recording merges steps in which nothing happened;
* memory of the page before and after 100 changes of the window, garbage collected.

Frame times are worth what the machine is: run nothing else on it.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, CDPSession, Frame, Page, sync_playwright
from reading_logs import make_layout, record_run
from tab_gestures import HEAD, Gesture, drag, hover, row

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests know how to start a TensorBoard

from tb_stability.plugin.frames import encode_frame
from tests.browser_binary import FLAGS, find_browser
from tests.tensorboard_process import TensorBoardProcess

LAYERS, STEPS = 1_000, 5_000
OPENINGS = 3
WARM_SWITCHES, SWITCHES = 20, 100
MAX_BUNDLE_BYTES = 150_000

_BUNDLE = Path(__file__).resolve().parents[1] / "tb_stability" / "plugin" / "static" / "index.js"
_VIEW = "#stability&p.stability.from=1000&p.stability.to=1999"
_WAIT_MS = 120_000

_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_PAGE_MADE = "() => performance.timeOrigin - window.parent.performance.timeOrigin"


def main() -> None:
    """Writes the log if it is not there, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder for the log; by default one that is deleted")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = (arguments.keep or Path(folder)) / "wide"
        if not logs.exists():
            record_run(logs / "run", LAYERS, STEPS)
        with (
            TensorBoardProcess(logs, output_file=Path(folder) / "output.txt") as server,
            sync_playwright() as playwright,
        ):
            server.get_when("data/plugin/stability/runs", _is_read, seconds=120)
            browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
            measure(browser, server.url)
            browser.close()


def _is_read(document: dict[str, list[dict[str, dict[str, int]]]]) -> bool:
    return any(run["steps"]["recorded"] == STEPS for run in document["runs"])


def measure(browser: Browser, url: str) -> None:
    """Prints all that is measured."""
    size = len(gzip.compress(_BUNDLE.read_bytes(), 9))
    print(f"bundle, gzipped: {size / 1e3:.0f} KB (limit {MAX_BUNDLE_BYTES / 1e3:.0f} KB)")
    for _ in range(OPENINGS):
        print(open_cold(browser, url))
    print(HEAD)
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    tab, session = open_tab(page, url + _VIEW)
    for gesture in gestures(page, tab, session, "as recorded"):
        print(row(gesture))
    print(heap_growth(page, tab, session))
    page.close()
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    frame = all_cells()
    heatmap, binary = re.compile(r"/stability/heatmap\?"), "application/octet-stream"
    page.route(heatmap, lambda route: route.fulfill(body=frame, content_type=binary))
    tab, session = open_tab(page, url + _VIEW)
    for gesture in gestures(page, tab, session, f"{LAYERS} x {STEPS} cells"):
        print(row(gesture))


def gestures(page: Page, tab: Frame, session: CDPSession, what: str) -> list[Gesture]:
    """Scrubs, zooms and hovers."""
    return [
        drag(f"scrub, {what}", page, tab, session, tab.locator(".range-box")),
        drag(f"zoom, {what}", page, tab, session, tab.locator(".range-to")),
        hover(f"hover heatmap, {what}", page, tab, session, tab.locator(".heatmap canvas[role=img]")),
        hover(f"hover chart, {what}", page, tab, session, tab.locator(".charts .plot-surface").first),
    ]


def all_cells() -> bytes:
    """A `/heatmap` frame with a column for each step: random walks, and some NaN."""
    walks = np.random.default_rng(0).normal(0, 0.05, (LAYERS, STEPS)).cumsum(axis=1)
    nonfinite = np.zeros((LAYERS, STEPS), np.uint32)
    nonfinite[::7, 3500:3520] = 1
    steps = np.arange(STEPS, dtype=np.int32)
    arrays = {"first_step": steps, "last_step": steps, "max": np.exp(walks).astype(np.float32)}
    return encode_frame(
        {"run": "run", "measure": "grad_norm", "layers": list(make_layout(LAYERS).layers)},
        {**arrays, "nonfinite": nonfinite},
    )


def open_tab(page: Page, link: str) -> tuple[Frame, CDPSession]:
    """Opens a link; returns the tab when all of it is painted, and a way to ask Chromium about it."""
    page.goto(link)
    tab = frame_of(page)
    tab.wait_for_selector("main[data-painted]", timeout=_WAIT_MS)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # processor time, not the clock
    return tab, session


def frame_of(page: Page) -> Frame:
    """The document of the tab, once TensorBoard has made it."""
    element = page.wait_for_selector("iframe[src*='name=stability']", timeout=_WAIT_MS)
    frame = element.content_frame() if element else None
    if frame is None:
        raise RuntimeError("TensorBoard shows no tab")
    return frame


def open_cold(browser: Browser, url: str) -> str:
    """Opens the tab in a browser context that never saw it; a line of times."""
    with browser.new_context(viewport={"width": 1400, "height": 1500}) as context:
        page = context.new_page()
        start = time.perf_counter()
        page.goto(f"{url}#stability", wait_until="commit")
        tab = frame_of(page)
        tab.wait_for_selector("main[data-ready]", timeout=_WAIT_MS)
        ready = time.perf_counter() - start
        tab.wait_for_selector("main[data-painted]", timeout=_WAIT_MS)
        painted = time.perf_counter() - start
        made = tab.evaluate(_PAGE_MADE)
        return (
            f"open a link: data-ready {1e3 * ready:.0f} ms, data-painted {1e3 * painted:.0f} ms, "
            f"of which TensorBoard {made:.0f} ms before our page"
        )


def heap_growth(page: Page, tab: Frame, session: CDPSession) -> str:
    """Goes through the windows with the keyboard; a line of memory."""

    def switch(times: int) -> dict[str, float]:
        for _ in range(times):
            page.keyboard.press(".")
            tab.evaluate(_TWO_FRAMES)
            tab.wait_for_selector("main[data-painted]", timeout=_WAIT_MS)
        session.send("HeapProfiler.collectGarbage")
        usage: dict[str, float] = session.send("Runtime.getHeapUsage")
        return usage

    tab.locator("main").click(position={"x": 5, "y": 5})
    before, after = switch(WARM_SWITCHES), switch(SWITCHES)

    def change(key: str) -> str:
        return f"{before.get(key, 0) / 1e6:.1f} to {after.get(key, 0) / 1e6:.1f} MB"

    return (
        f"{SWITCHES} changes of the window (after {WARM_SWITCHES}): heap {change('usedSize')}, "
        f"buffers {change('backingStorageSize')}"
    )


if __name__ == "__main__":
    main()
