"""Load: twenty people look at one large log, and a training goes on for a day.

    python benchmarks/load.py --log /tmp/stability_logs/long            # the log of benchmarks/read.py
    python benchmarks/load.py --log /tmp/stability_logs/long --minutes 10
    python benchmarks/load.py --parts training --hours 24

`clients`: threads that ask one TensorBoard what the tab asks for while somebody zooms and picks layers, with
a second between two requests: errors, time per route, memory of the processes of TensorBoard over time. One
tab was open before. `training`: a run of 50 steps a second through the real recorder, without TensorFlow and
as fast as it goes: memory of the process and size of the log over time.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests know how to start a TensorBoard

from log_size import Clock, Run, make_layout
from read import children, resident_bytes, wait_until_quiet
from reading_logs import record_run

from tb_stability.recorder import Recorder
from tb_stability.writers.event_file import EventFileWriter
from tests.tensorboard_process import TensorBoardProcess

STEPS_A_SECOND = 50
DRAIN_STEPS = 16
VARIABLES, NORMALIZATIONS = 20, 4
FULL_EVERY, SAMPLE_EVERY = 8, 320
"""Steps between two that are measured in full, and with histograms: as under a budget."""

INCIDENTS_A_DAY = 24
_THINKING_SECONDS = (0.5, 1.5)
_SAMPLES = 10
"""Times at which memory is looked at."""

_MEASURES = ("grad_norm", "update_ratio", "weight_norm", "nonfinite", "bn_drift")


class Client:
    """Somebody with a tab.

    Args:
      url: Of the TensorBoard.
      seed: Of what is looked at.
      steps: Of the run.
      layers: Of the run.
    """

    def __init__(self, url: str, seed: int, steps: int, layers: Sequence[str]) -> None:
        self._url = url
        self._chance = random.Random(seed)
        self._steps = steps
        self._layers = layers
        self.seconds: dict[str, list[float]] = collections.defaultdict(list)
        self.errors: list[str] = []

    def look_until(self, deadline: float) -> None:
        """Looks around."""
        for route, query in self._requests():
            if time.monotonic() >= deadline:
                return
            self.ask(route, query)
            time.sleep(self._chance.uniform(*_THINKING_SECONDS))

    def ask(self, route: str, query: dict[str, str]) -> None:
        """One request, timed."""
        start = time.perf_counter()
        try:
            path = f"{self._url}data/plugin/stability{route}?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(path, timeout=60) as answer:
                answer.read()
        except (urllib.error.URLError, OSError) as error:
            self.errors.append(f"{route}: {error}")
        self.seconds[route].append(time.perf_counter() - start)

    def _requests(self) -> Iterator[tuple[str, dict[str, str]]]:
        chance, run = self._chance, {"run": "run"}
        yield "/runs", {}
        yield "/layout", run
        while True:
            first = chance.randrange(self._steps)
            last = min(self._steps, first + chance.choice((200, 5_000, self._steps)))
            shown = {**run, "from": str(first), "to": str(last)} if chance.random() < 0.7 else run
            yield "/steps", shown
            yield "/heatmap", {**shown, "measure": chance.choice(_MEASURES)}
            layer = {"layer": chance.choice(self._layers)}
            yield "/layer", {**shown, **layer}
            yield "/histograms", {**run, **layer}
            yield "/runs", {}


def serve_clients(log: Path, clients: int, minutes: float) -> int:
    """Starts a TensorBoard and the clients; prints what they saw. Returns the number of errors."""
    with tempfile.TemporaryDirectory() as folder:
        if not log.exists():
            log = Path(folder) / "log"
            print("writing a log of 1,000 layers x 100,000 steps; --log names one that is there", flush=True)
            record_run(log / "run", 1_000, 100_000)
        with TensorBoardProcess(log, output_file=Path(folder) / "output", load_fast="true") as server:
            wait_until_quiet(server.process_id)
            report = server.get_json("data/plugin/stability/runs")["runs"][0]
            names = [x["name"] for x in server.get_json("data/plugin/stability/layout?run=run")["layers"]]
            start = time.monotonic()
            everyone = [
                Client(server.url, seed, report["steps"]["last"] + 1, names) for seed in range(clients)
            ]
            deadline = start + 60 * minutes
            threads = [
                threading.Thread(target=client.look_until, args=(deadline,), daemon=True)
                for client in everyone
            ]
            for thread in threads:
                thread.start()
            for i in range(_SAMPLES):
                time.sleep(max(0.0, start + (i + 1) * 60 * minutes / _SAMPLES - time.monotonic()))
                sizes = [resident_bytes(p) / 1e6 for p in (server.process_id, *children(server.process_id))]
                found = ", ".join(f"{size:.0f}" for size in sizes)
                print(f"  after {time.monotonic() - start:4.0f} s: resident {found} MB", flush=True)
            for thread in threads:
                thread.join(timeout=90)
    errors = [error for client in everyone for error in client.errors]
    seconds: dict[str, list[float]] = collections.defaultdict(list)
    for client in everyone:
        for route, times in client.seconds.items():
            seconds[route] += times
    seconds["all"] = [one for times in list(seconds.values()) for one in times]
    for route, times in seconds.items():
        ordered = sorted(times)
        p95 = ordered[int(0.95 * len(ordered))]
        print(
            f"  {route:<12} {len(ordered):>6} requests   median {1e3 * statistics.median(ordered):5.0f} ms   "
            f"p95 {1e3 * p95:5.0f} ms   worst {1e3 * ordered[-1]:5.0f} ms"
        )
    print(
        f"  {len(errors)} errors; load of the machine {os.getloadavg()[1]:.1f}",
        *errors[:5],
        sep="\n  ",
        flush=True,
    )
    return len(errors)


def train(hours: float) -> None:
    """Records a run of some hours, and prints memory and size of the log as it grows."""
    steps = int(hours * 3600 * STEPS_A_SECOND)
    layout = make_layout(VARIABLES, NORMALIZATIONS)
    run = Run(layout, steps, max(1, int(hours / 24 * INCIDENTS_A_DAY)), FULL_EVERY, SAMPLE_EVERY)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(lambda: EventFileWriter(folder), clock=clock)
        shown, start = 0, time.monotonic()
        for first in range(0, steps, DRAIN_STEPS):
            values = [run.step(step) for step in range(first, min(first + DRAIN_STEPS, steps))]
            clock.now += len(values) / STEPS_A_SECOND
            recorder.record(values, layout, first_step=first)
            if first >= shown * steps / 24:
                print(f"  {describe(first, folder, start)}", flush=True)
                shown = max(2 * shown, 1)
        recorder.close()
        print(f"  {describe(steps, folder, start)}, {len(recorder.windows)} windows", flush=True)


def describe(steps: int, folder: str, start: float) -> str:
    """Where a simulated training stands."""
    size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    memory = resident_bytes(os.getpid())
    return (
        f"{steps / STEPS_A_SECOND / 3600:5.2f} h, {steps:>8} steps: resident {memory / 1e6:.1f} MB"
        f", log {size / 1e6:.1f} MB, {1e6 * (time.monotonic() - start) / max(steps, 1):.0f} us a step"
    )


def main() -> int:
    """Runs the parts that were asked for; 1 where a client saw an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--parts", nargs="+", choices=["clients", "training"], default=["clients", "training"]
    )
    parser.add_argument("--log", type=Path, default=Path("no log"), help="a log of benchmarks/read.py")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=0.75)
    parser.add_argument("--hours", type=float, default=24.0)
    options = parser.parse_args()
    errors = 0
    if "clients" in options.parts:
        print(f"{options.clients} clients, {options.minutes} minutes", flush=True)
        errors = serve_clients(options.log, options.clients, options.minutes)
    if "training" in options.parts:
        print(f"{options.hours} hours of {STEPS_A_SECOND} steps a second", flush=True)
        train(options.hours)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
