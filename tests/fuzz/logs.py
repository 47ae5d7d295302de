"""The logs that are damaged: a run of ours with everything in it, and one that something else wrote."""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_ndarray

from tb_stability.model_facts import LayerFacts, ModelFacts, OptimizerFacts
from tb_stability.recorder import Recorder
from tb_stability.report import TensorRange
from tb_stability.series import ACTIVATION_MEASURES, HISTOGRAM_BINS, Activation, StepValues
from tb_stability.summary import tags
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import LAYOUT, step_values
from tests.plugin.histogram_logs import write_histograms

STEPS = 90
_LAYOUT = dataclasses.replace(LAYOUT, activations=(Activation("dense", "relu", 3),))


@dataclasses.dataclass(frozen=True)
class Payloads:
    """What a log of ours holds, as it is given to the decoders.

    Attributes:
      report, layout: The documents.
      blocks: The rows, with their steps.
      histograms, activations: One sample each.
    """

    report: str
    layout: str
    blocks: list[tuple[int, np.ndarray]]
    histograms: np.ndarray
    activations: np.ndarray


def record_diverging_run(log_dir: Path) -> None:
    """Writes a run of ours that spikes, then is NaN; with samples, the facts of a model and a first batch."""
    recorder = Recorder(lambda: EventFileWriter(str(log_dir)))
    recorder.model = ModelFacts(
        way="fit",
        layers=(LayerFacts("dense", "Dense", "relu"),),
        optimizer=OptimizerFacts("SGD", learning_rate=0.5),
    )
    recorder.first_batch = (TensorRange("input", "", (8, 4), "float32", 0.0, 255.0, 33.0, 0, 0),)
    for first in range(0, STEPS, 30):
        values = [_step(step) for step in range(first, first + 30)]
        recorder.record(values, _LAYOUT, first_step=first)
        recorder.flush()
    recorder.close()


def _step(step: int) -> StepValues:
    loss = math.nan if step >= 80 else 60.0 if step in (50, 51) else 2 / (1 + step / 20)
    sampled = {m: np.full(1, 0.5, np.float32) for m in ACTIVATION_MEASURES} if step % 30 == 0 else {}
    counts = np.full((len(LAYOUT.variables), HISTOGRAM_BINS), 7, np.uint16) if step % 30 == 0 else None
    return dataclasses.replace(step_values(step, loss=loss), activations=sampled, histograms=counts)


def write_foreign_run(log_dir: Path) -> None:
    """Writes a loss and histograms, as other tools do."""
    random = np.random.default_rng(0)
    write_histograms(log_dir, "bn1.weight", [1 + 0.1 * i * random.normal(size=8) for i in range(6)])
    write_histograms(log_dir, "gradients/fc.weight", [random.normal(size=32) for _ in range(6)])
    from tests.event_logs import losses, write_scalars

    write_scalars(log_dir, "loss", losses(60))


def read_payloads(log_dir: Path) -> Payloads:
    """What `record_diverging_run` wrote."""
    (file,) = (log_dir / tags.RUN_DIRECTORY).iterdir()
    texts: dict[str, str] = {}
    arrays: dict[str, list[tuple[int, np.ndarray]]] = {}
    for record in records(file.read_bytes()):
        event = Event.FromString(record)
        for value in event.summary.value:
            if value.tensor.string_val:
                texts[value.tag] = value.tensor.string_val[0].decode()
            else:
                arrays.setdefault(value.tag, []).append((event.step, make_ndarray(value.tensor)))
    return Payloads(
        report=texts[tags.REPORT_TAG],
        layout=texts[tags.LAYOUT_TAG],
        blocks=arrays[tags.STEPS_TAG],
        histograms=arrays[tags.HISTOGRAMS_TAG][0][1],
        activations=arrays[tags.ACTIVATIONS_TAG][0][1],
    )


def records(data: bytes) -> Iterator[bytes]:
    """The records of an event file that is whole."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + size]
        at += 12 + size + 4


def write_records(path: Path, content: Iterable[bytes]) -> None:
    """Writes records with checksums that are right, whatever is in them."""
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for record in content:
            writer.write(record)
