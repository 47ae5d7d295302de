"""The demo's logs in a real TensorBoard and a real browser: the reader finds what is in the log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import tb_stability
from tb_stability.windows import Window
from tests.browser.stability_tab import KIND_NAMES, LOAD_MS, NewTab, OpenTab, StabilityTab
from tests.tensorboard_process import StartTensorBoard, TensorBoardProcess

RUNS = "data/plugin/stability/runs"


def span(window: Window) -> str:
    """The steps of a window in the words of the tab."""
    if window.end_step is None:
        return f"from step {window.start_step} on"
    if window.end_step == window.start_step:
        return f"step {window.start_step}"
    return f"steps {window.start_step} to {window.end_step}"


def find_everything(tab: StabilityTab, server: TensorBoardProcess, logdir: Path) -> None:
    """Comes to the tab from TensorBoard's front page, and compares all runs with what `load` reads."""
    tab.page.goto(server.url)
    tab.page.get_by_role("tab", name="Stability").click(timeout=LOAD_MS)
    tab.wait_until_painted()
    runs = tb_stability.load(logdir)
    assert [run.name for run in runs] == ["custom_loop", "fit", "healthy", "lr_too_high", "vanishing"]
    expect(tab.runs.locator("bdi")).to_have_text([run.name for run in runs])
    for run in runs:
        tab.select_run(run.name)
        expect(tab.verdict.get_by_role("heading")).to_have_text(run.verdict.text)
        expect(tab.verdict.locator("dd")).to_have_text([run.verdict.why, run.verdict.next])
        expect(tab.verdict.locator(".verdict-status")).to_have_text(
            run.verdict.status.replace("_", " "), ignore_case=True
        )
        expect(tab.cards).to_have_count(len(run.windows))
        for card, window in zip(tab.cards.all(), run.windows, strict=True):
            expect(card.locator("strong")).to_have_text(KIND_NAMES[window.kind])
            expect(card).to_contain_text(span(window))
            expect(card).to_contain_text(window.series)
            expect(card.locator(".window-severity")).to_have_text(window.severity)
        labels = [f"{KIND_NAMES[w.kind]}, {span(w)}, {w.severity}" for w in run.windows]
        assert sorted(tab.bars(run.name)) == sorted(labels)
    tab.wait_until_painted()


def test_the_tab_shows_every_run_with_its_verdict_and_its_windows(
    demo_logdir: Path, demo_server: TensorBoardProcess, new_tab: NewTab
) -> None:
    find_everything(new_tab(demo_server), demo_server, demo_logdir)


def test_the_python_loader_shows_the_same(
    demo_logdir: Path, tensorboard_server: StartTensorBoard, new_tab: NewTab
) -> None:
    server = tensorboard_server(demo_logdir, load_fast="false")
    server.get_when(RUNS, lambda document: len(document["runs"]) == 5)
    find_everything(new_tab(server), server, demo_logdir)


@pytest.mark.slow
def test_a_reviewer_without_tensorflow_finds_the_same(
    demo_logdir: Path, tensorboard_server: StartTensorBoard, new_tab: NewTab, viewer_python: Path
) -> None:
    server = tensorboard_server(demo_logdir, python=viewer_python)
    server.get_when(RUNS, lambda document: len(document["runs"]) == 5)
    find_everything(new_tab(server), server, demo_logdir)


def test_a_diverged_run_has_marks_in_words_and_a_sound_one_has_none(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=lr_too_high")
    expect(tab.chart("Loss")).to_have_attribute("aria-label", re.compile(r" 276 NaN, 0 infinite"))
    expect(tab.chart("Loss").locator("output")).to_have_text("NaN")
    tab.select_run("healthy")
    expect(tab.chart("Loss")).to_have_attribute("aria-label", re.compile(r" 0 NaN, 0 infinite"))


def test_the_layer_of_a_frozen_normalization_shows_gamma_and_beta_drift_and_still_statistics(
    demo_server: TensorBoardProcess, open_tab: OpenTab
) -> None:
    tab = open_tab(demo_server, "#stability&p.stability.run=custom_loop&p.stability.layer=bn_1")
    panel = tab.section("Selected layer")
    expect(panel).to_contain_text("BatchNormalization of 16 channels")
    drift = tab.chart("Gamma, beta drift", of="Selected layer")
    expect(drift.locator(".readout")).to_have_text([re.compile("gamma"), re.compile("beta")])
    for line in ("gamma", "beta"):
        expect(drift).to_have_attribute("aria-label", re.compile(rf"{line} 0\.\d+ to [1-9]"))
    moving = tab.chart("Moving statistics drift", of="Selected layer")
    expect(moving).to_have_attribute("aria-label", re.compile(r"mean 0 to 0, .*variance 0 to 0, "))
    tab.layer.select_option("classes")
    expect(tab.chart("Weight norm", of="Selected layer")).to_be_visible()
    expect(moving).to_have_count(0)
    expect(drift).to_have_count(0)
    tab.wait_until_painted()
