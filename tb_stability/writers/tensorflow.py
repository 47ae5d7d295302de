"""Records through TensorFlow: checksums in C++, and remote paths such as gs://."""

from __future__ import annotations

import posixpath

import tensorflow as tf

from tb_stability.writers.record_file import RecordFile


def open_record_file(path: str) -> RecordFile:
    """Opens a new file of records on any file system that TensorFlow knows; see `OpenRecords`."""
    tf.io.gfile.makedirs(posixpath.dirname(path))
    records: RecordFile = tf.io.TFRecordWriter(path)
    return records
