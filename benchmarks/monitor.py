"""What the monitor costs: microseconds a step against the number of variables, and memory against steps.

    python benchmarks/monitor.py [--steps 2000] [--memory-steps 100000]

Two of river's drift detectors see the same loss for comparison, where river is installed. They watch that one
series; the monitor's figure is for all detectors on all variables.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from log_size import Run, make_layout
from rich.console import Console
from rich.table import Table

from tb_stability.monitor import Monitor
from tb_stability.series import StepValues

VARIABLES = (8, 50, 200, 1000)

_STEP_SECONDS = 0.005
"""The step of a training that shares are told of."""

_DISTINCT_STEPS = 500
_REPEATS = 5


def training(variables: int, *, incidents: int = 0) -> list[StepValues]:
    """A run that learns: `_DISTINCT_STEPS` steps of a network where every eighth variable is normalized."""
    layout = make_layout(variables, variables // 8)
    run = Run(layout, _DISTINCT_STEPS, incidents, full_every=1, sample_every=_DISTINCT_STEPS)
    return [run.step(step) for step in range(_DISTINCT_STEPS)]


def update_microseconds(variables: int, steps: int, *, incidents: int = 0) -> float:
    """Returns the time of `Monitor.update`: the median of some runs, each the mean over its steps."""
    values = training(variables, incidents=incidents)
    layout = make_layout(variables, variables // 8)

    def watch() -> Callable[[int, StepValues], object]:
        return Monitor(layout).update

    return _microseconds(watch, values, steps)


def river_microseconds(steps: int) -> dict[str, float]:
    """Returns the time of an update of river's detectors on the loss; empty where there is no river."""
    if importlib.util.find_spec("river") is None:
        return {}
    from river import drift

    values = training(8)

    def watch(make: Callable[[], object]) -> Callable[[], Callable[[int, StepValues], object]]:
        def start() -> Callable[[int, StepValues], object]:
            update = make().update  # type: ignore[attr-defined]
            return lambda step, value: update(value.scalars["loss"])

        return start

    return {
        make.__name__: _microseconds(watch(make), values, steps) for make in (drift.ADWIN, drift.PageHinkley)
    }


def memory_bytes(variables: int, checkpoints: Sequence[int]) -> dict[int, int]:
    """Returns what a monitor has allocated after so many steps, with an incident in every 500 of them."""
    values = training(variables, incidents=1)
    found = {}
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    monitor = Monitor(make_layout(variables, variables // 8))
    for step, value in _numbered(values, max(checkpoints)):
        monitor.update(step, value)
        if step + 1 in checkpoints:
            found[step + 1] = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return found


def _microseconds(
    start: Callable[[], Callable[[int, StepValues], object]], values: Sequence[StepValues], steps: int
) -> float:
    means = []
    for _ in range(_REPEATS):
        update = start()
        numbered = list(_numbered(values, steps))
        begin = time.perf_counter()
        for step, value in numbered:
            update(step, value)
        means.append(1e6 * (time.perf_counter() - begin) / steps)
    return statistics.median(means)


def _numbered(values: Sequence[StepValues], steps: int) -> Iterator[tuple[int, StepValues]]:
    return zip(range(steps), itertools.cycle(values), strict=False)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="steps of a run (default: %(default)s)")
    parser.add_argument("--memory-steps", type=int, default=100_000, help="steps of the longest run")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    console = Console(highlight=False)

    calm = {n: update_microseconds(n, options.steps) for n in VARIABLES}
    busy = {n: update_microseconds(n, options.steps, incidents=5) for n in VARIABLES}
    table = Table("variables", "calm run, µs a step", "of a 5 ms step", "with incidents, µs a step")
    for n in VARIABLES:
        table.add_row(str(n), f"{calm[n]:.0f}", f"{1e-6 * calm[n] / _STEP_SECONDS:.1%}", f"{busy[n]:.0f}")
    console.print(table)

    rivals = river_microseconds(options.steps)
    if not rivals:
        console.print("river is not installed: no comparison (pip install river).")
    for name, microseconds in rivals.items():
        console.print(f"river {name}, the loss alone: {microseconds:.1f} µs a step")

    memory = memory_bytes(200, (1000, options.memory_steps))
    for steps, size in memory.items():
        console.print(f"memory after {steps} steps of 200 variables: {size / 1e3:.0f} kB")
    if options.json:
        figures = {"calm_us": calm, "busy_us": busy, "river_us": rivals, "memory_bytes": memory}
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
