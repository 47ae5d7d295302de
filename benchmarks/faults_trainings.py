"""Trainings that end badly, and the line of the table that counts what was left of them."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from tests.survival.evidence import Evidence, read_evidence
from tests.survival.job import TERMINATED, Job, Outcome
from tests.survival.nursery import Nursery

Writer = Literal["stability", "default", "none"]


@dataclasses.dataclass(frozen=True)
class Ended:
    """A process that ended.

    Attributes:
      outcome: How.
      weights: The file of its weights; empty where it could not write any.
    """

    outcome: Outcome
    weights: bytes

    @property
    def end(self) -> object:
        """What two trainings that behaved the same have in common; of a killed one its signal."""
        status = self.outcome.status
        return status if status < 0 else (status, self.weights)


@dataclasses.dataclass
class Line:
    """What came of one fault, over all its processes."""

    name: str
    processes: int = 0
    alarms: int = 0
    alarms_read: int = 0
    steps: int = 0
    steps_read: int = 0
    unreadable: int = 0
    defaults: int = 0
    default_steps: int = 0
    default_read: int = 0
    default_unlike: int = 0
    unlike: int = 0

    def add(self, ended: Ended, evidence: Evidence) -> None:
        """Counts a process with our log."""
        outcome = ended.outcome
        self.processes += 1
        self.alarms += len(outcome.windows)
        self.alarms_read += len(set(outcome.windows) & set(evidence.windows))
        self.steps += outcome.step
        self.steps_read += min(evidence.steps, outcome.step)
        self.unreadable += not evidence.is_readable

    def add_default(self, ended: Ended, evidence: Evidence) -> None:
        """Counts one with the default event writer."""
        self.defaults += 1
        self.default_steps += ended.outcome.step
        self.default_read += min(evidence.steps, ended.outcome.step)

    def text(self) -> str:
        """The line of the table."""
        steps = f"{self.steps_read} of {self.steps}"
        steps += f", {self.unreadable} without a log" if self.unreadable else ""
        default = f"{self.default_read} of {self.default_steps}" if self.defaults else "-"
        default += f", {self.default_unlike} ended otherwise" if self.default_unlike else ""
        unlike = f"{self.unlike} not" if self.unlike else "yes"
        alarms = f"{self.alarms_read} of {self.alarms}"
        return f"| {self.name} | {self.processes} | {alarms} | {steps} | {default} | {unlike} |"


class Trainings:
    """Runs trainings with our log, the default one, and none.

    Args:
      nursery: Starts them.
      folder: Takes the logs.
    """

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self._nursery = nursery
        self._folder = folder
        self._weights = folder / "weights"
        self._weights.mkdir()
        self._weights.chmod(0o777)  # for children that run as another user
        self._numbers = iter(range(10**6))

    def new_folder(self) -> Path:
        """A folder of its own, which is not there yet."""
        return self._folder / f"run{next(self._numbers):04d}"

    def run(
        self, line: Line, job: Job, *, with_default: bool, compared: bool, disk_bytes: int | None = None
    ) -> None:
        """Runs a job, and counts what came of it.

        Args:
          line: Counts it.
          job: The job.
          with_default: Whether it also runs with the default writer.
          compared: Whether it also runs without a log.
          disk_bytes: Size of the disk that the log is on; None for one with room.
        """
        own, evidence = self._trained(job, "stability", disk_bytes)
        line.add(own, evidence)
        without = self._trained(job, "none", disk_bytes)[0] if compared else None
        expected: object = (0, own.weights)
        if job.exits:
            expected = (TERMINATED, own.weights)
        elif job.signal is not None:
            expected = -job.signal
        elif without is not None:
            expected = without.end
        if own.end != expected:
            line.unlike += 1
            status, step = own.outcome.status, own.outcome.step
            print(f"  ended with {status} after step {step} of {job.steps}, signal at {job.signal_step}:")
            print(own.outcome.output[-2_000:])
        if with_default:
            default, evidence = self._trained(job, "default", disk_bytes)
            line.add_default(default, evidence)
            line.default_unlike += default.end != expected

    def run_stopped(self, line: Line, job: Job) -> None:
        """Runs a job with either writer, and counts what can be read of the copies that `stops` left."""
        for writer, add in (("stability", line.add), ("default", line.add_default)):
            ended = self._trained(job, writer, None)[0]
            for number, told in enumerate(ended.outcome.stopped):
                outcome = dataclasses.replace(ended.outcome, step=told.step, windows=told.windows)
                add(Ended(outcome, b""), read_evidence(f"{job.log_dir}_{writer}.{number}"))

    def _trained(self, job: Job, writer: Writer, disk_bytes: int | None) -> tuple[Ended, Evidence]:
        folder = Path(f"{job.log_dir}_{writer}")
        weights = self._weights / "weights.npz"
        job = dataclasses.replace(job, writer=writer, log_dir=str(folder), weights=str(weights))
        weights.unlink(missing_ok=True)
        with full_disk(folder, disk_bytes) as limit:
            outcome = self._nursery.run(dataclasses.replace(job, file_bytes=limit))
            evidence = read_evidence(job.log_dir)
        return Ended(outcome, weights.read_bytes() if weights.exists() else b""), evidence


@contextlib.contextmanager
def full_disk(folder: Path, size: int | None) -> Iterator[int | None]:
    """While inside, the folder has room for `size` bytes; yields a limit for files if it cannot mount one."""
    if size is None:
        yield None
        return
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        yield size
        return
    try:
        yield None
    finally:
        subprocess.run(["umount", str(folder)], check=True)
