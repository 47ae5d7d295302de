"""Whether the fixes work: each fault of the corpus is trained, its fix applied as code, and trained again.

    python benchmarks/fixes.py [--only learning_rate] [--json f.json] [--markdown f.md]

Of every kind of fault the first tuned program that `fit` trains and that gets a diagnosis is taken, and
trained twice, which takes some seconds each. Causes whose fix is no code that runs by itself (look at the
data, replace an operation) are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpus_grid import Grid
from corpus_training import CONSOLE, spread
from faults.catalogue import programs
from faults.program import Program
from fixes_training import Fixed, try_fix
from rich.console import Console

BY_HAND = frozenset(
    (
        *("labels_shuffled", "input_shift", "labels_random"),  # only the data mends it
        *("log_of_zero", "root_of_zero", "gradient_cut"),  # an operation of the user's own
        "bn_inference_mode",  # a custom loop; `tests/diagnosis/test_seed_question.py` mends one
    )
)
"""Kinds of fault that code cannot mend from outside."""


def choose(every: Iterable[Program], only: str) -> list[list[Program]]:
    """Returns the programs of each kind of fault whose fix is code, in the order in which to try them."""
    kinds: dict[str, list[Program]] = {}
    for program in every:
        if program.truth is None or program.split != "tuned" or program.recipe.way != "fit":
            continue
        if program.kind not in BY_HAND and re.search(only, program.kind):
            kinds.setdefault(program.kind, []).append(program)
    return list(kinds.values())


def table(found: Sequence[Fixed]) -> Grid:
    """Fault, fix, verdict before and after."""
    rows = [
        [x.program, x.cause, x.fix, f"{x.before} ({x.loss_before:.3g})", f"{x.after} ({x.loss_after:.3g})"]
        for x in sorted(found, key=lambda x: x.program)
    ]
    heads = ["program", "cause told", "fix", "before (last loss)", "after"]
    return Grid("Fixes", heads, rows)


def main() -> int:
    """Trains, fixes, trains, prints; returns 1 where a fixed run is still broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="REGEX", help="kinds of fault that contain this")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="file for all outcomes")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args()
    chosen = choose(programs(), options.only)
    if not chosen:
        parser.error(f"no kind of fault whose fix is code is called like {options.only!r}.")
    tried = list(spread("training twice", try_fix, chosen, jobs=options.jobs))
    found = [x for x in tried if isinstance(x, Fixed)]
    grid = table(found)
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(grid.table())
    for problem in tried:
        if isinstance(problem, str):
            CONSOLE.print(problem, style="red")
    if options.json:
        outcomes = [dataclasses.asdict(x) for x in found]
        options.json.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(grid.markdown() + "\n", encoding="utf-8")
    return 0 if all(x.works for x in found) and len(found) == len(tried) else 1


if __name__ == "__main__":
    sys.exit(main())
