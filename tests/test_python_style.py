"""The tools that judge the Python code; their settings are in `pyproject.toml`."""

from __future__ import annotations

import sys

import pytest

from tests.distribution import run


@pytest.mark.parametrize("tool", ["ruff check", "ruff format --check", "mypy"])
def test_python_code_passes(tool: str) -> None:
    run([sys.executable, "-m", *tool.split()])
