"""The tab in a cell of a notebook: TensorBoard in a small iframe of a page that has keys of its own."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.stability_tab import LOAD_MS, NewTab
from tests.tensorboard_process import TensorBoardProcess

TYPED = "j.f?cl"
"""Each is a key of the tab."""
NO_ICON = '<link rel="icon" href="data:,">'


def test_in_a_notebook_the_tab_fits_its_cell_and_leaves_the_keys_to_who_types(
    demo_server: TensorBoardProcess, new_tab: NewTab
) -> None:
    tab = new_tab(demo_server)
    link = f"{demo_server.url}#stability&p.stability.run=custom_loop"
    cell = f'<textarea></textarea><iframe id="cell" src="{link}" width="720" height="420"></iframe>'
    page = f"{demo_server.url}notebook"  # storage needs an origin
    tab.page.route(page, lambda route: route.fulfill(body=NO_ICON + cell, content_type="text/html"))
    tab.page.goto(page)
    text = tab.page.locator("textarea")
    text.focus()
    host = tab.page.frame_locator("#cell")
    tab.main = host.frame_locator("iframe[src*='name=stability']").get_by_role("main")
    expect(tab.main).to_have_attribute("data-painted", "", timeout=LOAD_MS)
    tab.page.keyboard.type(TYPED)
    expect(text).to_have_value(TYPED)
    expect(tab.main.get_by_role("dialog")).to_be_hidden()
    expect(tab.cards.and_(tab.main.locator("[aria-pressed=true]"))).to_have_count(0)

    assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    headings = tab.verdict.locator("h2, dd")
    for box in [heading.bounding_box() for heading in headings.all()]:
        assert box is not None
        assert box["width"] < 720
    tab.verdict.click()
    tab.page.keyboard.press(".")
    expect(tab.cards.first).to_have_attribute("aria-pressed", "true")
    expect(text).to_have_value(TYPED)
