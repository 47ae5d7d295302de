"""What the reader chooses with pointer or keyboard is in the address, and a link brings it back."""

from __future__ import annotations

import re
from urllib.parse import unquote

from playwright.sync_api import expect

from tests.browser.stability_tab import OpenTab, Shown
from tests.tensorboard_process import TensorBoardProcess

LAST = 284
"""Last step of each run of the demo."""


def test_a_click_on_a_window_selects_it_and_its_layer_and_zooms_to_where_it_began(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server)
    assert tab.shown() == Shown("custom_loop", None, (0, LAST), "bn_1", "grad_norm")
    assert "p.stability" not in tab.hash
    card = tab.card("exploding_gradient")
    expect(card).to_have_attribute("aria-pressed", "false")
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    tab.wait_until_painted()
    shown = tab.shown()
    assert (shown.window, shown.layer) == ("Exploding gradient", "conv_1")
    first, last = shown.steps
    assert 0 < first < 40 < last < LAST
    expect(tab.heatmap).to_have_attribute("aria-label", re.compile(f"steps {first} to {last}"))
    assert unquote(tab.hash).split("&") == [
        "stability",
        "p.stability.run=custom_loop",
        "p.stability.window=exploding_gradient:40:grad_norm/conv_1/kernel",
        "p.stability.layer=conv_1",
        f"p.stability.from={first}",
        f"p.stability.to={last}",
    ]


def test_a_click_on_a_bar_of_another_run_goes_there(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server)
    tab.main.get_by_role("button", name="Vanishing gradient, from step 2 on, warning").click()
    expect(tab.verdict).to_contain_text("vanishing")
    expect(tab.card("vanishing_gradient")).to_have_attribute("aria-pressed", "true")
    tab.wait_until_painted()
    assert tab.shown().run == "vanishing"


def test_a_link_brings_back_what_it_was_copied_from(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server)
    tab.select_run("lr_too_high")
    tab.card("exploding_gradient").click()
    tab.measure.select_option("update_ratio")
    tab.layer.select_option("dense_2")
    tab.chart("Loss").get_by_role("button").click()
    tab.wait_until_painted()
    shown, label = tab.shown(), tab.chart("Loss").get_by_role("button").get_attribute("aria-label")
    assert shown.run == "lr_too_high"
    assert (shown.layer, shown.measure) == ("dense_2", "update_ratio")
    assert shown.steps != (0, LAST)
    assert label is not None
    assert "linear axis" in label

    again = open_tab(demo_server, f"#{tab.hash}")
    assert again.shown() == shown
    expect(again.chart("Loss").get_by_role("button")).to_have_attribute("aria-label", label)
    assert again.hash == tab.hash


def test_another_link_in_the_same_page_is_followed(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=fit")
    tab.page.evaluate("location.hash = '#stability&p.stability.run=vanishing&p.stability.layer=dense_5'")
    expect(tab.verdict.locator(".run-name")).to_have_text("vanishing")
    expect(tab.layer).to_have_value("dense_5")
    tab.wait_until_painted()


def test_the_keyboard_alone_reaches_every_window(demo_server: TensorBoardProcess, open_tab: OpenTab) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    press = tab.page.keyboard.press  # no click before: the keys arrive after a deep link, too
    first, last, count = tab.cards.first, tab.cards.last, tab.cards.count()
    press(".")
    expect(first).to_have_attribute("aria-pressed", "true")
    press("j")
    expect(tab.cards.nth(1)).to_have_attribute("aria-pressed", "true")
    press("k")
    expect(first).to_have_attribute("aria-pressed", "true")
    press(",")
    expect(last).to_have_attribute("aria-pressed", "true")
    for _ in range(count - 1):
        press(".")
    expect(tab.cards.nth(count - 2)).to_have_attribute("aria-pressed", "true")

    tab.wait_until_painted()
    press("f")  # an open window: up to the end of the run
    expect(tab.range_end("Last")).to_have_attribute("aria-valuenow", str(LAST))
    expect(tab.range_end("First")).not_to_have_attribute("aria-valuenow", "0")
    press("Escape")
    expect(tab.range_end("First")).to_have_attribute("aria-valuenow", "0")

    help_dialog = tab.main.get_by_role("dialog", name="Keys")
    expect(help_dialog).to_be_hidden()
    press("?")
    expect(help_dialog).to_be_visible()
    press(".")  # belongs to the dialog, which has no use for it
    press("Escape")
    expect(help_dialog).to_be_hidden()
    expect(tab.cards.nth(count - 2)).to_have_attribute("aria-pressed", "true")


def test_the_arrow_keys_beside_the_heatmap_select_the_layer_below(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server)
    tab.main.get_by_role("slider", name="Layer", exact=True).focus()
    tab.page.keyboard.press("ArrowDown")
    expect(tab.layer).to_have_value("conv_2")
    tab.wait_until_painted()


def test_dragging_over_a_chart_zooms_every_plot_and_a_double_click_shows_all(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=fit")
    box = tab.chart("Loss").locator(".plot-surface").bounding_box()
    assert box is not None
    x = [box["x"] + box["width"] * share for share in (0.25, 0.5)]
    y = box["y"] + box["height"] / 2
    tab.page.mouse.move(x[0], y)
    tab.page.mouse.down()
    tab.page.mouse.move(x[1], y, steps=4)
    tab.page.mouse.up()
    tab.wait_until_painted()
    assert tab.shown().steps == (71, 142)  # a quarter and half of 285 steps
    expect(tab.heatmap).to_have_attribute("aria-label", re.compile("steps 71 to 142"))
    tab.chart("Gradient norm").locator(".plot-surface").dblclick()
    tab.wait_until_painted()
    assert tab.shown().steps == (0, LAST)
