"""A reviewer's way through the demo: from a link to a window, its cause, its layer, another run, and back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from playwright.sync_api import expect

import tb_stability
from tb_stability.windows import Window
from tests.browser.stability_tab import KIND_NAMES, OpenTab, StabilityTab
from tests.tensorboard_process import TensorBoardProcess

LAST = 284
"""Last step of each run of the demo."""
LAYERS = 13
"""Of `custom_loop`."""


@pytest.fixture
def windows(demo_logdir: Path) -> list[Window]:
    """The windows of `custom_loop`, whose second one opens while the first goes on."""
    (run,) = (run for run in tb_stability.load(demo_logdir) if run.name == "custom_loop")
    assert len(run.windows) > 2
    return list(run.windows)


def link_to(window: Window) -> str:
    """A link to a window of `custom_loop`, and to nothing else of it."""
    key = quote(f"{window.kind}:{window.start_step}:{window.series}")
    return f"#stability&p.stability.run=custom_loop&p.stability.window={key}"


def expect_second(tab: StabilityTab, windows: list[Window]) -> None:
    """The second window is selected, and the queue says so."""
    selected = tab.cards.and_(tab.main.locator("[aria-pressed=true]"))
    expect(selected.locator("strong")).to_have_text(KIND_NAMES[windows[1].kind])
    expect(tab.section("Windows of this run")).to_contain_text(f"2 of {len(windows)}")


def expect_compared(tab: StabilityTab) -> None:
    """`custom_loop` stands beside `fit`: in words, as a table, as lanes and as lines."""
    expect(tab.comparison).to_contain_text("Only in custom_loop: BatchNormalization statistics frozen")
    expect(tab.comparison).to_contain_text("No window in fit.")
    rows = tab.comparison.get_by_role("row")
    expect(rows.filter(has_text="Verdict")).to_have_text("VerdictDivergedHealthy")
    expect(rows.filter(has_text="way")).to_have_text("wayloopfit")
    expect(tab.section("Windows of all runs").locator(".lane")).to_have_count(2)
    for title in ("Loss", "Learning rate", "Gradient norm"):
        label = tab.chart(title, of="Comparison charts").get_attribute("aria-label") or ""
        assert "custom_loop " in label
        assert "fit " in label
    tab.wait_until_painted()
    pixels = tab.pixels(tab.chart("Loss", of="Comparison charts").locator("canvas"))
    for variable in ("--line-1", "--line-2"):
        assert (abs(pixels - tab.color(variable)).sum(axis=-1) < 30).sum() > 50, variable


def copied(tab: StabilityTab) -> str:
    """What the clipboard holds."""
    expect(tab.main.get_by_text("Link copied")).to_be_visible()
    text: str = tab.page.evaluate("navigator.clipboard.readText()")
    return text


def test_from_a_link_to_a_window_to_its_cause_its_layer_another_run_and_back(
    demo_server: TensorBoardProcess, open_tab: OpenTab, windows: list[Window]
) -> None:
    tab = open_tab(demo_server, link_to(windows[1]))
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect_second(tab, windows)

    causes = tab.section("Causes")
    expect(causes).to_contain_text("BatchNormalization in inference mode")
    expect(causes.get_by_role("region", name="Code that mends it")).to_contain_text("training=True")
    causes.get_by_role("button", name="Show bn_1 at step 0").click()
    expect(tab.layer).to_have_value("bn_1")
    tab.wait_until_painted()
    assert tab.shown().steps[0] == 0
    assert tab.shown().steps[1] < LAST

    tab.compare("fit")
    expect_compared(tab)
    tab.page.keyboard.press("Escape")  # the table
    tab.main.get_by_role("button", name="Copy link").click()
    link = copied(tab)
    assert unquote(urlsplit(link).fragment) == unquote(tab.hash)
    assert "p.stability.compare=custom_loop,fit" in link

    again = open_tab(demo_server, f"#{urlsplit(link).fragment}")
    expect_second(again, windows)
    expect_compared(again)
    assert again.shown() == tab.shown()

    tab.comparison.get_by_role("button", name="End comparison").click()
    expect(tab.comparison).to_be_hidden()
    expect(tab.section("Windows of all runs").locator(".lane")).to_have_count(5)
    tab.main.get_by_role("button", name="Whole run", exact=True).first.click()
    tab.wait_until_painted()
    assert tab.shown().steps == (0, LAST)


def test_the_same_by_keyboard_alone(
    demo_server: TensorBoardProcess, open_tab: OpenTab, windows: list[Window]
) -> None:
    tab = open_tab(demo_server, link_to(windows[0]))
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press = tab.page.keyboard.press
    press("j")
    expect_second(tab, windows)
    expect(tab.section("Causes")).to_contain_text("BatchNormalization in inference mode")
    if windows[1].layer is not None:
        expect(tab.layer).to_have_value(windows[1].layer)
    press("f")
    expect(tab.range_end("Last")).to_have_attribute("aria-valuenow", str(LAST))

    press("c")
    fit = tab.main.get_by_role("checkbox", name="Compare fit", exact=True)
    for _ in range(15):
        if fit.evaluate("box => box === document.activeElement"):
            break
        press("Tab")
    press("Space")
    expect_compared(tab)
    press("Escape")  # the table
    expect(fit).to_be_hidden()
    press("l")
    assert "p.stability.compare=custom_loop,fit" in copied(tab)

    press("Escape")
    expect(tab.range_end("First")).to_have_attribute("aria-valuenow", "0")
    expect_second(tab, windows)
    press("Escape")
    expect(tab.section("Windows of this run")).to_contain_text(f"{len(windows)} in all")
    expect(tab.comparison).to_be_visible()
    press("Escape")
    expect(tab.comparison).to_be_hidden()
    tab.wait_until_painted()


def test_what_is_shared_arrives_as_files_that_can_be_read(
    demo_server: TensorBoardProcess, open_tab: OpenTab, windows: list[Window], tmp_path: Path
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop")
    tab.main.get_by_text("Share", exact=True).click()
    beginnings = {
        "Windows as CSV": ("windows.csv", b"run,kind,name,"),
        "Charts as CSV": ("custom_loop_series.csv", b"run,series,first_step,"),
        "Layers over steps as CSV": ("custom_loop_layers.csv", b"run,measure,layer,first_step,"),
        "Page as PNG": ("custom_loop_stability.png", b"\x89PNG"),
        "Report as HTML": ("custom_loop_stability.html", b"<!doctype html>"),
    }
    for button, (name, beginning) in beginnings.items():
        with tab.page.expect_download() as download:
            tab.main.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes()[: len(beginning)].lower() == beginning.lower()
    rows = (tmp_path / "windows.csv").read_text(encoding="utf-8").splitlines()
    assert sum(row.startswith("custom_loop,") for row in rows) == len(windows)
    series = (tmp_path / "custom_loop_series.csv").read_text(encoding="utf-8")
    assert "custom_loop,loss,0,0," in series
    assert "custom_loop,gamma_distance/bn_1,0,0," in series  # the layer that is shown, though nobody chose it
    cells = (tmp_path / "custom_loop_layers.csv").read_text(encoding="utf-8").splitlines()
    assert len({cell.split(",")[2] for cell in cells[1:]}) == LAYERS
    assert all(int(cell.split(",")[-1]) > 0 for cell in cells if f",{LAST},{LAST}," in cell)  # not finite
    assert (tmp_path / "custom_loop_stability.png").stat().st_size > 50_000  # bytes: not an empty page

    tab.main.get_by_role("button", name="Loss", exact=True).click()
    tab.page.wait_for_url("**/#scalars*")
    tags = tab.page.locator("tf-tag-filterer input")
    expect(tags).to_have_value("^stability/loss$")
