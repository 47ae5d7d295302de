"""Histograms for tests, as `tf.summary.histogram` and `add_histogram` write them; without these libraries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.histogram.summary import histogram_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

Array = npt.NDArray[np.floating]


def tensorflow_histogram(values: Array, bins: int = 30) -> Array:
    """The bins that `tf.summary.histogram` makes: all NaN and empty where a value is not finite."""
    if not np.isfinite(values).all():
        return np.array([[np.nan, np.nan, 0.0]] * bins)
    low, high = values.min(), values.max()
    if low == high:
        counts = np.zeros(bins)
        counts[-1] = values.size
        return np.stack([np.full(bins, low - 0.5), np.full(bins, low + 0.5), counts], axis=1)
    counts, edges = np.histogram(values, bins, (low, high))
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def write_histograms(folder: Path, tag: str, values: Sequence[Array]) -> None:
    """Writes a histogram a step."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    for step, value in enumerate(values):
        summary = histogram_pb(tag, np.arange(2.0), buckets=1)
        tensor = tensorflow_histogram(value)
        proto = summary.value[0].tensor
        proto.Clear()
        proto.dtype = 2  # DT_DOUBLE
        for size in tensor.shape:
            proto.tensor_shape.dim.add(size=size)
        proto.tensor_content = tensor.astype("<f8").tobytes()
        writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()
