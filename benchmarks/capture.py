"""What recording costs: step time, start-up, memory and log, with and without, next to what else people do.

    python benchmarks/capture.py [--quick] [--models mlp,tiny] [--jit off,on] [--processes 3] [--seconds 140]

All variants of a model train in one process and take turns, a block of steps each; the first blocks, which
trace, compile and settle, are not counted. A ratio is the step time of a block over the mean of those of the
unwatched training (base) before and after it. `base / base` is the same for base itself: the noise.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from capture_models import CASES
from capture_tables import Figures, merged, report
from capture_training import Block, Blocks, StartUp
from capture_variants import VARIANTS
from rich.console import Console
from rich.progress import track

_SAY = Console(stderr=True, highlight=False)

_FEWEST_STEPS = 40
_MOST_STEPS = 150
"""Steps of a start-up: the callback compiles again when it knows what it costs, and then measures less."""

_START_UP_SECONDS = 1.0
"""What the steps of a start-up are to take beside compiling, within those limits."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How thoroughly to measure.

    Attributes:
      alternations: Blocks of each variant, at most ...
      seconds: ... and no more once a row has taken as long, but `_FEWEST_ALTERNATIONS`.
      block_seconds: Length of a block of the unwatched training.
      warmup_steps: Steps of base and of ours before the first block that counts.
      with_memory: Whether to start fresh processes for the memory; start-up is measured there, then.
    """

    alternations: int
    seconds: float
    block_seconds: float = 0.5
    warmup_steps: int = 150
    with_memory: bool = True


_FEWEST_ALTERNATIONS = 3

_SECONDS = 140.0
"""What a row takes at most, beside tracing: all ten of them are 25 minutes and more."""


def measure(model: str, variants: Sequence[str], plan: Plan, *, jit: bool) -> list[Figures]:
    """Measures a model: unwatched, and with each of the variants that it can be had with."""
    variants = [x for x in variants if VARIANTS[x].compiles_with_xla or not jit]
    figures = {name: Figures(model, jit, name) for name in ("base", *variants)}
    started = ["base", *(x for x in variants if VARIANTS[x].is_ours)]
    ends_at = time.monotonic() + plan.seconds
    with tempfile.TemporaryDirectory() as folder:
        steps = _FEWEST_STEPS
        for i, name in enumerate([*started, "base"]):
            start = StartUp(model, name, f"{folder}/start_up/{i}", jit=jit, steps=steps)
            measured = start.measure_in_new_process() if plan.with_memory else start.measure()
            if name == "base":
                step = measured.step_seconds
                steps = max(_FEWEST_STEPS, min(round(_START_UP_SECONDS / step), _MOST_STEPS))
            figures[name].start_up_seconds.append(measured.seconds)
            if plan.with_memory:
                figures[name].peak_bytes.append(measured.peak_bytes)
        block = max(1, round(plan.block_seconds / step))
        _take_turns(figures, plan, Path(folder), steps=block, ends_at=ends_at)
    keras.utils.clear_session()
    return list(figures.values())


def _take_turns(figures: dict[str, Figures], plan: Plan, folder: Path, *, steps: int, ends_at: float) -> None:
    """Trains in blocks: base, one of ours, base, the other of ours, base, all others, and so on, and base."""
    ours = [x for x in figures if x != "base" and VARIANTS[x].is_ours]
    others = [x for x in figures if x != "base" and not VARIANTS[x].is_ours]
    trainings = {
        name: Blocks(
            one.model,
            name,
            str(folder / name),
            jit=one.jit,
            steps=max(1, steps // 2) if name in others else steps,
        )
        for name, one in figures.items()
    }
    with contextlib.ExitStack() as ending:
        for training in trainings.values():
            ending.callback(training.finish)
        for name, training in trainings.items():
            # Slow trainings settle in fewer steps: those after which ours knows what it costs.
            warmup_steps = 0 if name in others else min(plan.warmup_steps, max(80, 2 * training.steps))
            while training.steps_done < max(warmup_steps, 2 * training.steps):
                training.next_block()
        for training in trainings.values():  # what lay idle while others were traced must wake up first
            training.next_block()
        groups = [*([x] for x in ours), *([others] if others else [])]
        order: list[str] = []
        blocks: list[Block] = []
        for i in range(plan.alternations):
            if i >= _FEWEST_ALTERNATIONS and time.monotonic() > ends_at:
                break
            order += [name for group in groups for name in ("base", *group)]
            blocks += [trainings[name].next_block() for name in order[len(blocks) :]]
        order.append("base")
        blocks.append(trainings["base"].next_block())

    bases = [i for i, name in enumerate(order) if name == "base"]
    for i, (name, block) in enumerate(zip(order, blocks, strict=True)):
        one, with_end = figures[name], name not in others
        one.step_seconds.append(block.step_seconds(with_end=with_end))
        one.epoch_end_seconds.append(block.end_seconds)
        before, after = [k for k in bases if k < i][-1:], [k for k in bases if k > i][:1]
        if before and after:
            around = [blocks[k].step_seconds(with_end=with_end) for k in before + after]
            one.ratios.append(one.step_seconds[-1] / statistics.mean(around))
    for name, training in trainings.items():
        written = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        if written:
            figures[name].log_bytes_per_step.append(written / training.steps_done)
        if name in ours:
            (callback,) = training.observers
            figures[name].cost_texts.append(f"{callback.cost.text} ({len(callback.windows)} windows)")


def _in_processes(count: int, arguments: Sequence[str]) -> list[Figures]:
    """Runs this file `count` times, one after the other."""
    figures = []
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "figures.json")
            command = [sys.executable, __file__, *arguments, "--processes", "1", "--json", str(output)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            figures += [Figures(**x) for x in json.loads(output.read_text(encoding="utf-8"))]
    return figures


def _save(figures: Sequence[Figures], path: Path | None) -> None:
    if path:
        path.write_text(json.dumps([dataclasses.asdict(x) for x in figures]), encoding="utf-8")


def _one_of(choices: Sequence[str], text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in choices:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(choices)}")
    return names


def main() -> int:
    """Measures and prints; returns 1 if something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ours = [name for name, variant in VARIANTS.items() if variant.is_ours]
    for option, choices, default in (
        ("--models", list(CASES), list(CASES)),
        ("--jit", ["off", "on"], ["off", "on"]),
        ("--variants", list(VARIANTS), None),
    ):
        text = f"some of {','.join(choices)} (default: all)"
        parser.add_argument(option, type=functools.partial(_one_of, choices), default=default, help=text)
    parser.add_argument("--alternations", type=int, help="blocks of each variant (default: 12)")
    parser.add_argument("--seconds", type=float, help="most for a model, beside tracing (default: 140)")
    parser.add_argument("--processes", type=int, default=1, help="runs of everything (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="rough, of ours only, and without the memory")
    parser.add_argument("--json", type=Path, help="file for all single figures")
    options = parser.parse_args()
    variants = options.variants or (ours if options.quick else list(VARIANTS))
    plan = Plan(alternations=options.alternations or 12, seconds=options.seconds or _SECONDS)
    if options.quick:
        plan = Plan(
            alternations=options.alternations or 6,
            seconds=options.seconds or _SECONDS / 2,
            block_seconds=0.3,
            warmup_steps=100,
            with_memory=False,
        )

    # A callback that gave up would cost nothing.
    warnings.filterwarnings("error", message="Stability", category=RuntimeWarning)
    figures: list[Figures] = []
    failed = False
    if options.processes > 1:
        figures = merged(_in_processes(options.processes, sys.argv[1:]))
    else:
        with tempfile.TemporaryDirectory() as folder:  # starts TensorFlow itself
            StartUp("tiny", "base", folder, jit=False, steps=3).measure()
        for jit in (x == "on" for x in options.jit):
            for model in track(options.models, f"jit_compile={jit}", console=_SAY):
                _SAY.print(f"{model} ({CASES[model].text}) ...")
                try:
                    figures += measure(model, variants, plan, jit=jit)
                except Exception:
                    failed = True
                    traceback.print_exc()
                _save(figures, options.json)  # what is there, should somebody stop it
    _save(figures, options.json)
    for jit in sorted({x.jit for x in figures}):
        print(report(figures, jit=jit), end="\n\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
