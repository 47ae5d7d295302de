"""What can still be read of a training that ended badly."""

from __future__ import annotations

import dataclasses

from tb_stability.runs import LogdirError, load


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a log tells.

    Attributes:
      is_readable: Whether there is a run that can be read.
      windows: Its windows, as `(kind, start_step)`.
      steps: Steps of which there are rows.
      problems: What could not be read.
    """

    is_readable: bool
    windows: tuple[tuple[str, int], ...] = ()
    steps: int = 0
    problems: tuple[str, ...] = ()


def read_evidence(log_dir: str) -> Evidence:
    """Reads the log of a run, ours or that of another writer."""
    try:
        runs = load(log_dir)
    except LogdirError as error:
        return Evidence(False, problems=(str(error),))
    run = max(runs, key=lambda run: run.source.kept)  # Keras counts epochs as well
    windows = tuple((window.kind, window.start_step) for window in run.windows)
    return Evidence(run.readable, windows, run.source.kept, run.problems)
