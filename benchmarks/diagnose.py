"""How often the right cause is told: the fault corpus, replayed and diagnosed.

    python benchmarks/diagnose.py [--only learning_rate] [--split held_out] [--json f.json] [--markdown f.md]

Recordings are those of `detect.py`; what is missing is trained first, or left out with `--trained`. What a
callback knows of model and first batch is collected once, which takes some tenths of a second each.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import diagnose_tables as tables
from detect import choose, default_cache
from detect_tables import SPLITS, Grid
from detect_training import CONSOLE, is_trained, spread, train_missing
from diagnose_judging import Outcome, judge
from faults.catalogue import programs
from faults.facts import facts_path
from faults.program import Program, Recipe
from rich.console import Console


def collect_missing(chosen: Iterable[Program], cache: Path, *, jobs: int) -> None:
    """Collects the facts of those programs that have none."""
    wanted = [(x.recipe, facts_path(x.recipe, cache)) for x in chosen]
    missing = [(recipe, path) for recipe, path in wanted if not path.is_file()]
    for _ in spread("looking at models", _collect, missing, jobs=jobs):
        pass


def grids(outcomes: Sequence[Outcome]) -> list[Grid]:
    """All tables, the summary last."""
    found = [tables.sentences(outcomes)]
    for split in SPLITS:
        found += [tables.by_fault(outcomes, split), tables.confusions(outcomes, split)]
    found += [tables.traceless(outcomes), tables.cries(outcomes), tables.summary(outcomes)]
    return [grid for grid in found if grid.rows]


def document(outcomes: Sequence[Outcome]) -> str:
    """The figures and all outcomes, as JSON."""
    figures = {split: tables.figures([x for x in outcomes if x.split == split]) for split in SPLITS}
    return json.dumps({"figures": figures, "programs": [dataclasses.asdict(x) for x in outcomes]}, indent=1)


def main() -> int:
    """Trains what is missing, diagnoses, prints; returns 1 where a training failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="REGEX", help="programs whose name contains this")
    parser.add_argument("--split", choices=("all", *SPLITS), default="all")
    parser.add_argument("--limit", type=int, help="at most so many programs, taken evenly")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="(default: %(default)s)")
    parser.add_argument("--trained", action="store_true", help="only what is in the cache; train nothing")
    parser.add_argument("--json", type=Path, help="file for all outcomes")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    options = parser.parse_args()
    chosen = choose(programs(), only=options.only, split=options.split, limit=options.limit)
    if not chosen:
        parser.error(f"no program of the corpus is called like {options.only!r}.")

    problems = [] if options.trained else train_missing(chosen, options.cache, jobs=options.jobs)
    chosen = [x for x in chosen if is_trained(x, options.cache)]
    collect_missing(chosen, options.cache, jobs=options.jobs)
    start = time.perf_counter()
    work = functools.partial(judge, cache=options.cache)
    outcomes = sorted(spread("diagnosing", work, chosen, jobs=options.jobs), key=lambda x: x.name)
    CONSOLE.print(f"{len(outcomes)} programs diagnosed in {time.perf_counter() - start:.0f} s")

    every = grids(outcomes)
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    for grid in every:
        console.print(grid.table(), "")
    for problem in problems:
        CONSOLE.print(f"not trained: {problem}", style="red")
    if options.json:
        options.json.write_text(document(outcomes), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text("\n\n".join(grid.markdown() for grid in every) + "\n", encoding="utf-8")
    return 1 if problems else 0


def _collect(item: tuple[Recipe, Path]) -> None:
    from faults.facts_collecting import collect  # imports TensorFlow, which the diagnosis does without

    collect(*item)


if __name__ == "__main__":
    sys.exit(main())
