"""Logs of others, newer than this package, cut off, or with names that are meant to harm."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.stability_tab import OpenTab
from tests.browser.written_logs import BACKWARDS, HOSTILE
from tests.tensorboard_process import TensorBoardProcess


def test_a_log_of_keras_alone_shows_its_loss_and_says_what_is_missing(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=keras")
    expect(tab.verdict.locator(".verdict-status")).to_have_text("Healthy", ignore_case=True)
    expect(tab.verdict).to_contain_text("not recorded by this package, replayed from its series")
    expect(tab.verdict.locator(".problems")).to_contain_text('StabilityCallback("logs/keras")')
    expect(tab.chart("Loss")).to_be_visible()
    expect(tab.main).to_contain_text("This run has no recorded gradients")
    expect(tab.main).to_contain_text("Not in this run: learning rate.")
    expect(tab.heatmap).to_have_count(0)
    expect(tab.section("Checks")).to_contain_text("What was not")


def test_a_log_of_a_newer_version_says_so(written_server: TensorBoardProcess, open_tab: OpenTab) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=newer")
    expect(tab.verdict.locator(".verdict-status")).to_have_text("Unknown", ignore_case=True)
    expect(tab.verdict).to_contain_text("version 2")
    expect(tab.verdict).to_contain_text("Upgrade the viewer")
    expect(tab.verdict).not_to_contain_text("still being written")
    expect(tab.main.get_by_role("alert")).to_have_count(0)


def test_a_log_that_was_cut_off_shows_what_is_left_and_says_so(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=truncated")
    expect(tab.verdict.locator(".verdict-status")).to_have_text("Diverged", ignore_case=True)
    expect(tab.verdict).to_contain_text("still being written, or ended by force")
    assert 60 <= tab.shown().steps[1] < 99
    expect(tab.chart("Loss").locator("output")).to_have_text("NaN")


@pytest.mark.parametrize("name", [HOSTILE, BACKWARDS])
def test_names_from_a_log_stay_text(written_server: TensorBoardProcess, open_tab: OpenTab, name: str) -> None:
    tab = open_tab(written_server)
    tab.page.on("dialog", lambda dialog: tab.problems.append(f"dialog: {dialog.message}"))
    tab.select_run(name)
    tab.wait_until_painted()
    expect(tab.main.locator("img")).to_have_count(0)
    # Every element with the name isolates it, so that it turns nothing else round.
    bare = """name => [...document.querySelectorAll('main *')].filter(e =>
        !e.closest('bdi, option, title') &&
        [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.includes(name))
    ).map(e => e.outerHTML)"""
    assert tab.frame.evaluate(bare, name) == []
    assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")  # the longest name fits
    again = open_tab(written_server, f"#{tab.hash}")
    assert again.shown() == tab.shown()
    assert again.shown().run == name
