"""What users install: the built wheel, and environments with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = Path(__file__).parent / ".artifacts" / "environments"


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, **variables: str) -> str:
    """Runs a command and returns what it printed; where it fails, the error says what that was.

    Args:
      command: The command line.
      cwd: Where to run it.
      **variables: Environment variables to set.
    """
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{result.stdout}")
    return result.stdout


def pip(python: str | Path, *arguments: str | Path, **variables: str) -> str:
    """Runs pip of an environment."""
    return run([python, "-m", "pip", "--disable-pip-version-check", *arguments], **variables)


def copy_sources(folder: Path) -> Path:
    """Copies what a wheel is made from into `folder/source`, without the built tab; returns that."""
    source = folder / "source"
    source.mkdir()
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, source)
    for name in ("frontend", "tb_stability"):
        ignored = shutil.ignore_patterns("node_modules", "static", "__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    return source


def build_wheel(source: Path, folder: Path, **variables: str) -> Path:
    """Builds a wheel of `source` into `folder` with the setuptools of this environment, without network.

    What setuptools leaves behind goes to `folder`, too: a stale `build/` in the
    checkout would end up in the wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "setup.cfg"
    config.write_text(f"[build]\nbuild_base={folder / 'build'}\n[egg_info]\negg_base={folder}\n")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    pip(sys.executable, "wheel", *options, source, DIST_EXTRA_CONFIG=str(config), **variables)
    (wheel,) = folder.glob("*.whl")
    return wheel


def viewer_environment(wheel: Path) -> Path:
    """Returns the Python of an environment with a wheel and its runtime dependencies: no framework.

    The environment is kept for the next session; its dependencies are
    installed again when `setup.py` or the interpreter changes.
    """
    fingerprint = hashlib.sha256(
        f"{sys.version} {sys.base_prefix}".encode() + (ROOT / "setup.py").read_bytes()
    )
    process = os.environ.get("PYTEST_XDIST_WORKER", "gw0")  # tests run in several; none waits for another's
    folder = ENVIRONMENTS / f"viewer-{fingerprint.hexdigest()[:16]}-{process}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "dependencies-installed"
    if not done.is_file():
        venv.create(folder, clear=True, with_pip=True)
        pip(python, "install", wheel)
        done.touch()
    pip(python, "install", "--no-deps", "--no-index", "--force-reinstall", wheel)
    return python
