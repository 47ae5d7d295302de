"""A file of records, and how to open one on a local disk without a framework."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from tensorboard.summary.writer.record_writer import RecordWriter


class RecordFile(Protocol):
    """A file of records in TensorFlow's framing: length and checksums around each."""

    def write(self, record: bytes, /) -> None:
        """Appends one record; it may stay in a buffer."""

    def flush(self) -> None:
        """Hands everything written so far to the file system, where readers see it."""

    def close(self) -> None:
        """Flushes and closes. No call may follow."""


OpenRecords = Callable[[str], RecordFile]
"""Creates the file of records at a path, and the folders above it."""


def open_local_records(path: str) -> RecordFile:
    """Opens a new file on a local disk.

    Its checksums are computed in Python, which takes about 0.3 ms a KB; with
    TensorFlow at hand take `writers/tensorflow.py`.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    records: RecordFile = RecordWriter(open(path, "xb"))  # noqa: SIM115
    return records
