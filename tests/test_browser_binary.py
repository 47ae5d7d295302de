"""Where the browser of the browser tests comes from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import browser_binary
from tests.browser_binary import NoBrowserError, find_browser
from tests.distribution import ROOT


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with nothing in it."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("STABILITY_BROWSER", raising=False)
    monkeypatch.setattr(browser_binary, "CACHE", tmp_path / "cache")
    return folder


def test_the_environment_variable_goes_first(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _executable(path_folder / "chromium")
    monkeypatch.setenv("STABILITY_BROWSER", str(_executable(path_folder / "mine")))
    assert find_browser() == str(path_folder / "mine")


def test_a_variable_that_names_no_file_is_no_browser(
    path_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _executable(path_folder / "chromium")
    monkeypatch.setenv("STABILITY_BROWSER", "/no/such/file")
    with pytest.raises(NoBrowserError, match="STABILITY_BROWSER names no file: '/no/such/file'"):
        find_browser()


def test_path_goes_before_npm(path_folder: Path) -> None:
    _executable(path_folder / "google-chrome")
    assert find_browser() == str(path_folder / "google-chrome")


@pytest.mark.skipif(os.name == "nt", reason="the fake Node is a shell script")
def test_where_nothing_is_found_the_message_says_where_it_was_looked_for(path_folder: Path) -> None:
    _executable(path_folder / "node", "echo v22.0.0")
    _executable(path_folder / "npm", "exit 1")
    with pytest.raises(
        NoBrowserError, match=r"STABILITY_BROWSER is not set, none of chromium, .*`npm install"
    ):
        find_browser()


@pytest.mark.parametrize(("require", "outcome"), [("", "1 skipped"), ("1", "1 error")])
def test_a_missing_browser_is_a_failure_where_one_is_required(
    tmp_path: Path, require: str, outcome: str
) -> None:
    (tmp_path / "test_page.py").write_text("def test_page(browser):\n    pass\n")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "tests.conftest", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "STABILITY_BROWSER": "/no/such/file", "STABILITY_REQUIRE_BROWSER": require},
        capture_output=True,
        text=True,
    )
    assert outcome in result.stdout.splitlines()[-1]
    assert "STABILITY_BROWSER names no file" in result.stdout


def _executable(path: Path, code: str = "") -> Path:
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return path
