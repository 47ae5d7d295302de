"""Starts children that train: TensorFlow is imported once, and every child is a fork of that process.

As a program it takes a job a line, as JSON, and answers each with a line.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from tests.survival.job import Job, Outcome, Told

_MOST_SECONDS = 120.0
_MOST_DELAY = 0.01  # between the word of a child and what is done to it


class Nursery:
    """The process that forks; a context manager that ends it."""

    def __enter__(self) -> Nursery:
        root = Path(__file__).resolve().parents[2]
        code = "from tests.survival.nursery import main; main()"
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def run(self, job: Job) -> Outcome:
        """Runs a job to its end, whatever that is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        last = Told.read(answer["step"], answer["windows"])
        stopped = tuple(Told.read(**told) for told in answer["stopped"])
        return Outcome(answer["status"], last.step, last.windows, answer["output"], stopped)


def main() -> None:
    """The loop of the process that forks."""
    from tests.survival.training import train  # imports TensorFlow, and starts no thread of it

    for line in sys.stdin:
        job = Job(**json.loads(line))
        children = [_start(job, train) for _ in range(2 if job.twin else 1)]
        outcomes = [_watch(job, *child) for child in children]
        print(json.dumps(dataclasses.asdict(outcomes[-1])), flush=True)


def _start(job: Job, train: object) -> tuple[int, int, str]:
    """Returns process id, what it tells, and the file that takes what it prints."""
    reading, writing = os.pipe()
    output_number, output = tempfile.mkstemp()
    process_id = os.fork()
    if process_id == 0:
        os.close(reading)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output_number, 1)
        os.dup2(output_number, 2)
        train(job, lambda line: os.write(writing, line))  # type: ignore[operator]
        sys.exit(0)
    os.close(writing)
    os.close(output_number)
    return process_id, reading, output


def _watch(job: Job, process_id: int, reading: int, output: str) -> Outcome:
    """Follows a child to its end; sends the signal, and copies its log."""
    told, stopped, stops = Told(), list[Told](), sorted(job.stops)
    rest, sent, deadline = b"", job.signal is None, time.monotonic() + _MOST_SECONDS
    while True:
        if time.monotonic() > deadline:
            os.kill(process_id, signal.SIGKILL)
        if not select.select([reading], [], [], 1.0)[0]:
            continue
        new = os.read(reading, 1 << 16)
        if not new:
            break
        told, rest = _listen(rest + new, told)
        if not sent and told.step >= job.signal_step:
            time.sleep(job.signal_delay)
            os.kill(process_id, job.signal or 0)
            sent = True
        if stops and told.step >= stops[0]:
            time.sleep(random.Random(stops.pop(0)).uniform(0, _MOST_DELAY))
            os.kill(process_id, signal.SIGSTOP)
            if os.WIFSTOPPED(os.waitpid(process_id, os.WUNTRACED)[1]):
                if select.select([reading], [], [], 0.0)[0]:  # what it told meanwhile
                    told, rest = _listen(rest + os.read(reading, 1 << 16), told)
                if os.path.isdir(job.log_dir):
                    shutil.copytree(job.log_dir, f"{job.log_dir}.{len(stopped)}")
                stopped.append(told)
                os.kill(process_id, signal.SIGCONT)
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])
    text = Path(output).read_text(errors="replace")
    os.unlink(output)
    return Outcome(status, told.step, told.windows, text, tuple(stopped))


def _listen(received: bytes, told: Told) -> tuple[Told, bytes]:
    """The last line of what was received, or what was told before; and what is behind the last line."""
    *lines, rest = received.split(b"\n")
    return Told.read(**json.loads(lines[-1])) if lines else told, rest
