"""How much the detectors find, and how often they cry wolf: the fault corpus, replayed.

    python benchmarks/detect.py [--only learning_rate] [--split held_out] [--json f.json] [--markdown f.md]

Programs that were not trained on this machine yet are trained first, which takes some seconds each; what
their monitors saw is kept in `--cache`. A replay of everything takes a minute or two on one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import math
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import detect_tables as tables
from detect_judging import Outcome, judge
from detect_training import CONSOLE, is_trained, spread, train_missing
from faults.catalogue import programs
from faults.program import Program
from rich.console import Console


def default_cache() -> Path:
    """Where recordings are kept: in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(home, "tb-stability", "faults")


def choose(every: Sequence[Program], *, only: str, split: str, limit: int | None) -> list[Program]:
    """Returns the programs that are asked for.

    Args:
      every: All programs.
      only: Regular expression that their names contain.
      split: `tuned`, `held_out` or `all`.
      limit: Largest number of them; they are taken evenly from all.
    """
    chosen = [x for x in every if re.search(only, x.name) and split in ("all", x.split)]
    if limit is not None and limit < len(chosen):
        chosen = [chosen[i * len(chosen) // limit] for i in range(limit)]
    return chosen


def grids(outcomes: Sequence[Outcome]) -> list[tables.Grid]:
    """All tables, the summary last."""
    found = [tables.recall_by_fault(outcomes, split) for split in tables.SPLITS]
    found += [tables.alarms_by_kind(outcomes), tables.doubts(outcomes)]
    found += [tables.traceless(outcomes), tables.misses(outcomes), tables.false_alarms(outcomes)]
    found += [tables.summary(outcomes)]
    return [grid for grid in found if grid.rows]


def document(outcomes: Sequence[Outcome]) -> str:
    """The figures and all outcomes, as JSON."""
    splits = {split: tables.figures([x for x in outcomes if x.split == split]) for split in tables.SPLITS}
    return json.dumps(
        {"figures": splits, "programs": [_json(dataclasses.asdict(x)) for x in outcomes]}, indent=1
    )


def main() -> int:
    """Trains what is missing, replays, prints; returns 1 where a training failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="REGEX", help="programs whose name contains this")
    parser.add_argument("--split", choices=("all", *tables.SPLITS), default="all")
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
    start = time.perf_counter()
    work = functools.partial(judge, cache=options.cache)
    outcomes = sorted(spread("replaying", work, chosen, jobs=options.jobs), key=lambda x: x.name)
    CONSOLE.print(f"{len(outcomes)} programs replayed in {time.perf_counter() - start:.0f} s")

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


def _json(value: object) -> object:
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {name: _json(x) for name, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(x) for x in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    return value


if __name__ == "__main__":
    sys.exit(main())
