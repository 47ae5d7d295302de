"""The timeline, the heatmap and the histograms: what a reader does with them, and what is on the screen."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from playwright.sync_api import expect

from tests.browser.stability_tab import VALUE_AXIS_WIDTH, OpenTab, is_near
from tests.plugin.frame import decode_frame
from tests.tensorboard_process import TensorBoardProcess

LAST = 284
"""Last step of each run of the demo."""


def test_the_lanes_are_a_minimap_for_pointer_and_keyboard_and_a_typed_step_comes_into_view(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=lr_too_high")
    strip = tab.main.locator(".range-strip").bounding_box()
    assert strip is not None
    x, y = [strip["x"] + strip["width"] * share for share in (0.25, 0.5)], strip["y"] + 8
    tab.page.mouse.move(x[0], y)
    tab.page.mouse.down()
    tab.page.mouse.move(x[1], y, steps=3)
    tab.page.mouse.up()
    assert tab.shown().steps == (71, 142)  # a quarter and half of 285 steps
    tab.main.get_by_role("slider", name="Steps in view").press("PageDown")
    assert tab.shown().steps == (143, 214)
    tab.range_end("Last").press("End")
    assert tab.shown().steps == (143, LAST)

    tab.main.get_by_role("spinbutton", name="Go to step").fill("3")
    tab.page.keyboard.press("Enter")
    tab.wait_until_painted()
    first, last = tab.shown().steps
    assert first == 0
    assert last == LAST - 143
    expect(tab.main.locator(".view-label")).to_have_text("step 3")
    values = decode_frame(demo_server.get("data/plugin/stability/steps?run=lr_too_high&cols=4000"))[1]
    shown = float(tab.chart("Loss").locator("output").inner_text())
    np.testing.assert_allclose(shown, values["loss/mean"][3], rtol=1e-3)
    assert "p.stability.step=3" in tab.hash


def test_a_click_on_a_window_asks_once_for_its_layer_and_for_its_steps(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    queries: list[str] = []
    tab.page.on("request", lambda request: queries.append(request.url) if "/layer?" in request.url else None)
    tab.card("exploding_gradient").click()
    tab.wait_until_painted()
    asked = [parse_qs(urlsplit(query).query) for query in queries]
    assert {query["layer"][0] for query in asked} == {"conv_1"}
    # Once in view, once as a whole for what is usual in this run; never with the range from before.
    assert sorted("from" in query for query in asked) == [False, True]
    first, last = tab.shown().steps
    assert [query["from"] for query in asked if "from" in query] == [[str(first - 1)]]
    assert last < LAST


def test_layers_are_filtered_pinned_and_sorted_by_how_much_they_changed(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    layers = tab.section("Layers over steps")
    network = tab.layer_names
    assert network[:3] == ["conv_1", "bn_1", "conv_2"]
    layers.get_by_role("searchbox").fill("^BN_[12]$")
    expect(layers).to_contain_text("2 of 13 layers match")
    assert tab.layer_names == ["bn_1", "bn_2"]
    tab.layer.select_option("conv_3")
    layers.get_by_role("button", name="Pin conv_3").click()
    assert tab.layer_names == ["conv_3", "bn_1", "bn_2"]

    layers.get_by_role("searchbox").fill("")
    layers.get_by_role("button", name="Unpin conv_3").click()
    tab.card("exploding_gradient").click()
    layers.get_by_role("combobox", name="Order").select_option("change")
    expect(layers).to_contain_text("Compared: steps 40 to 41 with the 20 before.")  # from onset to peak
    tab.wait_until_painted()
    assert sorted(tab.layer_names) == sorted(network)
    factors = [
        float(text.replace("×", "").strip()) for text in layers.locator(".layer-names em").all_inner_texts()
    ]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] > 100
    # Number 1 stands beside the first layer that went bad.
    assert layers.locator(".layer-names b").all_inner_texts() == [str(1 + i) for i in range(len(network))]
    tops = [layers.locator(place).first.get_attribute("style") for place in ("b", "span:has-text('conv_1')")]
    assert tops[0] == tops[1]

    box = tab.heatmap.bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + 30, box["y"] + 1.5 * box["height"] / len(network))
    expect(tab.layer).to_have_value(tab.layer_names[1])
    tab.wait_until_painted()


def test_nan_has_a_bar_of_its_own_in_the_histogram_of_a_gradient(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    path = "data/plugin/stability/histograms?run=custom_loop&layer=conv_1"
    header, arrays = decode_frame(demo_server.get(path))
    nan_bin = 2 * (header["bins"]["exponents"][1] - header["bins"]["exponents"][0] + 1) + 1
    steps, nan = arrays["step"], arrays["conv_1/kernel"][:, nan_bin]
    first = steps[np.argmax(nan > 0)]
    assert 0 < first < LAST
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop&p.stability.layer=conv_1")
    bar = tab.pixels(tab.section("Selected layer").locator(".histogram-block").first)[0]
    loud = is_near(bar, tab.color("--nonfinite"), 0)
    assert abs(int(np.argmax(loud)) - first * len(bar) / (LAST + 1)) <= 1
    assert loud[np.argmax(loud) + 1 :].mean() > 0.9
    figure = tab.section("Selected layer").get_by_role("figure", name="Gradients of kernel")
    assert "NaN 100 %" in (figure.get_attribute("aria-label") or "")
    expect(figure).to_contain_text(f"sampled at {len(steps)} steps")
    over = figure.locator(".plot-surface")
    box = over.bounding_box()
    assert box is not None
    over.hover(position={"x": box["width"] - 1, "y": 9})  # the bar of NaN, in the last sample
    total = int(arrays["conv_1/kernel"][-1].sum())
    expect(figure.locator(".tip")).to_have_text(
        re.compile(rf"^NaN{total} of {total} entries, 100 %step \d+, sampled at step {steps[-1]}$")
    )


def test_smoothing_reaches_lines_that_are_compared(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=fit&p.stability.compare=fit,healthy")

    def roughness() -> float:
        """How much the line of the first run goes up and down, in pixels; what was measured stays."""
        canvas = tab.chart("Loss", of="Comparison charts").locator("canvas")
        line = is_near(tab.pixels(canvas)[:, VALUE_AXIS_WIDTH:], tab.color("--line-1"))
        rows = [np.flatnonzero(column).mean() for column in line.T if column.any()]
        return float(np.abs(np.diff(rows)).mean())

    measured = roughness()
    tab.main.get_by_role("slider", name="Smoothing").fill("0.9")
    tab.wait_until_painted()
    assert roughness() < 0.9 * measured  # 0.8: a pixel of either line counts
