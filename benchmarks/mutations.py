"""Does a test notice? One constant or one term of each detector is changed, and a named test has to fail.

    python benchmarks/mutations.py [--only bn_drift]

Works on a copy of the package and its tests, in a temporary folder. Takes some seconds a mutant.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

_ROOT = Path(__file__).resolve().parents[1]
_DETECTORS = "tb_stability/detectors"


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
      file: Below the package's folder.
      old, new: The text that is replaced where it comes first.
      tests: File in `tests/detectors`.
      name: Part of the name of the tests of which one has to fail.
    """

    file: str
    old: str
    new: str
    tests: str
    name: str


def _of(module: str, old: str, new: str, tests: str, name: str) -> Mutant:
    return Mutant(f"{_DETECTORS}/{module}.py", old, new, f"tests/detectors/test_{tests}.py", name)


MUTANTS = (
    _of("non_finite", "bad[0] = not math.isfinite(loss)", "bad[0] = False", "loss", "critical_at_once"),
    _of("non_finite", "not updates.any() and", "", "loss", "not_finite"),
    _of("loss_spike", "2.0 * self._tail", "0.0 * self._tail", "loss", "outlier_like_the_last"),
    _of("loss_spike", "self.share * (progress.initial - progress.best)", "0.0", "loss", "nothing_against"),
    _of("loss_divergence", "far / 3.0", "far / 3e9", "loss", "divergence_is_found"),
    _of("loss_divergence", "_DRIFT_SCORE = 1.4", "_DRIFT_SCORE = 14.0", "loss", "slow_drift"),
    _of("loss_oscillation", "_MEMORY = 0.5", "_MEMORY = 0.0", "standing_and_swinging", "scatter"),
    _of(
        "loss_oscillation", "_MOST_GAIN = 0.2", "_MOST_GAIN = 99.0", "standing_and_swinging", "better_levels"
    ),
    _of("loss_oscillation", "_LARGE_RATIO = 0.02", "_LARGE_RATIO = 0.0", "standing_and_swinging", "game"),
    _of("loss_plateau", " or not at_full_rate", "", "standing_and_swinging", "schedule"),
    _of("loss_plateau", "_FALL_ERRORS = 2.0", "_FALL_ERRORS = 1e9", "standing_and_swinging", "slow_fall"),
    _of("loss_plateau", "_AT_BOUNDS_SHARE = 1.0 / 3.0", "_AT_BOUNDS_SHARE = 0.0", "signal_scale", "bounds"),
    _of("exploding_gradient", "np.minimum(self._growth, excess)", "self._growth", "layers", "healthy_while"),
    _of("exploding_gradient", " and depth is None", "", "layers", "through_depth"),
    _of("exploding_gradient", "depth_decades: float = 2.0", "depth_decades: float = 20.0", "layers", "depth"),
    _of("signal_scale", "_LEAST_SHARE = 0.1", "_LEAST_SHARE = 0.0", "signal_scale", "cancel"),
    _of("signal_scale", " and weights[bias[-1]] == 0.0", "", "signal_scale", "trained_before"),
    _of("signal_scale", "lasting_steps: int = 30", "lasting_steps: int = 0", "signal_scale", "may_heal"),
    _of("vanishing_gradient", "fewest: int = 4", "fewest: int = 2", "layers", "three_kernels"),
    _of("vanishing_gradient", "_CUT_STEPS = 20", "_CUT_STEPS = 2", "layers", "not_cut_off"),
    _of("update_ratio_high", "limit: float = 0.2", "limit: float = 2.0", "layers", "as_large_as"),
    _of("update_ratio_high", "else 10.0 * self.limit", "else self.limit", "layers", "loss_falls"),
    _of("update_ratio_low", " or not at_full_rate", "", "layers", "in_a_schedule"),
    _of("update_ratio_low", "not progress.stalled or", "", "layers", "after_progress"),
    _of("dead_units", "_BATCHES = 4", "_BATCHES = 1", "units", "come_back"),
    _of("dead_units", "_MOST_SUDDEN = 1.2", "_MOST_SUDDEN = 9.0", "units", "two_thirds"),
    _of("saturated_units", "few: float = 5.0", "few: float = 50.0", "units", "saturated_from_the_start"),
    _of("saturated_units", "fall: float = 4.0", "fall: float = 40.0", "units", "jumped"),
    _of("bn_drift", "_STEPS = 3", "_STEPS = 1", "normalization_drift", "one_odd_batch"),
    _of("bn_drift", "math.log10(0.95)", "-9.0", "normalization_drift", "momentum_repeats"),
    _of("bn_drift", "_LEAST_CHANGE = 1e-3", "_LEAST_CHANGE = 0.0", "normalization_drift", "hardly_moves"),
    _of("bn_statistics_frozen", " & self._trainable & ~rested", " & ~rested", "layers", "not_meant_to_train"),
    _of("bn_statistics_frozen", " & ~rested", "", "layers", "last_bit"),
    _of("generalization_gap", "3.0 * self._noise", "0.0", "generalization_gap", "few_examples"),
    _of("generalization_gap", "_STANDING = 2", "_STANDING = 0", "generalization_gap", "follows_late"),
    _of(
        "generalization_gap",
        "_CATCH_UP_STEPS = 300",
        "_CATCH_UP_STEPS = 0",
        "generalization_gap",
        "caught_up",
    ),
    _of(
        "generalization_gap",
        "rise = min(value, last) - self._best",
        "rise = value - self._best",
        "generalization_gap",
        "high_evaluations",
    ),
)


def killers(mutant: Mutant, folder: Path) -> list[str]:
    """Returns the names of the tests that fail with a mutant, in a copy of the repository.

    Raises:
      ValueError: If the text to replace is not there.
      RuntimeError: If the tests did not run.
    """
    path = folder / mutant.file
    source = path.read_text(encoding="utf-8")
    if mutant.old not in source:
        raise ValueError(f"{mutant.file} does not contain {mutant.old!r}: write the mutant anew.")
    path.write_text(source.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
        ran = subprocess.run(
            [*command, mutant.tests, "-k", mutant.name],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(source, encoding="utf-8")
    if ran.returncode not in (0, 1):  # 1: some failed
        raise RuntimeError(f"pytest did not run {mutant.tests} -k {mutant.name}:\n{ran.stdout}{ran.stderr}")
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return [line.split(" - ")[0].rpartition("::")[2] for line in failed]


def main() -> int:
    """Runs the mutants and prints; returns 1 where one survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="mutants of files whose name contains this")
    options = parser.parse_args()
    table = Table("file", "instead of", "test that fails")
    survived = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ignored = shutil.ignore_patterns("__pycache__", ".artifacts", "static", "node_modules")
        for name in ("tb_stability", "tests"):
            shutil.copytree(_ROOT / name, folder / name, ignore=ignored)
        for name in ("pyproject.toml", "setup.py"):
            shutil.copy(_ROOT / name, folder)
        for mutant in MUTANTS:
            module = mutant.file.rpartition("/")[2]
            if options.only in module:
                found = killers(mutant, folder)
                survived += not found
                table.add_row(module, mutant.old, found[0] if found else "[red]none: it survived[/red]")
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
