"""Fixtures that several folders of tests share."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.browser_binary import FLAGS, NoBrowserError, find_browser
from tests.distribution import ROOT, build_wheel, viewer_environment
from tests.tensorboard_process import StartTensorBoard, TensorBoardProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# An example that takes long says only that others use the machine, too.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


@pytest.fixture
def tensorboard_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTensorBoard]:
    """Starts TensorBoards that end with the test.

    `tensorboard_server(logdir, "--flag", load_fast="true"|"false"|"auto", python=sys.executable)`; see
    `TensorBoardProcess`.
    """
    folder = tmp_path_factory.mktemp("tensorboard")
    with contextlib.ExitStack() as stack:
        numbers = itertools.count()

        def start(
            logdir: Path, *flags: str, load_fast: str = "auto", python: str | Path = sys.executable
        ) -> TensorBoardProcess:
            output_file = folder / f"output{next(numbers)}.txt"
            return stack.enter_context(
                TensorBoardProcess(
                    logdir, *flags, output_file=output_file, load_fast=load_fast, python=str(python)
                )
            )

        yield start


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def viewer_python(wheel: Path) -> Path:
    """The Python of a reviewer: this package and its runtime dependencies, no TensorFlow and no Keras."""
    return viewer_environment(wheel)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, driven by playwright.

    Where there is none the test is skipped, and fails where
    `STABILITY_REQUIRE_BROWSER` is set.
    """
    try:
        path = find_browser()
    except NoBrowserError as error:
        if os.environ.get("STABILITY_REQUIRE_BROWSER"):
            raise
        pytest.skip(str(error))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield chromium
        chromium.close()
