"""A server that fails: the error is said where the data would be, and trying again brings it."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from tests.browser.stability_tab import LOAD_MS, NewTab, StabilityTab
from tests.tensorboard_process import TensorBoardProcess

ROUTE = "**/data/plugin/stability/{}*"
GONE = "TensorBoard does not answer. Is it still running?"
PARTS_OF_A_RANGE = ("charts", "heatmap", "layer", "histogram")  # what is asked for when the range changes
ERROR = "could not be loaded. TensorBoard answered with HTTP 500; its log says why."


def break_routes(tab: StabilityTab, *names: str) -> None:
    """Makes routes answer as TensorBoard does when a plugin raises."""
    for name in names:
        tab.page.route(
            ROUTE.format(name), lambda route: route.fulfill(status=500, body="<h1>Internal Server Error</h1>")
        )


def mend_routes(tab: StabilityTab, *names: str) -> None:
    """Undoes `break_routes`, and forgets what the browser wrote about it to the console."""
    for name in names:
        tab.page.unroute(ROUTE.format(name))
    assert all("status of 500" in problem for problem in tab.problems)
    tab.problems.clear()


def test_an_error_stands_in_the_place_of_what_is_missing_until_it_can_be_loaded(
    demo_server: TensorBoardProcess, new_tab: NewTab
) -> None:
    tab = new_tab(demo_server)
    alerts = tab.main.get_by_role("alert")
    retry = alerts.first.get_by_role("button", name="Try again")
    break_routes(tab, "runs", "layout", "steps", "heatmap", "layer?")
    tab.page.goto(demo_server.url + "#stability&p.stability.run=custom_loop")
    expect(alerts.locator("p")).to_have_text([f"The runs {ERROR}"], timeout=LOAD_MS)
    mend_routes(tab, "runs")
    retry.click()
    expect(alerts.locator("p")).to_have_text([f"The charts {ERROR}", f"The layers {ERROR}"])
    mend_routes(tab, "steps")
    retry.click()
    expect(alerts.locator("p")).to_have_text([f"The layers {ERROR}"])
    mend_routes(tab, "layout")
    retry.click()
    expect(alerts.locator("p")).to_have_text([f"The heatmap {ERROR}", f"The layer {ERROR}"])
    mend_routes(tab, "heatmap", "layer?")
    retry.click()
    expect(alerts.locator("p")).to_have_text([f"The layer {ERROR}"])
    retry.click()
    expect(alerts).to_have_count(0)
    tab.wait_until_painted()
    for canvas in (tab.heatmap, tab.chart("Loss").locator("canvas")):
        assert len(np.unique(tab.pixels(canvas).reshape(-1, 3), axis=0)) > 20


def test_a_tensorboard_that_is_gone_is_said_and_what_was_loaded_stays(
    demo_server: TensorBoardProcess, new_tab: NewTab
) -> None:
    tab = new_tab(demo_server)
    tab.page.goto(demo_server.url + "#stability&p.stability.run=custom_loop")
    tab.wait_until_painted()
    tab.page.route(ROUTE.format(""), lambda route: route.abort("connectionrefused"))
    tab.card("exploding_gradient").click()
    alerts = tab.main.get_by_role("alert")
    missing = [f"The {part} could not be loaded. {GONE}" for part in PARTS_OF_A_RANGE]
    expect(alerts.locator("p")).to_have_text(missing)
    expect(tab.chart("Loss")).to_be_visible()
    tab.page.unroute(ROUTE.format(""))
    for left in reversed(range(len(missing))):
        alerts.first.get_by_role("button").click()
        expect(alerts).to_have_count(left)
    assert all("ERR_CONNECTION_REFUSED" in problem for problem in tab.problems)
    tab.problems.clear()
