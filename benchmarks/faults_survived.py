"""Ends trainings in every bad way, and prints what their logs still tell.

    python benchmarks/faults_survived.py               # some 15 minutes
    python benchmarks/faults_survived.py --copies 5 --signals 1
    python benchmarks/faults_survived.py --parts signals --signals 50

A small model diverges after 60 steps of 4 ms. Its log is copied at `--copies` random moments while the
process stands still: that is what a SIGKILL would leave, and a SIGTERM, which ends Python as suddenly. Real
processes are ended as well (`--signals` times by each signal), run out of memory, fill the disk, write where
they may not, share a run with another process, or are killed and resumed ten times; in `fit` and in a custom
loop. A line of the table has

* `alarms`: windows that the monitor had opened when the process ended, and how many of them can be read;
* `steps`: how many of the trained steps can be read (of a killed run all is lost that was seen since the last
  flush: some 7 % of a run that just began, 3 s later; of SIGTERM nothing, where the user's code makes an exit
  of it);
* `default`: the same for the steps of the default event writer in a training of its own, which is
  `keras.callbacks.TensorBoard(update_freq=1)`, in a loop `tf.summary`;
* `as without`: whether exit status and weights are those of the same training without any log.

The disk is a tmpfs of 48 KB where this program may mount one, else a limit on the size of files. Needs Linux.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests know how to start trainings

from faults_trainings import Line, Trainings

from tests.survival.job import Job
from tests.survival.nursery import Nursery

WAYS: Sequence[Literal["fit", "loop"]] = ("fit", "loop")
SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
FAULTS: dict[Literal["error", "memory", "abort"], str] = {
    "error": "exception in the user's code",
    "memory": "out of memory",
    "abort": "abort() of C++",
}
NOBODY = 65534
FULL_BYTES = 48 << 10
"""Room for the log: enough for the first windows, not for all."""

RESUMES = 10
COPIES = 5
"""Moments of one training at which its log is copied: a few, since its clock runs on meanwhile."""


def copied(trainings: Trainings, copies: int) -> Iterator[Line]:
    """At random steps: the logs of children that stand still for a moment."""
    chance = random.Random(0)
    for way in WAYS:
        line = Line(f"copied at a random moment, {way}")
        for _ in range(-(-copies // COPIES)):
            stops = tuple(chance.sample(range(5, 190), COPIES))
            trainings.run_stopped(line, Job(str(trainings.new_folder()), way=way, stops=stops))
        yield line


def signalled(trainings: Trainings, signals: int) -> Iterator[Line]:
    """At random steps: real processes, ended by each signal."""
    chance = random.Random(1)
    for way in WAYS:
        for name, number in SIGNALS.items():
            line = Line(f"{name}, {way}")
            for i in range(signals):
                job = Job(
                    str(trainings.new_folder()),
                    way=way,
                    signal=number,
                    signal_step=chance.randrange(5, 190),
                    signal_delay=chance.uniform(0, 0.01),
                )
                trainings.run(line, job, with_default=i % 4 == 0, compared=False)
            yield line
    line = Line("SIGTERM, made an exit by the user's code")
    for i in range(signals):
        job = Job(
            str(trainings.new_folder()),
            way=WAYS[i % 2],
            signal=signal.SIGTERM,
            signal_step=chance.randrange(5, 190),
            exits=True,
        )
        trainings.run(line, job, with_default=False, compared=False)
    yield line


def failed(trainings: Trainings) -> Iterator[Line]:
    """By the user's own code, and by memory."""
    for fault, name in FAULTS.items():
        line = Line(name)
        for way in WAYS:
            job = Job(str(trainings.new_folder()), way=way, fault=fault)
            trainings.run(line, job, with_default=True, compared=True)
        yield line


def on_bad_disks(trainings: Trainings) -> Iterator[Line]:
    """Full, and read-only."""
    line = Line("disk full")
    for way in WAYS:
        job = Job(str(trainings.new_folder()), way=way)
        trainings.run(line, job, with_default=True, compared=True, disk_bytes=FULL_BYTES)
    yield line
    line = Line("directory that may not be written")
    locked = trainings.new_folder()
    locked.mkdir(mode=0o555)
    for way in WAYS:
        job = Job(str(locked / "x" / way), way=way, user=NOBODY)
        trainings.run(line, job, with_default=True, compared=True)
    yield line


def shared(trainings: Trainings) -> Iterator[Line]:
    """Clocks, other processes, and resumed runs."""
    for name, changes in (
        ("clock that jumps by days", {"clock": True}),
        ("two processes, one run", {"twin": True}),
    ):
        line = Line(name)
        for way in WAYS:
            job = Job(str(trainings.new_folder()), way=way, **changes)
            trainings.run(line, job, with_default=True, compared=True)
        yield line
    line = Line(f"killed and resumed {RESUMES} times")
    for way in WAYS:
        run_resumed(trainings, line, Job(str(trainings.new_folder()), way=way, steps=1650, spike_step=1580))
    yield line


def run_resumed(trainings: Trainings, line: Line, job: Job) -> None:
    """One run that is killed again and again, and goes on from a checkpoint each time."""
    job = dataclasses.replace(job, checkpoint=f"{job.log_dir}.checkpoint.npz")
    for i in range(RESUMES):
        step = (i + 1) * job.steps // (RESUMES + 1)
        ended = dataclasses.replace(job, signal=signal.SIGKILL, signal_step=step)
        trainings.run(Line(""), ended, with_default=False, compared=False)
    trainings.run(line, job, with_default=False, compared=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 1 where an alarm was lost, or a training did not behave as without us."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--copies", type=int, default=50, help="moments to copy, in each way")
    parser.add_argument("--signals", type=int, default=5, help="processes to end by each signal, in each way")
    parser.add_argument("--parts", nargs="+", choices=["copied", "signals", "failed", "disks", "shared"])
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    bad = 0
    print("| fault | n | alarms | steps | default | as without |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, Nursery() as nursery:
        os.chmod(folder, 0o755)
        trainings = Trainings(nursery, Path(folder))
        parts = {
            "copied": copied(trainings, options.copies),
            "signals": signalled(trainings, options.signals),
            "failed": failed(trainings),
            "disks": on_bad_disks(trainings),
            "shared": shared(trainings),
        }
        for part in options.parts or parts:
            for line in parts[part]:
                print(line.text(), flush=True)
                has_log = "disk" not in line.name and "may not" not in line.name
                bad += bool(line.unlike) or (has_log and line.alarms_read < line.alarms)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
