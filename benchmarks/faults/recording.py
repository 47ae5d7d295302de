"""Everything that the live monitor of a training saw, as an event file, and back. Reads without a framework.

The log of a run keeps a share of its steps; these files have all of them, with the activations of each, so
that a replay is what happened.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.util.tensor_util import make_ndarray

from faults.program import Recipe
from tb_stability.monitor import Monitor
from tb_stability.report import RunReport
from tb_stability.series import ACTIVATION_MEASURES, FloatArray, Layout, StepValues
from tb_stability.summary import tags
from tb_stability.summary.layout import RowLayout, parse_layout
from tb_stability.summary.metadata import VERSION
from tb_stability.summary.report import parse_report
from tb_stability.summary.steps import unpack_block
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.record_file import OpenRecords, open_local_records

_FOLDER = Path(__file__).parent
_SOURCES = ("data.py", "losses.py", "schedules.py", "training.py", "ways.py", "networks/parts.py")


@dataclasses.dataclass
class Segment:
    """Steps of one layout.

    Attributes:
      layout: What their values stand for.
      steps: Each step with its values.
    """

    layout: Layout
    steps: list[tuple[int, StepValues]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Recording:
    """A training as it was observed.

    Attributes:
      segments: Its steps; a new segment where the variables changed.
      live: The report at the end of the training, of the detectors of that day.
    """

    segments: Sequence[Segment]
    live: RunReport

    def __iter__(self) -> Iterator[tuple[int, StepValues]]:
        return (step for segment in self.segments for step in segment.steps)

    def replay(self) -> Monitor:
        """Returns a monitor that has seen it to its end."""
        monitor = Monitor()
        for segment in self.segments:
            monitor.change_layout(segment.layout)
            for step, values in segment.steps:
                monitor.update(step, values)
        monitor.end()
        return monitor


def path_of(recipe: Recipe, cache: Path) -> Path:
    """Where the recording of a recipe is kept: another place where recipe, sources or log format differ."""
    total = hashlib.sha256(json.dumps(dataclasses.asdict(recipe), sort_keys=True).encode())
    for name in (*_SOURCES, f"networks/{recipe.architecture}.py"):
        total.update(_meaning((_FOLDER / name).read_text(encoding="utf-8")).encode())
    total.update(str(VERSION).encode())
    return cache / f"{recipe.architecture}-{recipe.data}-{total.hexdigest()[:16]}"


@functools.cache
def _meaning(source: str) -> str:
    """What of a source file matters: not its comments, docstrings and line breaks."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            del node.body[0]
    return ast.dump(tree)


def write(recording: Recording, folder: Path, *, open_records: OpenRecords = open_local_records) -> None:
    """Writes a recording; it is there as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix="unfinished-"))
    try:
        writer = EventFileWriter(str(unfinished), open_records=open_records)
        for segment in recording.segments:
            scalars = tuple(dict.fromkeys(name for _, values in segment.steps for name in values.scalars))
            writer.write_layout(segment.steps[0][0], segment.layout, scalars)
            steps, values = zip(*segment.steps, strict=True)
            writer.write_steps(steps, values, segment.layout, scalars)
            for step, value in segment.steps:
                if value.activations:
                    rows = [value.activations[measure] for measure in ACTIVATION_MEASURES]
                    writer.write_activations(step, np.stack(rows).astype(np.float32))
        writer.write_report(recording.segments[-1].steps[-1][0], recording.live, state="ended")
        writer.close()
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def read(folder: Path) -> Recording:
    """The inverse of `write`.

    Raises:
      FileNotFoundError: If there is none.
    """
    segments: list[Segment] = []
    rows = RowLayout(Layout(), ())
    activations: dict[int, Mapping[str, FloatArray]] = {}
    live: RunReport | None = None
    for event in _events(folder):
        for value in event.summary.value:
            if value.tag == tags.LAYOUT_TAG:
                rows = parse_layout(value.tensor.string_val[0])
                segments.append(Segment(rows.layout))
            elif value.tag == tags.STEPS_TAG:
                segments[-1].steps.extend(unpack_block(make_ndarray(value.tensor), event.step, rows))
            elif value.tag == tags.ACTIVATIONS_TAG:
                measured = make_ndarray(value.tensor)
                activations[event.step] = dict(zip(rows.activation_measures, measured, strict=True))
            elif value.tag == tags.REPORT_TAG:
                live, _ = parse_report(value.tensor.string_val[0])
    if live is None:
        raise FileNotFoundError(f"{folder} has no complete recording; delete it, and it is trained anew.")
    for segment in segments:
        segment.steps = [
            (step, dataclasses.replace(values, activations=activations.get(step, {})))
            for step, values in segment.steps
        ]
    return Recording(segments, live)


def _events(folder: Path) -> Iterator[Event]:
    """The events of a file; its checksums, which take longer than all the rest in Python, are passed over."""
    (path,) = (folder / tags.RUN_DIRECTORY).iterdir()
    data, position = path.read_bytes(), 0
    while position < len(data):
        (length,) = struct.unpack_from("<Q", data, position)
        yield Event.FromString(data[position + 12 : position + 12 + length])
        position += length + 16
