"""Fixtures of the browser tests: logs, a TensorBoard on them, and tabs that end with the test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect

from tests.browser import written_logs
from tests.browser.stability_tab import NewTab, OpenTab, StabilityTab
from tests.distribution import ROOT, run
from tests.tensorboard_process import TensorBoardProcess

VIEWPORT = ViewportSize(width=1400, height=1500)

expect.set_options(timeout=15_000)  # milliseconds: a busy machine takes its time


@pytest.fixture
def new_tab(browser: Browser) -> Iterator[NewTab]:
    """Makes empty pages, each in a context of its own; fails the test for any `problems` that they leave."""
    tabs: list[StabilityTab] = []
    contexts: list[BrowserContext] = []

    def make(server: TensorBoardProcess) -> StabilityTab:
        contexts.append(browser.new_context(viewport=VIEWPORT, locale="en-US"))
        tabs.append(StabilityTab(contexts[-1], urlsplit(server.url).netloc))
        return tabs[-1]

    yield make
    for context in contexts:
        context.close()
    assert [problem for tab in tabs for problem in tab.problems] == []


@pytest.fixture
def open_tab(new_tab: NewTab) -> OpenTab:
    """Opens links; see `OpenTab`, and `new_tab` for what it checks."""

    def open_link(server: TensorBoardProcess, link: str = "#stability") -> StabilityTab:
        tab = new_tab(server)
        tab.page.goto(server.url + link)
        tab.wait_until_painted()
        return tab

    return open_link


@pytest.fixture(scope="session")
def demo_logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of the demo: five real trainings."""
    logdir = tmp_path_factory.mktemp("demo")
    run([sys.executable, ROOT / "demo" / "run.py", "--no-serve", "--logdir", logdir])
    return logdir


@pytest.fixture(scope="session")
def demo_server(demo_logdir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardProcess]:
    """A TensorBoard with the Rust loader on the logs of the demo, for all tests that only look."""
    output = tmp_path_factory.mktemp("tensorboard") / "output.txt"
    with TensorBoardProcess(demo_logdir, output_file=output, load_fast="true") as server:
        server.get_when("data/plugin/stability/runs", lambda document: len(document["runs"]) == 5)
        yield server


@pytest.fixture(scope="session")
def written_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardProcess]:
    """A TensorBoard on the runs of `written_logs.py`, for all tests that only look."""
    logdir = tmp_path_factory.mktemp("written")
    written_logs.write_all(logdir)
    output = tmp_path_factory.mktemp("tensorboard") / "output.txt"
    with TensorBoardProcess(logdir, output_file=output) as server:
        server.get_when(
            "data/plugin/stability/runs", lambda document: len(document["runs"]) == written_logs.RUNS
        )
        yield server
