"""How large a log gets, and how much memory recording takes: synthetic steps through the real recorder.

    python benchmarks/log_size.py --steps 100000 --variables 200

Each planted incident makes the loss and the gradients jump for some steps, so that windows open and the steps
around them are stored one by one. Steps are measured in full at every `--full-every`-th, as under a budget,
and gradient histograms are sampled at every 32nd. The clock is that of a run whose steps take
`--step-seconds`, so a run of days is written in minutes. Memory is the peak that tracemalloc sees of
recorder and monitor: run it again with `--no-memory` for the time, since tracemalloc slows everything down.
"""

from __future__ import annotations

import argparse
import tempfile
import tracemalloc
from pathlib import Path

from synthetic_runs import Clock, Run, make_layout, record_steps
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.util.tensor_util import make_ndarray

import tb_stability
from tb_stability.recorder import Recorder
from tb_stability.summary.tags import STEPS_TAG
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.record_file import open_local_records


def record(arguments: argparse.Namespace, folder: Path) -> tuple[float, float, Recorder]:
    """Records the run; returns seconds in the recorder, and its peak of memory in bytes."""
    layout = make_layout(arguments.variables, arguments.normalizations)
    run = Run(layout, arguments.steps, arguments.incidents, arguments.full_every, arguments.sample_every)
    clock = Clock()

    def open_writer() -> EventFileWriter:
        if arguments.python_records:
            return EventFileWriter(str(folder), open_records=open_local_records)
        from tb_stability.writers.tensorflow import open_record_file

        return EventFileWriter(str(folder), open_records=open_record_file)

    recorder = Recorder(open_writer, clock=clock)
    recorder.record([run.step(0)], layout, first_step=0)  # opens the file, which may import TensorFlow
    recorder.flush()
    if arguments.memory:
        tracemalloc.start()
    steps = range(1, arguments.steps)
    seconds = record_steps(recorder, run, layout, clock, steps, step_seconds=arguments.step_seconds)
    peak = tracemalloc.get_traced_memory()[1] if arguments.memory else 0
    tracemalloc.stop()
    recorder.close()
    return seconds, peak, recorder


def main() -> None:
    """Records one run and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--variables", type=int, default=200)
    parser.add_argument("--normalizations", type=int, default=0)
    parser.add_argument("--incidents", type=int, default=6)
    parser.add_argument("--full-every", type=int, default=1, help="steps between two measured in full")
    parser.add_argument("--sample-every", type=int, default=32, help="steps between two gradient histograms")
    parser.add_argument("--step-seconds", type=float, default=0.02)
    parser.add_argument("--python-records", action="store_true", help="write without TensorFlow: slow")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        seconds, peak, recorder = record(arguments, Path(folder) / "run")
        (file,) = (Path(folder) / "run" / "stability").iterdir()
        blocks = [
            make_ndarray(value.tensor).shape
            for event in LegacyEventFileLoader(str(file)).Load()
            for value in event.summary.value
            if value.tag == STEPS_TAG
        ]
        (run,) = tb_stability.load(folder)
        print(f"{arguments.steps} steps, {arguments.variables} variables, {len(recorder.windows)} windows")
        print(f"log            {file.stat().st_size / 1e6:.1f} MB")
        print(f"rows           {sum(shape[0] for shape in blocks)} in {len(blocks)} events")
        print(f"steps          {run.source.kept} of {run.source.of}")
        print(f"recorder       {1e6 * seconds / arguments.steps:.0f} us a step, monitor included")
        if arguments.memory:
            print(f"memory         {peak / 1e6:.1f} MB at most")


if __name__ == "__main__":
    main()
