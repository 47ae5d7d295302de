"""The benchmark of the capture runs and prints all that it promises; its figures are not judged here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_one_command_prints_finite_ratios_of_our_variants_and_a_rival(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    choice = ["--models", "tiny", "--jit", "off", "--variants", "default,every step,recomputed"]
    command = [sys.executable, "benchmarks/capture.py", "--quick", "--alternations", "1", *choice]
    result = subprocess.run(
        [*command, "--json", str(output)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr

    figures = {x["variant"]: x for x in json.loads(output.read_text(encoding="utf-8"))}
    assert list(figures) == ["base", "default", "every step", "recomputed"]
    for name, one in figures.items():
        # Base has its turn around each of ours and around the rest; its first and last have one neighbour.
        assert (len(one["step_seconds"]), len(one["ratios"])) == ((4, 2) if name == "base" else (1, 1)), name
        assert all(math.isfinite(x) and x > 0 for x in one["step_seconds"] + one["ratios"]), name
    for name in ("default", "every step"):
        assert figures[name]["log_bytes_per_step"][0] > 0
        assert len(figures[name]["start_up_seconds"]) == 1

    heading, step_times, *_ = result.stdout.splitlines()[1:]
    columns = ["model", "base step", "base / base", "default", "every step", "recomputed"]
    assert [x.strip() for x in heading.split("  ") if x] == columns
    assert step_times.startswith("tiny")
    assert step_times.count("–") == 4, "the quartiles of four ratios"
    assert f"{figures['default']['ratios'][0]:.3f} (" in step_times
    for name in ("default", "every step"):
        assert f"tiny, {name}: " in result.stdout
