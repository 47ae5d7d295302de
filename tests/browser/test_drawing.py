"""What is on the canvases, read back pixel by pixel; and dark mode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from playwright.sync_api import expect

from tests.browser.stability_tab import VALUE_AXIS_WIDTH, OpenTab, StabilityTab, is_near
from tests.plugin.frame import decode_frame
from tests.tensorboard_process import TensorBoardProcess

STEPS = 285
MARKS_HEIGHT = 13
"""Above the plot, in a chart's canvas."""

DARK_GROUND = "rgb(48, 48, 48)"


def held(largest: npt.NDArray[np.generic], nonfinite: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Tells which cells are shown as not finite, `[layers, STEPS]`: a measurement holds until the next one.

    The last one holds for as many steps as the one before.
    """
    shown = np.zeros(nonfinite.shape, bool)
    for layer, counts in enumerate(nonfinite):
        measured = np.flatnonzero(~np.isnan(largest[layer]) | (counts > 0)).tolist()
        ends = [*measured[1:], 2 * measured[-1] - measured[-2]]
        for start, end in zip(measured, ends, strict=True):
            shown[layer, start:end] = counts[start] > 0
    return shown


def nonfinite_cells(tab: StabilityTab, layers: int) -> npt.NDArray[np.bool_]:
    """Tells which cells of the heatmap have the colour of what is not finite, `[layers, STEPS]`."""
    pixels = tab.pixels(tab.heatmap)
    height, width, _ = pixels.shape
    rows = ((np.arange(layers) + 0.5) * height / layers).astype(int)
    columns = ((np.arange(STEPS) + 0.5) * width / STEPS).astype(int)
    return is_near(pixels[np.ix_(rows, columns)], tab.color("--nonfinite"), 0)


def test_the_heatmap_has_the_colour_of_what_is_not_finite_exactly_where_it_is_in_the_log(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    query = "run=custom_loop&measure=grad_norm&cols=4000"
    header, arrays = decode_frame(demo_server.get(f"data/plugin/stability/heatmap?{query}"))
    expected = held(arrays["max"], arrays["nonfinite"])
    assert expected.shape == (len(header["layers"]), STEPS)
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    np.testing.assert_array_equal(nonfinite_cells(tab, len(expected)), expected)
    finite = tab.pixels(tab.heatmap)[:, : int(np.argmax(expected[0]))]
    assert len(np.unique(finite.reshape(-1, 3), axis=0)) > 20  # a scale of colours, not one


def test_the_loss_of_a_sound_run_is_a_line_that_falls_without_marks(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=healthy")
    canvas = tab.pixels(tab.chart("Loss").locator("canvas"))[:, VALUE_AXIS_WIDTH:]
    assert not is_near(canvas[:MARKS_HEIGHT], tab.color("--nonfinite")).any()
    line = is_near(canvas, tab.color("--line-1"))
    slices = [np.nonzero(part.any(axis=1))[0] for part in np.array_split(line, 20, axis=1)]
    assert all(len(rows) for rows in slices)
    assert slices[0].mean() < slices[10].mean() < slices[-1].mean()


def test_nan_is_marked_above_the_loss_from_the_step_on_at_which_it_came(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    _, arrays = decode_frame(demo_server.get("data/plugin/stability/steps?run=lr_too_high&cols=4000"))
    first = int(np.argmax(arrays["loss/nan"].astype(int) > 0))
    assert 0 < first < 50
    tab = open_tab(demo_server, "#stability&p.stability.run=lr_too_high")
    above = tab.pixels(tab.chart("Loss").locator("canvas"))[:MARKS_HEIGHT, VALUE_AXIS_WIDTH:]
    marked = np.nonzero(is_near(above, tab.color("--nonfinite")).any(axis=0))[0]
    cross, step_width = 4, above.shape[1] / STEPS  # half of a cross, in pixels
    middle = (first + 0.5) * step_width
    assert middle - cross - 2 <= marked[0] <= middle
    assert len(marked) > 0.95 * (above.shape[1] - middle)  # a line to the end


def test_dark_mode_of_tensorboard_switches_the_tab_and_draws_everything_anew(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    body = tab.frame.locator("body")
    light = nonfinite_cells(tab, 13)
    light_loss = tab.pixels(tab.chart("Loss").locator("canvas"))
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    tab.page.get_by_role("button", name="Menu for changing light or dark theme").click()
    tab.page.get_by_role("menuitem", name="Dark").click()
    expect(body).to_have_css("background-color", DARK_GROUND)
    tab.wait_until_painted()
    np.testing.assert_array_equal(nonfinite_cells(tab, 13), light)  # in the dark theme's colour
    dark_loss = tab.pixels(tab.chart("Loss").locator("canvas"))
    assert is_near(dark_loss, tab.color("--line-1")).sum() > 50
    assert (np.abs(dark_loss - light_loss).sum(axis=-1) > 0).mean() > 0.5


def test_a_link_to_dark_tensorboard_is_dark_at_once(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "?darkMode=true#stability")
    expect(tab.frame.locator("body")).to_have_css("background-color", DARK_GROUND)
