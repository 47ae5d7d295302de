"""What the viewer's backend takes for large logs, in a real TensorBoard, on both of its loaders.

    python benchmarks/read.py --keep /tmp/stability_logs

Three logs: one run of 1,000 layers x 100,000 steps with planted windows, written by the real recorder; 200
runs of 50 layers; and the gradients of 1,000 layers written the ordinary way, a scalar and a histogram each.
For each route: the first request of a fresh TensorBoard that has loaded the log, and the median and the 95th
percentile of later ones; bytes sent; by how much the processes of TensorBoard grew against an empty log
directory, before the first request and after the last. For a heatmap as the very first request: which part of
it TensorBoard takes to hand the log over, and which part is ours. Last, as ratios: what TensorBoard's own
Scalars and Histograms take to send the same layers. `--keep` names a folder where the logs stay for the next
time: they take some minutes to write. Timings are worth what the machine is: run nothing else on it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import statistics
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

from reading_handover import open_provider, share_first_request
from reading_logs import make_layout, record_run, write_ordinary_run

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests know how to start a TensorBoard

from tests.tensorboard_process import TensorBoardProcess

LAYERS, STEPS, ORDINARY_EVERY = 1_000, 100_000, 100
RUNS, LAYERS_OF_MANY, STEPS_OF_MANY = 200, 50, 500

_ROUTE = "data/plugin/stability"
_WARM_REQUESTS = 40
_QUIET_SECONDS = 3.0


@dataclasses.dataclass(frozen=True)
class Timing:
    """Seconds of a route's requests, and the size of its answer."""

    route: str
    first: float
    warm: Sequence[float]
    size: int


def main() -> None:
    """Writes the logs that are not there yet, and prints what reading them takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder for the logs; by default one that is deleted")
    parser.add_argument("--loaders", nargs="+", choices=["true", "false"], default=["true", "false"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = arguments.keep or Path(folder)
        write_logs(logs)
        for log in sorted(path for path in logs.iterdir() if path.is_dir()):
            size = sum(path.stat().st_size for path in log.rglob("*") if path.is_file())
            print(f"log {log.name}: {size / 1e6:.0f} MB")
        for load_fast in arguments.loaders:
            empty = Path(folder) / "empty"
            empty.mkdir(exist_ok=True)
            measure(empty, load_fast, [], Path(folder))
            run = {"run": "run"}
            ours = measure(
                logs / "long",
                load_fast,
                [
                    route("/runs"),
                    route("/layout", **run),
                    route("/steps", **run),
                    route("/heatmap", measure="grad_norm", **run),
                    route("/heatmap", measure="update_ratio", **run),
                    route("/heatmap", measure="bn_drift", **run),
                    route("/heatmap", measure="grad_norm", **run, **{"from": "24000", "to": "26000"}),
                    route("/layer", layer="dense_0", **run),
                    route("/histograms", layer="dense_0", **run),
                ],
                Path(folder),
            )
            heatmap = route("/heatmap", measure="grad_norm", **run)
            measure(logs / "long", load_fast, [heatmap], Path(folder))
            with open_provider(logs / "long", load_fast) as provider:
                for name in ("grad_norm", "update_ratio"):
                    print(f"  {share_first_request(provider, 'run', name)}", flush=True)
            measure(logs / "many", load_fast, [route("/runs")], Path(folder))
            names = make_layout(LAYERS).layers
            scalars, histograms, one = measure(
                logs / "ordinary",
                load_fast,
                [
                    [ordinary("scalars", "run", f"grad_norm/{name}") for name in names],
                    [ordinary("histograms", "histograms", f"gradients/{name}") for name in names],
                    [ordinary("histograms", "histograms", "gradients/dense_0")],
                ],
                Path(folder),
            )
            print_ratio("one number of each layer: Scalars / our heatmap", scalars, ours[3])
            print_ratio("one layer's histograms: Histograms / ours", one, ours[-1])
            print(
                f"  all layers' histograms: {1e3 * statistics.median(histograms.warm):.0f} ms of Histograms"
            )


def route(path: str, **query: str) -> list[str]:
    """One request of ours."""
    return [f"{_ROUTE}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")]


def ordinary(plugin: str, run: str, tag: str) -> str:
    """A request of a plugin of TensorBoard's own."""
    return f"data/plugin/{plugin}/{plugin}?run={run}&tag={urllib.parse.quote(tag)}"


def print_ratio(what: str, theirs: Timing, ours: Timing) -> None:
    """Prints how many times as long theirs takes, first and later, and how many times as many bytes it is."""
    later = statistics.median(theirs.warm) / statistics.median(ours.warm)
    first, size = theirs.first / ours.first, theirs.size / ours.size
    print(f"  {what}: first {first:.2g} times, later {later:.2g} times, {size:.2g} times the bytes")


def write_logs(logs: Path) -> None:
    """Writes what is missing."""
    if not (logs / "long").exists():
        recorder = record_run(logs / "long" / "run", LAYERS, STEPS)
        found = [(w.kind, w.start_step, w.end_step) for w in recorder.windows]
        (logs / "long.json").write_text(json.dumps(found))
    if not (logs / "many").exists():
        for i in range(RUNS):
            record_run(logs / "many" / f"run{i:03d}", LAYERS_OF_MANY, STEPS_OF_MANY, seed=i)
    if not (logs / "ordinary").exists():
        write_ordinary_run(logs / "ordinary" / "run", LAYERS, STEPS, ORDINARY_EVERY)


def measure(log: Path, load_fast: str, routes: Sequence[Sequence[str]], folder: Path) -> list[Timing]:
    """Starts a TensorBoard, waits until it has read the log, and prints and returns a line for each route.

    A route is one or more paths that a tab would request one after the other.
    """
    timings = []
    print(f"\n{log.name}, --load_fast={load_fast}")
    with TensorBoardProcess(log, output_file=folder / "output.txt", load_fast=load_fast) as server:
        start = time.monotonic()
        wait_until_quiet(server.process_id)
        print(
            f"  loaded within {time.monotonic() - start - _QUIET_SECONDS:.0f} s; {memory(server.process_id)}"
        )
        for paths in routes:
            timing = time_route(server, paths)
            timings.append(timing)
            print(
                f"  {timing.route:<70} first {1e3 * timing.first:7.0f} ms   warm median "
                f"{1e3 * statistics.median(timing.warm):6.0f} ms, "
                f"p95 {1e3 * percentile_95(timing.warm):6.0f} ms   "
                f"{timing.size / 1e3:8.0f} KB"
            )
        wait_until_quiet(server.process_id)
        print(f"  after these requests: {memory(server.process_id)}", flush=True)
    return timings


def percentile_95(times: Sequence[float]) -> float:
    """The nearest rank: of 40 the 38th, so that one hiccup of the machine is not all that is seen."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def time_route(server: TensorBoardProcess, paths: Sequence[str]) -> Timing:
    """Requests a route once and then again, some times."""

    def request() -> tuple[float, int]:
        start = time.perf_counter()
        size = sum(len(server.get(path)) for path in paths)
        return time.perf_counter() - start, size

    first, size = request()
    again = _WARM_REQUESTS if len(paths) == 1 else 2
    name = paths[0] if len(paths) == 1 else f"{len(paths)} x {paths[0]}"
    return Timing(name[:70], first, [request()[0] for _ in range(again)], size)


def wait_until_quiet(process_id: int) -> None:
    """Waits until TensorBoard and its data server computed next to nothing for some seconds."""
    quiet_since, last = time.monotonic(), cpu_seconds(process_id)
    while time.monotonic() - quiet_since < _QUIET_SECONDS:
        time.sleep(0.5)
        now = cpu_seconds(process_id)
        if now - last > 0.1:
            quiet_since = time.monotonic()
        last = now


def memory(process_id: int) -> str:
    """The resident memory of TensorBoard and of its data server, if it has one."""
    sizes = [resident_bytes(p) / 1e6 for p in (process_id, *children(process_id))]
    return f"resident {sizes[0]:.0f} MB" + "".join(f", data server {size:.0f} MB" for size in sizes[1:])


def children(process_id: int) -> list[int]:
    """The processes that it started (Linux)."""
    text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(number) for number in text.split()]


def resident_bytes(process_id: int) -> int:
    """Resident memory of a process (Linux)."""
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{process_id}/status").read_text().splitlines()
        if ":" in line
    )
    return 1024 * int(fields["VmRSS"].split()[0])


def cpu_seconds(process_id: int) -> float:
    """Processor time of a process and its children (Linux)."""
    total = 0
    for process in (process_id, *children(process_id)):
        numbers = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(numbers[11]) + int(numbers[12])
    return total / 100


if __name__ == "__main__":
    main()
