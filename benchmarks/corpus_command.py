"""The command line of the benchmarks on the fault corpus: which programs, and where the figures go."""

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from corpus_grid import SPLITS, Grid
from corpus_training import CONSOLE, is_trained, spread, train_missing
from faults.catalogue import programs
from faults.program import Program
from rich.console import Console


class _Outcome(Protocol):
    """What is known of a program in the end; a dataclass."""

    @property
    def name(self) -> str: ...

    @property
    def split(self) -> str: ...


_AnyOutcome = TypeVar("_AnyOutcome", bound=_Outcome)


def run(
    description: str,
    *,
    judge: Callable[..., _AnyOutcome],
    grids: Callable[[Sequence[_AnyOutcome]], Sequence[Grid]],
    figures: Callable[[Sequence[_AnyOutcome]], Mapping[str, Any]],
    prepare: Callable[[Sequence[Program], Path, int], None] = lambda chosen, cache, jobs: None,
    parents: Sequence[argparse.ArgumentParser] = (),
) -> int:
    """Reads the arguments, trains what is missing, judges, prints; returns 1 where a training failed.

    Args:
      description: The docstring of the benchmark; its first line is the help.
      judge: Returns the outcome of a program; takes the `cache` by name. Runs in other processes.
      grids: The tables, the summary last. Those without rows are left out.
      figures: The figures over some outcomes, for the JSON.
      prepare: Called with the trained programs, the cache and the number of processes before any is judged.
      parents: Parsers of options that a benchmark has for itself, and reads itself.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0], parents=parents)
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
    prepare(chosen, options.cache, options.jobs)
    start = time.perf_counter()
    work = functools.partial(judge, cache=options.cache)
    outcomes = sorted(spread("replaying", work, chosen, jobs=options.jobs), key=lambda x: x.name)
    CONSOLE.print(f"{len(outcomes)} programs replayed in {time.perf_counter() - start:.0f} s")

    shown = [grid for grid in grids(outcomes) if grid.rows]
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    for grid in shown:
        console.print(grid.table(), "")
    for problem in problems:
        CONSOLE.print(f"not trained: {problem}", style="red")
    if options.json:
        by_split = {split: figures([x for x in outcomes if x.split == split]) for split in SPLITS}
        document = {"figures": by_split, "programs": [dataclasses.asdict(x) for x in outcomes]}
        options.json.write_text(json.dumps(_json(document), indent=1), encoding="utf-8")
    if options.markdown:
        options.markdown.write_text("\n\n".join(grid.markdown() for grid in shown) + "\n", encoding="utf-8")
    return 1 if problems else 0


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


def _json(value: object) -> object:
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {name: _json(x) for name, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(x) for x in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    return value
