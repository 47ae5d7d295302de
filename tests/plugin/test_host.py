"""What TensorBoard asks of a plugin: loading, listing, and the files of the tab."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tensorboard.plugins.base_plugin import TBContext

from tb_stability.plugin.loader import SAMPLES_PER_PLUGIN, StabilityLoader
from tb_stability.plugin.static_files import read_static_file
from tb_stability.summary.report import report_members
from tests.event_logs import write_run
from tests.plugin.server import Server


def test_our_caps_are_set_and_those_of_the_user_and_of_others_stay() -> None:
    flags = argparse.Namespace(samples_per_plugin={"stability": 5, "scalars": 7})
    StabilityLoader().fix_flags(flags)
    expected = {"stability": 5, "scalars": 7, "stability_windows": SAMPLES_PER_PLUGIN["stability_windows"]}
    assert flags.samples_per_plugin == expected


def test_the_entry_point_imports_nothing_of_ours_before_it_must() -> None:
    code = "import sys, tb_stability.plugin.loader; print(*(m for m in sys.modules if m.startswith('tb_')))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {"tb_stability", "tb_stability.version", "tb_stability.plugin", "tb_stability.plugin.loader"}
    assert set(result.stdout.split()) <= loaded


def test_a_plugin_that_cannot_be_loaded_leaves_tensorboard_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "tb_stability.plugin.plugin", None)  # an import of it fails
    with caplog.at_level(logging.WARNING, "tensorboard"):
        assert StabilityLoader().load(TBContext()) is None
    assert "Stability tab is not available" in caplog.text


def test_the_tab_is_listed_and_shown_for_our_logs(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1", range(3))
    listing = Server(tmp_path).listing()["stability"]
    assert listing["tab_name"] == "Stability"
    assert listing["enabled"] is True
    assert listing["loading_mechanism"] == {
        "type": "IFRAME",
        "module_path": "/data/plugin/stability/index.js",
    }


def test_the_tab_is_not_shown_for_an_empty_log_directory(tmp_path: Path) -> None:
    assert Server(tmp_path).listing()["stability"]["enabled"] is False


def test_an_application_that_never_saw_our_flags_lists_every_window(tmp_path: Path) -> None:
    """Then TensorBoard keeps 10 points of each tag, and we do not know how many it kept."""
    losses = {step: 40.0 for first in range(100, 2000, 150) for step in (first, first + 1)}
    report = write_run(tmp_path / "exp1", range(2000), losses=losses, block_steps=20)
    (run,) = Server(tmp_path, {}).get("/runs").get_json()["runs"]
    assert len(report.windows) >= 10
    assert run["windows"] == report_members(report)["windows"]
    assert (run["source"]["sampled"], run["source"]["kept"], run["source"]["of"]) == (True, 200, 2000)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "chunks").mkdir(parents=True)
    (folder / "chunks" / "a.js").write_text("export const a = 1;")
    (folder / "style.css").write_text("body {}")
    (folder / "frontend.sha256").write_text("0")
    (folder / "secret.js").symlink_to(tmp_path / "outside.js")
    (tmp_path / "outside.js").write_text("secret")
    return folder


def test_files_of_the_tab_have_their_content_type(static: Path) -> None:
    assert read_static_file("chunks/a.js", static) == (b"export const a = 1;", "text/javascript")
    assert read_static_file("style.css", static) == (b"body {}", "text/css")


@pytest.mark.parametrize(
    "name",
    [
        "../outside.js",
        "chunks/../../outside.js",
        "secret.js",
        "/etc/passwd",
        "frontend.sha256",
        "chunks",
        "",
        "a\0.js",
        "x" * 10_000 + ".js",
    ],
)
def test_nothing_else_is_served(static: Path, name: str) -> None:
    assert read_static_file(name, static) is None


def test_a_checkout_without_the_built_tab_says_so_in_the_tab(static: Path) -> None:
    found = read_static_file("index.js", static)
    assert found is not None
    assert b"was not built" in found[0]


@pytest.mark.parametrize(
    "path", ["/../loader.py", "/..%2floader.py", "/%2e%2e/loader.py", "/....//loader.py", "/nope"]
)
def test_a_path_that_leads_out_of_the_tab_is_not_found(tmp_path: Path, path: str) -> None:
    answer = Server(tmp_path).get(path)
    assert answer.status_code == 404
    assert b"StabilityLoader" not in answer.get_data()


def test_the_entry_point_is_a_module(tmp_path: Path) -> None:
    answer = Server(tmp_path).get("/index.js")
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert b"render" in answer.get_data()
