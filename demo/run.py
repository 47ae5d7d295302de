"""Trains five small models, two that work and three that break, and opens the Stability tab on them.

python demo/run.py [--logdir DIR] [--no-serve]
"""

from __future__ import annotations

import argparse
import os
import pathlib
import socket
import subprocess
import sys
import time
import webbrowser

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from trainings import TRAININGS, steps_of_one_training

FIRST_PORT = 6006
"""TensorBoard's own default."""


def main() -> int:
    """Parses the arguments, trains, serves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--logdir", default="logs/demo", help="where the runs are written (default: %(default)s)"
    )
    parser.add_argument("--no-serve", action="store_true", help="write the logs and stop")
    arguments = parser.parse_args()
    console = Console()
    train(arguments.logdir, console)
    console.print(
        f"Logs: {arguments.logdir}. A verdict in the terminal: tb-stability check {arguments.logdir}"
    )
    return 0 if arguments.no_serve else serve(arguments.logdir, console)


def train(logdir: str, console: Console) -> None:
    """Trains everything, each into its own run below `logdir`, with a progress bar each."""
    columns = (
        TextColumn("{task.description:<48}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        tasks = [
            progress.add_task(
                f"{training.name}: {training.summary}", total=steps_of_one_training(), start=False
            )
            for training in TRAININGS
        ]
        for training, task in zip(TRAININGS, tasks, strict=True):
            progress.start_task(task)
            training.train(
                str(pathlib.Path(logdir, training.name)),
                lambda steps, task=task: progress.advance(task, steps),
            )
            progress.stop_task(task)


def serve(logdir: str, console: Console) -> int:
    """Runs TensorBoard until it is interrupted; returns its exit status."""
    port = free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", logdir, "--port", str(port)]
    with subprocess.Popen(command) as tensorboard:
        address = f"http://localhost:{port}/#stability"
        console.print(f"[bold]The Stability tab: {address}[/bold]   (Ctrl-C ends TensorBoard)")
        try:
            if wait_for(port, tensorboard):
                open_browser(address)
            return tensorboard.wait()
        except KeyboardInterrupt:
            tensorboard.terminate()
            return 0


def free_port() -> int:
    """Returns TensorBoard's own port, or the next one that nobody listens on."""
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", port)) != 0:
                return port
    raise OSError(
        f"no free port from {FIRST_PORT} to {FIRST_PORT + 99}: stop a TensorBoard that is not needed"
    )


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """Waits until somebody listens on the port; False if the process ended or time ran out."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", port)) == 0:
                return True
        time.sleep(0.2)
    return False


def open_browser(address: str) -> None:
    """Opens the address where there is a screen; elsewhere the printed address has to do."""
    has_screen = (
        sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    if has_screen:
        webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main())
