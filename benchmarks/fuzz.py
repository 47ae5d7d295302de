"""Damages logs and requests at random, and prints how often, and what came of it.

    python benchmarks/fuzz.py                       # some 30 minutes
    python benchmarks/fuzz.py --parts decoders --seed 7

Parts: `decoders` (documents, rows and samples of a real log, damaged one at a time), `files` (event files
with damaged bytes, or damaged events with right checksums, through every route), `command` (likewise,
through `tb-stability check`), `queries` (hostile requests), `loaders` (a real TensorBoard with each of its
loaders over a directory of damaged runs, every route of each).

A case passes where the answer is right, partial, or a sentence that says what is wrong. It fails with any
other error, after 2 seconds of processor time or 20 of waiting, or where 300 MB of memory more are taken for
a moment. Processor time is that of the process that answers (in that of a TensorBoard is also what else it
does meanwhile): time on the clock says as much about who else uses the machine. Failures are printed with the
seed that makes them again. Exit code: 1 where there is one.
"""

from __future__ import annotations

import argparse
import collections
import logging
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests know how to damage a log

from tests.fuzz import logs, payloads, served
from tests.plugin.server import Server
from tests.tensorboard_process import TensorBoardProcess

CASES = {"decoders": 100_000, "files": 2_000, "command": 2_000, "queries": 10_000, "loaders": 200}
"""By part; of `loaders`, the damaged runs of a directory."""

_FOREIGN_LOGS = Path(__file__).resolve().parents[1] / "tests" / "foreign_logs"
_FORMATS = ("text", "json", "markdown")
_SHOWN = 20
"""Failures that are printed of a part."""

Case = Callable[[random.Random], object]


class Sources:
    """Whole logs to be damaged.

    Attributes:
      payloads: What is in the log of ours.
      files: The event files, and the folder that each belongs into.
    """

    def __init__(self, folder: Path) -> None:
        logs.record_diverging_run(folder / "exp")
        logs.write_foreign_run(folder / "foreign")
        self.folder = folder
        self.payloads = logs.read_payloads(folder / "exp")
        self.files = [(path, "exp/stability") for path in (folder / "exp" / "stability").iterdir()]
        self.files += [(path, "exp") for path in sorted((folder / "foreign").iterdir())]
        self.files += [(path, "exp") for path in sorted(_FOREIGN_LOGS.rglob("*tfevents*"))]

    def write_damaged(self, folder: Path, chance: random.Random) -> None:
        """Writes a damaged run `exp` into a folder; with the steps of another tool beside it, at times."""
        source, place = chance.choice([self.files[0], chance.choice(self.files)])
        served.damage_file(source, folder / place / source.name, chance)
        if chance.random() < 0.3:
            other, place = chance.choice(self.files[1:])
            target = folder / place / f"{other.name}.too"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(other.read_bytes())


def run_part(name: str, cases: int, seed: int, case: Case) -> int:
    """Runs the cases of a part, and prints a line; returns the number of failures."""
    results: collections.Counter[object] = collections.Counter()
    failures, start = 0, time.monotonic()
    for i in range(cases):
        try:
            results[case(random.Random(f"{name}/{seed}/{i}"))] += 1
        except Exception as error:
            failures += 1
            if failures <= _SHOWN:
                (place,) = traceback.extract_tb(error.__traceback__)[-1:]
                where = f"{Path(place.filename).name}:{place.lineno}"
                print(
                    f"  {name}/{seed}/{i}: {type(error).__name__} at {where}: {str(error)[:200]}", flush=True
                )
    seconds = time.monotonic() - start
    came = ", ".join(f"{result} {count}" for result, count in sorted(results.items(), key=str))
    print(f"{name:<9} {cases:>7} cases  {failures} failures  {seconds:5.0f} s   {came}", flush=True)
    return failures


def loaders_part(sources: Sources, runs: int, seed: int) -> int:
    """Starts a TensorBoard with each loader over damaged runs, and asks every route of each run.

    The Python loader ends at the first run that it cannot load, and all after it are missing: it gets others.
    """
    failures = 0
    for load_fast in ("true", "false"):
        with tempfile.TemporaryDirectory() as folder:
            logdir = Path(folder) / "logs"
            for i in range(runs):
                chance = random.Random(f"loaders/{seed}/{i}")
                sources.write_damaged(logdir / f"r{i:03d}", chance)
                while load_fast == "false" and not served.is_loaded(logdir / f"r{i:03d}"):
                    shutil.rmtree(logdir / f"r{i:03d}")
                    sources.write_damaged(logdir / f"r{i:03d}", chance)
            with TensorBoardProcess(
                logdir, output_file=Path(folder) / "output", load_fast=load_fast
            ) as server:
                time.sleep(10)  # there is no end to wait for: some of these files have none
                found = [
                    path
                    for i in range(runs)
                    for path in served.paths_of(f"r{i:03d}/exp", ["dense", "bn", "bn1"])
                ]
                results: collections.Counter[object] = collections.Counter()
                for number, (route, query) in enumerate(found):
                    if route == "/runs" and number:
                        continue
                    try:
                        results[_ask(server, route, query)] += 1
                    except Exception as error:
                        failures += 1
                        print(f"  {load_fast} {query.get('run')} {route}: {str(error)[:300]}", flush=True)
                output = server.output
        if "Traceback" in output and "tb_stability" in output:
            failures += 1
            print(output[-3_000:])
        came = ", ".join(f"{status} {count}" for status, count in sorted(results.items(), key=str))
        print(
            f"loaders   {runs:>7} runs, --load_fast={load_fast}: {sum(results.values())} answers: {came}",
            flush=True,
        )
    return failures


def _ask(server: TensorBoardProcess, route: str, query: dict[str, str]) -> int:
    """One request, and once more where it was slow: the server may be loading. Returns the status."""
    for _ in range(2):
        start, used = time.monotonic(), _processor_seconds(server.process_id)
        status, kind, body = _get(f"{server.url}data/plugin/stability{route}?{urllib.parse.urlencode(query)}")
        seconds, used = time.monotonic() - start, _processor_seconds(server.process_id) - used
        if route == "/runs":  # which reads all runs for the first time
            break
        if seconds < payloads.MOST_WAIT and min(seconds, used) < payloads.MOST_SECONDS:
            break
    else:
        raise payloads.FindingError(f"{route} took {seconds:.1f} s, {used:.1f} s of them computing")
    served.check_answer(route, status, kind, body)
    return status


def _processor_seconds(process_id: int) -> float:
    """Processor time of a process so far; 0 where there is no /proc to tell."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _get(url: str) -> tuple[int, str, bytes]:
    """Status, content type and body, whatever the status is."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="share of the usual number of cases")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        sources = Sources(Path(folder) / "whole")

        def damaged(chance: random.Random, use: Callable[[Path], object]) -> object:
            with tempfile.TemporaryDirectory(dir=folder) as logdir:
                sources.write_damaged(Path(logdir), chance)
                return use(Path(logdir))

        def decode(chance: random.Random) -> str:
            return "refused" if payloads.decoder_case(sources.payloads, chance) else "read"

        def ask_files(chance: random.Random) -> object:
            return damaged(chance, lambda logdir: "answered" if served.routes_case(logdir) else "not loaded")

        def command(chance: random.Random) -> object:
            format = chance.choice(_FORMATS)
            return damaged(chance, lambda logdir: f"exit {served.command_case(logdir, format)}")

        server = Server(sources.folder)
        cases: dict[str, Case] = {
            "decoders": decode,
            "files": ask_files,
            "command": command,
            "queries": lambda chance: served.query_case(server, chance),
        }
        for part in options.parts:
            count = max(1, int(CASES[part] * options.share))
            if part == "loaders":
                failures += loaders_part(sources, count, options.seed)
            else:
                failures += run_part(part, count, options.seed, cases[part])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
