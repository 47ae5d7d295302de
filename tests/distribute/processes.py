"""Runs the programs that train: devices and workers can only be set up when TensorFlow starts."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SECONDS = 150
"""Longest time that a program may take: a worker that waits for another one would wait for ever."""


def run_together(module: str, directories: Sequence[Path], variables: Sequence[Mapping[str, str]]) -> None:
    """Runs one process for each directory, all at once; fails where one fails or does not end.

    Args:
      module: The program; it is given the directory.
      directories: Where each is to leave its results.
      variables: Environment variables of each.
    """
    with contextlib.ExitStack() as stack:
        processes = []
        for directory, own in zip(directories, variables, strict=True):
            output = stack.enter_context((directory / "output.txt").open("w"))
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(directory)],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **own},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.kill)
            processes.append(process)
        for process, directory in zip(processes, directories, strict=True):
            try:
                code = process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
            assert code == 0, f"{module}: {code}\n{(directory / 'output.txt').read_text()[-4000:]}"


def outcomes(directory: Path) -> dict[str, Any]:
    """How the trainings of a program ended."""
    found: dict[str, Any] = json.loads((directory / "outcomes.json").read_text())
    return found


def cluster(workers: int) -> list[dict[str, str]]:
    """The environment of each of some workers on this machine."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for one in sockets:
            one.bind(("localhost", 0))
        addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    return [
        {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}})}
        for i in range(workers)
    ]
