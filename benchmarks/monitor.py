"""What the monitor costs: microseconds a step against the number of variables, and memory against steps.

    python benchmarks/monitor.py [--steps 2000] [--memory-steps 100000]

Time is that of the processor, in blocks of steps: of a busy machine look at the least of them. Two of river's
drift detectors see the same loss for comparison, where river is installed. They watch that one series; the
monitor's figure is for all detectors on all variables.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from log_size import Run, make_layout
from rich.console import Console
from rich.table import Table

from tb_stability.monitor import Monitor
from tb_stability.series import Activation, Layout, StepValues, Variable

VARIABLES = (8, 50, 200, 1000)

_STEP_SECONDS = 0.005
"""The step of a training that shares are told of."""

_DISTINCT_STEPS = 500
_BLOCK_STEPS = 100
_SAMPLED_EVERY = 32


@dataclasses.dataclass(frozen=True)
class Microseconds:
    """Time of a step in blocks of steps: the fastest one, and quartiles."""

    least: float
    first_quartile: float
    median: float
    third_quartile: float

    def __str__(self) -> str:
        median, low, high, least = (
            f"{x:.0f}" if x >= 10.0 else f"{x:.1f}"
            for x in (self.median, self.first_quartile, self.third_quartile, self.least)
        )
        return f"{median} ({low} to {high}), least {least}"


def plain_layout(variables: int) -> Layout:
    """Kernels alone; every eighth is normalized."""
    return make_layout(variables, variables // 8)


def dense_layout(variables: int) -> Layout:
    """Layers of kernel and bias, by turns with ReLU and tanh; every fourth is normalized."""
    layers = [f"layer_{i}" for i in range(variables // 2)]
    of_layer = [
        Variable(f"{name}/{role}", name, role, shape)
        for name in layers
        for role, shape in (("kernel", (64, 64)), ("bias", (64,)))
    ]
    activations = [Activation(name, ("relu", "tanh")[i % 2], 64) for i, name in enumerate(layers[:-1])]
    return dataclasses.replace(
        plain_layout(variables), variables=tuple(of_layer), activations=tuple(activations)
    )


def training(layout: Layout, steps: int, *, incidents: int = 0) -> list[StepValues]:
    """A run that learns; a third of the units is dead for a batch, and of the outputs saturated."""
    run = Run(layout, steps, incidents, full_every=1, sample_every=steps)
    random = np.random.default_rng(1)
    size, layers = len(layout.variables), len(layout.activations)
    values = []
    for step in range(steps):
        value = run.step(step)
        shares = (0.3 * random.random(size)).astype(np.float32)
        activations = {}
        if layers and step % _SAMPLED_EVERY == 0:
            activations = dict.fromkeys(("dead_share", "saturated_share"), shares[:layers])
        variables = {**value.variables, "grad_zero_share": shares}
        values.append(dataclasses.replace(value, variables=variables, activations=activations))
    return values


def update_microseconds(layout: Layout, steps: int, *, incidents: int = 0) -> Microseconds:
    """Returns the time of `Monitor.update`."""
    return _microseconds(Monitor(layout).update, training(layout, steps, incidents=incidents))


def river_microseconds(steps: int) -> dict[str, Microseconds]:
    """Returns the time of an update of river's detectors on the loss; empty where there is no river."""
    if importlib.util.find_spec("river") is None:
        return {}
    from river import drift

    values = training(plain_layout(8), steps)

    def time_of(update: Callable[[float], object]) -> Microseconds:
        return _microseconds(lambda step, value: update(value.scalars["loss"]), values)

    return {make.__name__: time_of(make().update) for make in (drift.ADWIN, drift.PageHinkley)}


def memory_bytes(variables: int, checkpoints: Sequence[int]) -> dict[int, int]:
    """Returns what a monitor has allocated after so many steps, with an incident in every 500 of them."""
    layout = dense_layout(variables)
    values = training(layout, _DISTINCT_STEPS, incidents=1)
    found = {}
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    monitor = Monitor(layout)
    for step, value in zip(range(max(checkpoints)), itertools.cycle(values), strict=False):
        monitor.update(step, value)
        if step + 1 in checkpoints:
            found[step + 1] = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return found


def _microseconds(update: Callable[[int, StepValues], object], values: Sequence[StepValues]) -> Microseconds:
    times = []
    for first in range(0, len(values), _BLOCK_STEPS):
        block = values[first : first + _BLOCK_STEPS]
        begin = time.process_time_ns()
        for step, value in enumerate(block, first):
            update(step, value)
        times.append(1e-3 * (time.process_time_ns() - begin) / len(block))
    return Microseconds(min(times), *(float(q) for q in np.quantile(times, (0.25, 0.5, 0.75))))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="steps of a run (default: %(default)s)")
    parser.add_argument("--memory-steps", type=int, default=100_000, help="steps of the longest run")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    console = Console(highlight=False)

    kinds = {
        "kernels": (plain_layout, 0),
        "layers": (dense_layout, 0),
        "layers, with incidents": (dense_layout, 5),
    }
    figures = {
        kind: {n: update_microseconds(layout(n), options.steps, incidents=incidents) for n in VARIABLES}
        for kind, (layout, incidents) in kinds.items()
    }
    table = Table("variables", *(f"{kind}, µs a step" for kind in kinds), "of a 5 ms step")
    for n in VARIABLES:
        share = 1e-6 * figures["layers"][n].median / _STEP_SECONDS
        table.add_row(str(n), *(str(figures[kind][n]) for kind in kinds), f"{share:.1%}")
    console.print(table)

    rivals = river_microseconds(options.steps)
    if not rivals:
        console.print("river is not installed: no comparison (pip install river).")
    for name, microseconds in rivals.items():
        console.print(f"river {name}, the loss alone: {microseconds} µs a step")

    memory = memory_bytes(200, (1000, options.memory_steps))
    for steps, size in memory.items():
        console.print(f"memory after {steps} steps of 200 variables: {size / 1e3:.0f} kB")
    if options.json:
        document = {
            "monitor": {kind: {n: vars(x) for n, x in found.items()} for kind, found in figures.items()},
            "river": {name: vars(x) for name, x in rivals.items()},
            "memory_bytes": memory,
        }
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
