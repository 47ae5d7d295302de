"""Work on many programs in child processes, with a bar: training what is missing, replaying what is there."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from faults.program import Program, Recipe
from faults.recording import path_of
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

CONSOLE = Console(stderr=True, highlight=False)

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def train_missing(programs: Iterable[Program], cache: Path, *, jobs: int) -> list[str]:
    """Trains those programs, and twins, that have no recording.

    Returns:
      A sentence for each training that failed.
    """
    wanted = {
        path_of(recipe, cache): (
            program.name if recipe is program.recipe else f"twin of {program.name}",
            recipe,
        )
        for program in programs
        for recipe in (program.recipe, program.twin)
        if recipe is not None
    }
    missing = [(name, recipe, path) for path, (name, recipe) in wanted.items() if not path.is_dir()]
    return [problem for problem in spread("training", _train, missing, jobs=jobs) if problem]


def is_trained(program: Program, cache: Path) -> bool:
    """Whether its recording is there."""
    return path_of(program.recipe, cache).is_dir()


def spread(
    title: str, work: Callable[[_Item], _Result], items: Sequence[_Item], *, jobs: int
) -> Iterator[_Result]:
    """Yields the results of `work` in the order in which they come; one process a job."""
    if not items:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # A new process imports TensorFlow anew: no thread of it may live through a fork.
    context = multiprocessing.get_context("spawn")
    with (
        Progress(*columns, console=CONSOLE) as progress,
        concurrent.futures.ProcessPoolExecutor(min(jobs, len(items)), context) as pool,
    ):
        task = progress.add_task(title, total=len(items))
        for future in concurrent.futures.as_completed([pool.submit(work, item) for item in items]):
            yield future.result()
            progress.advance(task)


def _train(item: tuple[str, Recipe, Path]) -> str:
    from faults.training import train  # imports TensorFlow, which the replay does without

    name, recipe, path = item
    try:
        train(recipe, path)
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    return ""
