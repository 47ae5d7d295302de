"""How much the detectors find, and how often they cry wolf: the fault corpus, replayed.

    python benchmarks/detect.py [--only learning_rate] [--split held_out] [--json f.json] [--markdown f.md]
    python benchmarks/detect.py --thinned 8    # gradients and weights of every eighth step, as under a budget

Programs that were not trained on this machine yet are trained first, which takes some seconds each; what
their monitors saw is kept in `--cache`. A replay of everything takes a minute or two on one core.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

import corpus_command
import detect_tables as tables
from corpus_grid import SPLITS, Grid
from detect_judging import Outcome, judge


def grids(outcomes: Sequence[Outcome]) -> list[Grid]:
    """All tables, the summary last."""
    found = [tables.recall_by_fault(outcomes, split) for split in SPLITS]
    found += [tables.alarms_by_kind(outcomes), tables.doubts(outcomes)]
    found += [tables.traceless(outcomes), tables.misses(outcomes), tables.false_alarms(outcomes)]
    return [*found, tables.summary(outcomes)]


def main() -> int:
    """Adds the one option that is its own to those of the corpus."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    own.add_argument("--thinned", type=int, metavar="N", help="layers of every Nth step, as under a budget")
    work = functools.partial(judge, thinned=own.parse_known_args()[0].thinned)
    return corpus_command.run(__doc__, judge=work, grids=grids, figures=tables.figures, parents=[own])


if __name__ == "__main__":
    sys.exit(main())
