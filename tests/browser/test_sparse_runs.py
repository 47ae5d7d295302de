"""Runs of which not every step was measured or kept: they are drawn without holes, and said to be so."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import expect

from tests.browser.stability_tab import VALUE_AXIS_WIDTH, OpenTab, StabilityTab, is_near
from tests.browser.written_logs import COST, EVERY, ROW_STEPS, ROWS, SPIKE, STEPS
from tests.tensorboard_process import TensorBoardProcess


def point_at(tab: StabilityTab, share: float) -> None:
    """Moves the pointer over the first row of the heatmap, so far from left to right."""
    box = tab.heatmap.bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + share * box["width"], box["y"] + 4)


def test_between_two_measurements_the_heatmap_holds_the_first_and_says_so(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=thinned")
    pixels = tab.pixels(tab.heatmap)[0]  # a row of pixels for each row of layers
    steps = pixels[((np.arange(STEPS) + 0.5) * len(pixels) / STEPS).astype(int)].reshape(-1, EVERY, 3)
    assert (steps == steps[:, :1]).all()
    assert len(np.unique(steps[:, 0], axis=0)) == STEPS // EVERY
    layers = tab.section("Layers over steps")
    expect(layers).to_contain_text("Lately measured at every 10th step")
    point_at(tab, 15.5 / STEPS)
    expect(layers.locator(".tip")).to_contain_text("step 15, measured at step 10")
    expect(layers.locator(".tip")).to_contain_text("Gradient norm: 2.121")  # of two variables with 1.5


def test_a_line_joins_the_measurements_of_a_layer_and_has_no_mark(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=thinned&p.stability.layer=bn")
    chart = tab.chart("Gradient norm", of="Selected layer")
    canvas = tab.pixels(chart.locator("canvas"))[:, VALUE_AXIS_WIDTH:]
    line = is_near(canvas, tab.color("--line-1"))
    measured = int((STEPS - EVERY) / STEPS * canvas.shape[1])
    assert line[:, 4 : measured - 4].any(axis=0).mean() > 0.99
    assert "0 NaN" in (chart.get_attribute("aria-label") or "")


def test_a_run_says_what_recording_cost_and_what_the_first_batch_held(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=thinned")
    expect(tab.verdict).to_contain_text(f"{STEPS} steps observed · {COST.text.rstrip('.')}")
    expect(tab.section("First batch")).to_contain_text("input: float32 32×28×28, 0 to 255, mean 33.5")


def test_an_activation_has_a_chart_of_its_dead_units_also_where_it_is_a_layer_of_its_own(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=thinned&p.stability.layer=dense")
    expect(tab.chart("Dead units", of="Selected layer").locator("output")).to_have_text("0.25")
    tab.layer.select_option("re_lu")
    tab.wait_until_painted()
    expect(tab.section("Selected layer").locator("figure")).to_have_count(1)
    expect(tab.chart("Dead units", of="Selected layer").locator("output")).to_have_text("0.5")
    tab.layer.select_option("bn")
    tab.wait_until_painted()
    expect(tab.chart("Dead units", of="Selected layer")).to_have_count(0)


def test_under_the_pointer_are_all_steps_of_a_row_and_a_spike_of_one_of_them_is_drawn(
    written_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(written_server, "#stability&p.stability.run=long")
    assert tab.shown().steps == (0, ROWS * ROW_STEPS - 1)
    point_at(tab, 0.5)
    expect(tab.main.locator(".view-label")).to_have_text("steps 1,600 to 1,631")
    chart = tab.chart("Loss")
    assert "loss 1 to 50, 0 NaN" in (chart.get_attribute("aria-label") or "")
    canvas = tab.pixels(chart.locator("canvas"))[20:-20, VALUE_AXIS_WIDTH:]
    drawn = is_near(canvas, tab.color("--line-1")).mean(axis=0)  # the envelope is that colour, seen through
    row = (SPIKE // ROW_STEPS + 0.5) / ROWS
    assert drawn[int(row * len(drawn))] > 0.8  # from 1 to 50
    assert np.median(drawn) < 0.2
