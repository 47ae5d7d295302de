"""The architecture: which part of the package may import which.

    framework ──► recording ──► log ──► values ◄── detection
                                 ▲        ▲            ▲
                                 └────────┴── viewer ──┘

Every import counts, also inside functions and under `TYPE_CHECKING`. Only the
package root looks things up lazily on both sides.
"""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tb_stability"
FRAMEWORKS = ("tensorflow", "keras", "torch", "jax")


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of the package, and all that it may import beside itself.

    Attributes:
      modules: Modules and packages below `tb_stability`; the longest match wins.
      parts: Other parts.
      packages: Third-party packages.
    """

    modules: tuple[str, ...]
    parts: tuple[str, ...]
    packages: tuple[str, ...]


PARTS = {
    "values": Part(
        (
            *("series", "windows", "checks", "report", "model_facts", "configuration", "causes"),
            *("plain", "version"),
        ),
        (),
        ("numpy",),
    ),
    "detection": Part(
        (
            *("stats", "detectors", "window_*", "target_evidence", "monitor", "run_facts"),
            *("verdict", "symptom_free", "advice", "preflight", "diagnosis", "baseline"),
            *("final_level", "tally", "groups"),
        ),
        ("values",),
        ("numpy",),
    ),
    "log": Part(("summary",), ("values",), ("numpy", "tensorboard")),
    "recording": Part(
        ("recorder", "budget", "storage", "writers", "measures", "callbacks"),
        ("values", "detection", "log"),
        ("numpy", "tensorboard"),
    ),
    "framework": Part(
        ("measures.tensorflow*", "writers.tensorflow*", "callbacks.keras*"),
        ("values", "detection", "log", "recording"),
        ("numpy", "tensorboard", "tensorflow", "keras"),
    ),
    "viewer": Part(
        ("plugin", "runs", "load"),
        ("values", "detection", "log", "pages"),
        ("numpy", "tensorboard", "werkzeug"),
    ),
    "pages": Part(("html_report",), ("values", "detection", "log", "viewer"), ("numpy",)),
    "commands": Part(("cli",), ("values", "detection", "log", "viewer", "pages"), ("rich", "tensorboard")),
}


def part_of(module: str) -> str:
    """Returns the part that `tb_stability.x.y` belongs to; `no part` where the table has none."""
    name = module.partition(".")[2]
    matches = {
        pattern: part
        for part, row in PARTS.items()
        for pattern in row.modules
        if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"{pattern}.*")
    }
    return matches[max(matches, key=len)] if matches else "no part"


def modules_of(package: Path) -> dict[str, Path]:
    """Returns the files of all modules by their full name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        names = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(names[:-1] if names[-1] == "__init__" else names)] = path
    return found


def imports_of(module: str, path: Path, known: set[str]) -> Iterator[str]:
    """Yields the full names of the modules that a file imports."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{origin}.{alias.name}"
                yield name if name in known else origin


def violations(package: Path) -> list[str]:
    """Returns one sentence for every import that `PARTS` does not allow."""
    modules = modules_of(package)
    found = []
    for module, path in modules.items():
        if module == "tb_stability":
            continue  # the root: see the tests of what an import loads
        part = part_of(module)
        if part not in PARTS:
            found.append(f"{module} belongs to no part: give it one in PARTS")
            continue
        for name in imports_of(module, path, set(modules)):
            top = name.split(".")[0]
            if top == "tb_stability":
                target = part_of(name)
                if target != part and target not in PARTS[part].parts:
                    found.append(f"{module} ({part}) imports {name} ({target})")
            elif top not in sys.stdlib_module_names and top not in PARTS[part].packages:
                found.append(f"{module} ({part}) imports {name}")
    return found


def test_no_module_imports_against_the_arrows() -> None:
    assert violations(PACKAGE) == []


def test_every_row_of_the_table_has_modules() -> None:
    assert {part_of(module) for module in modules_of(PACKAGE) if module != "tb_stability"} == set(PARTS)


@pytest.mark.parametrize(
    ("file", "line", "violation"),
    [
        ("plugin/x.py", "import tb_stability.recorder", "plugin.x (viewer) imports tb_stability.recorder"),
        ("plugin/x.py", "from .. import recorder", "plugin.x (viewer) imports tb_stability.recorder"),
        ("cli/x.py", "from tb_stability.callbacks.keras import A", "imports tb_stability.callbacks.keras"),
        ("cli/x.py", "def f() -> None:\n    import keras", "cli.x (commands) imports keras"),
        ("callbacks/keras_x.py", "from tb_stability.plugin import a", "imports tb_stability.plugin (viewer)"),
        ("callbacks/x.py", "import tensorflow as tf", "callbacks.x (recording) imports tensorflow"),
        ("stats/x.py", "import scipy.stats", "stats.x (detection) imports scipy.stats"),
        ("stats/x.py", "import tensorboard", "stats.x (detection) imports tensorboard"),
        ("detectors/x.py", "from ..summary.tags import A", "imports tb_stability.summary.tags (log)"),
        ("summary/x.py", "import tb_stability", "summary.x (log) imports tb_stability (no part)"),
        ("x.py", "", "tb_stability.x belongs to no part"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, line: str, violation: str) -> None:
    package = tmp_path / "tb_stability"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    (package / file).write_text(line + "\n", encoding="utf-8")
    (found,) = set(violations(package)) - set(violations(PACKAGE))
    assert violation in found


@pytest.mark.parametrize(
    "statement",
    [
        "import tb_stability",
        "from tb_stability import load",
        "import tb_stability.plugin.loader",
        "import tb_stability.plugin.plugin",
        "import tb_stability.cli.main",
        "import tb_stability.monitor",
    ],
)
def test_what_a_reviewer_imports_loads_no_framework(statement: str) -> None:
    code = f"import sys; {statement}; print(*(name for name in {FRAMEWORKS} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert (result.returncode, result.stdout.split()) == (0, []), result.stderr


def test_the_package_root_loads_neither_side() -> None:
    code = (
        "import sys, tb_stability; print(*(name for name in sys.modules if name.startswith('tb_stability')))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {part_of(module) for module in result.stdout.split()} <= {"values", "no part"}
