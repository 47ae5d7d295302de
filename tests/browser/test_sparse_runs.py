"""Runs of which not every step was measured or kept: they are drawn without holes, and said to be so."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_stability.monitor import replay
from tb_stability.report import Cost, TensorRange
from tb_stability.series import Activation, StepValues
from tb_stability.storage.span import SpanAccumulator
from tb_stability.summary.layout import RowLayout
from tb_stability.summary.row import pack_step
from tb_stability.writers.event_file import EventFileWriter
from tests.browser.stability_tab import VALUE_AXIS_WIDTH, OpenTab, StabilityTab, is_near
from tests.event_logs import LAYOUT, SCALARS, step_values
from tests.tensorboard_process import TensorBoardProcess

EVERY, STEPS = 10, 120
"""Of the thinned run."""

ROW_STEPS, ROWS, SPIKE = 32, 100, 1500
"""Of the long run: the steps of a row, the rows, and the step of its loss spike."""

COST = Cost(
    0.03, 0.018, EVERY, STEPS // EVERY, "Stability cost 1.8 % of step time, layers at every 10th step."
)
FIRST_BATCH = (TensorRange("input", "", (32, 28, 28), "float32", 0.0, 255.0, 33.5, 0, 0),)
ACTIVATIONS = (Activation("dense", "relu", 3), Activation("re_lu", "relu", 3))


def write_thinned(log_dir: Path) -> None:
    """Layers at every 10th step, with norms that grow from one to the next; activations at every 40th."""
    layout = dataclasses.replace(LAYOUT, activations=ACTIVATIONS)
    values = [step_values(step) for step in range(STEPS)]
    for step, value in enumerate(values):
        value.variables["grad_norm"][:] = 1.5 ** (step // EVERY)
        if step % EVERY:
            values[step] = StepValues(value.scalars)
    report = replay(enumerate(values), layout).report(recorded=STEPS)
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, layout, SCALARS)
    writer.write_steps(range(STEPS), values, layout, SCALARS)
    for step in range(0, STEPS, 40):
        writer.write_activations(step, np.float32([[0.25, 0.5], [math.nan, math.nan]]))
    report = dataclasses.replace(report, cost=COST, first_batch=FIRST_BATCH)
    writer.write_report(STEPS - 1, report, state="ended")
    writer.close()


def write_long(log_dir: Path) -> None:
    """Each row stands for 32 steps."""
    columns = RowLayout(LAYOUT, SCALARS)
    steps = range(ROWS * ROW_STEPS)
    values = [step_values(s, loss=50.0 if s == SPIKE else 1.0 + 3.0 * math.exp(-s / 50)) for s in steps]
    rows, span = [], SpanAccumulator(columns)
    for first in range(0, len(values), ROW_STEPS):
        span.add([pack_step(step, values[step], columns) for step in range(first, first + ROW_STEPS)])
        rows.append(span.take())
    writer = EventFileWriter(str(log_dir))
    writer.write_layout(0, LAYOUT, SCALARS)
    writer.write_rows(rows, columns)
    report = replay(enumerate(values), LAYOUT).report(recorded=len(values))
    writer.write_report(len(values) - 1, report, state="ended")
    writer.close()


@pytest.fixture(scope="module")
def sparse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardProcess]:
    """A TensorBoard on both runs."""
    logdir = tmp_path_factory.mktemp("sparse")
    write_thinned(logdir / "thinned")
    write_long(logdir / "long")
    output = tmp_path_factory.mktemp("tensorboard") / "output.txt"
    with TensorBoardProcess(logdir, output_file=output) as server:
        server.get_when("data/plugin/stability/runs", lambda document: len(document["runs"]) == 2)
        yield server


def point_at(tab: StabilityTab, share: float) -> None:
    """Moves the pointer over the first row of the heatmap, so far from left to right."""
    box = tab.heatmap.bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + share * box["width"], box["y"] + 4)


def test_between_two_measurements_the_heatmap_holds_the_first_and_says_so(
    sparse_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(sparse_server, "#stability&p.stability.run=thinned")
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
    sparse_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(sparse_server, "#stability&p.stability.run=thinned&p.stability.layer=bn")
    chart = tab.chart("Gradient norm", of="Selected layer")
    canvas = tab.pixels(chart.locator("canvas"))[:, VALUE_AXIS_WIDTH:]
    line = is_near(canvas, tab.color("--line-1"))
    measured = int((STEPS - EVERY) / STEPS * canvas.shape[1])
    assert line[:, 4 : measured - 4].any(axis=0).mean() > 0.99
    assert "0 NaN" in (chart.get_attribute("aria-label") or "")


def test_a_run_says_what_recording_cost_and_what_the_first_batch_held(
    sparse_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(sparse_server, "#stability&p.stability.run=thinned")
    expect(tab.verdict).to_contain_text(f"{STEPS} steps observed · {COST.text}")
    expect(tab.section("First batch")).to_contain_text("input: float32 32×28×28, 0 to 255, mean 33.5")


def test_an_activation_has_a_chart_of_its_dead_units_also_where_it_is_a_layer_of_its_own(
    sparse_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(sparse_server, "#stability&p.stability.run=thinned&p.stability.layer=dense")
    expect(tab.chart("Dead units", of="Selected layer").locator("output")).to_have_text("0.25")
    tab.layer.select_option("re_lu")
    tab.wait_until_painted()
    expect(tab.section("Selected layer").locator("figure")).to_have_count(1)
    expect(tab.chart("Dead units", of="Selected layer").locator("output")).to_have_text("0.5")
    tab.layer.select_option("bn")
    tab.wait_until_painted()
    expect(tab.chart("Dead units", of="Selected layer")).to_have_count(0)


def test_under_the_pointer_are_all_steps_of_a_row_and_a_spike_of_one_of_them_is_drawn(
    sparse_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(sparse_server, "#stability&p.stability.run=long")
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
