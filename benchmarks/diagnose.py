"""How often the right cause is told: the fault corpus, replayed and diagnosed.

    python benchmarks/diagnose.py [--only learning_rate] [--split held_out] [--json f.json] [--markdown f.md]

Recordings are those of `detect.py`; what is missing is trained first, or left out with `--trained`. What a
callback knows of model and first batch is collected once, which takes some tenths of a second each.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import corpus_command
import diagnose_tables as tables
from corpus_grid import SPLITS, Grid
from corpus_training import spread
from diagnose_judging import Outcome, judge
from faults.facts import facts_path
from faults.program import Program, Recipe


def collect_missing(chosen: Sequence[Program], cache: Path, jobs: int) -> None:
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
    return [*found, tables.traceless(outcomes), tables.cries(outcomes), tables.summary(outcomes)]


def _collect(item: tuple[Recipe, Path]) -> None:
    from faults.facts_collecting import collect  # imports TensorFlow, which the diagnosis does without

    collect(*item)


if __name__ == "__main__":
    sys.exit(
        corpus_command.run(__doc__, judge=judge, grids=grids, figures=tables.figures, prepare=collect_missing)
    )
