"""A tab that is open while a run is written."""

from __future__ import annotations

import math
from pathlib import Path

from playwright.sync_api import expect

from tb_stability.monitor import Monitor
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter
from tests.browser.stability_tab import OpenTab
from tests.event_logs import LAYOUT, SCALARS, step_values
from tests.tensorboard_process import StartTensorBoard

RUNS = "data/plugin/stability/runs"
FIRST_NAN = 100
HIDDEN_MS = 1000
"""Several times what the tab waits after a reload of TensorBoard."""


class LiveRun:
    """A run that is written as far as a test lets it go: NaN from step `FIRST_NAN` on."""

    def __init__(self, log_dir: Path) -> None:
        self._monitor = Monitor(LAYOUT)
        self._writer = EventFileWriter(str(log_dir))
        self._writer.write_layout(0, LAYOUT, SCALARS)
        self._next = 0

    def go_to(self, stop: int, state: State) -> None:
        """Writes the steps before `stop` that are not written yet, and the report."""
        steps = range(self._next, stop)
        values = [step_values(step, loss=math.nan if step >= FIRST_NAN else None) for step in steps]
        for step, value in zip(steps, values, strict=True):
            self._monitor.update(step, value)
        self._writer.write_steps(steps, values, LAYOUT, SCALARS)
        self._writer.write_report(steps[-1], self._monitor.report(recorded=stop), state=state)
        self._writer.flush()
        self._next = stop


def test_an_empty_logdir_says_what_to_write_and_shows_the_run_and_its_windows_as_they_come(
    tmp_path: Path, tensorboard_server: StartTensorBoard, open_tab: OpenTab
) -> None:
    server = tensorboard_server(tmp_path)
    tab = open_tab(server)
    reload_data = tab.page.locator("button.reload-button")
    expect(tab.main.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(tab.main.locator("pre")).to_have_text(
        "from tb_stability import StabilityCallback\n"
        'model.fit(x, y, callbacks=[StabilityCallback("logs/exp1")])'
    )
    expect(tab.main).to_contain_text(str(tmp_path))

    run = LiveRun(tmp_path / "live")
    run.go_to(50, "running")
    server.get_when(RUNS, lambda document: document["runs"])
    reload_data.click()
    expect(tab.verdict).to_contain_text("still being written")
    expect(tab.cards).to_have_count(0)
    tab.wait_until_painted()
    assert tab.shown().steps == (0, 49)

    run.go_to(120, "running")
    server.get_when(RUNS, lambda document: document["runs"][0]["windows"])
    expect(tab.cards).to_have_count(0)  # TensorBoard reloads when it is told to, and so do we
    reload_data.click()
    expect(tab.card("non_finite")).to_contain_text(f"from step {FIRST_NAN} on")
    news = tab.main.get_by_role("status").filter(has_text="New in live")
    expect(news).to_have_text(f"New in live: Not finite from step {FIRST_NAN} on")
    tab.wait_until_painted()
    assert tab.shown().steps == (0, 119)
    expect(tab.chart("Loss").locator("output")).to_have_text("NaN")

    tab.card("non_finite").click()
    tab.wait_until_painted()
    tab.page.evaluate("location.hash = location.hash.replace('#stability', '#scalars')")
    expect(tab.main).to_be_hidden()
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    run.go_to(130, "ended")
    server.get_when(RUNS, lambda document: document["runs"][0]["state"] == "ended")
    reload_data.click()
    tab.page.wait_for_timeout(HIDDEN_MS)
    assert asked  # by TensorBoard
    assert not [url for url in asked if "plugin/stability" in url]  # by a tab that nobody sees
    tab.page.evaluate("location.hash = location.hash.replace('#scalars', '#stability')")
    expect(tab.verdict).not_to_contain_text("still being written")
    expect(tab.card("non_finite")).to_have_attribute("aria-pressed", "true")  # what was selected stays
    tab.wait_until_painted()
