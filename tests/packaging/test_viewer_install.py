"""A reviewer's install: TensorBoard and this package, no framework."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.distribution import run
from tests.tensorboard_process import StartTensorBoard

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("framework", ["tensorflow", "keras"])
def test_a_viewer_has_no_framework(viewer_python: Path, framework: str, tmp_path: Path) -> None:
    code = f"import importlib.util; print(importlib.util.find_spec({framework!r}))"
    assert run([viewer_python, "-c", code], cwd=tmp_path).strip() == "None"
    assert importlib.util.find_spec(framework), (
        "the environment of the tests has it, so the answer could differ"
    )


def test_the_command_starts(viewer_python: Path, tmp_path: Path) -> None:
    assert "check" in run([viewer_python.parent / "tb-stability", "--help"], cwd=tmp_path)


@pytest.mark.parametrize("load_fast", ["true", "false"])
def test_tensorboard_lists_the_plugin_and_serves_the_tab(
    viewer_python: Path, tensorboard_server: StartTensorBoard, load_fast: str, tmp_path: Path
) -> None:
    server = tensorboard_server(tmp_path, load_fast=load_fast, python=viewer_python)
    listing = server.get_json("data/plugins_listing")
    assert "stability" in listing, server.output
    module = listing["stability"]["loading_mechanism"]["module_path"]
    assert b"render" in server.get(module)
