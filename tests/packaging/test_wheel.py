"""What a wheel of this checkout holds and says."""

from __future__ import annotations

import configparser
import email.message
import email.parser
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tb_stability.version import __version__
from tests.distribution import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    """The bytes of the wheel's files by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(files: dict[str, bytes]) -> email.message.Message:
    return email.parser.BytesParser().parsebytes(files[f"tb_stability-{__version__}.dist-info/METADATA"])


def test_the_wheel_holds_every_module_and_nothing_but_the_package(files: dict[str, bytes]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tb_stability/**/*.py")}
    packed = {name for name in files if ".dist-info/" not in name}
    assert {name for name in packed if name.endswith(".py")} == modules
    assert all(name.startswith("tb_stability/") for name in packed)
    assert "tb_stability/py.typed" in packed
    assert "tb_stability/html_report/style.css" in packed
    assert "tb_stability/cli/check.schema.json" in packed


def test_the_wheel_holds_the_tab_with_the_licenses_of_what_is_in_it(files: dict[str, bytes]) -> None:
    assert b"render" in files["tb_stability/plugin/static/index.js"]
    assert b"preact" in files["tb_stability/plugin/static/THIRD_PARTY_LICENSES.txt"]


def test_the_entry_points_are_the_plugin_and_the_command(files: dict[str, bytes]) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(files[f"tb_stability-{__version__}.dist-info/entry_points.txt"].decode())
    assert {section: dict(parser[section]) for section in parser.sections()} == {
        "console_scripts": {"tb-stability": "tb_stability.cli.main:main"},
        "tensorboard_plugins": {"stability": "tb_stability.plugin.loader:StabilityLoader"},
    }


def test_a_viewer_needs_tensorboard_with_its_werkzeug_and_numpy_only(metadata: email.message.Message) -> None:
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    assert {r.name for r in requirements if r.marker is None} == {"tensorboard", "werkzeug", "numpy"}
    extras = {r.name for r in requirements if r.marker and r.marker.evaluate({"extra": "keras"})}
    assert extras == {"tensorflow", "keras"}
