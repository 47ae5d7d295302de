"""What the callback and the monitor check of their arguments and surroundings."""

from __future__ import annotations

import os

import keras

from tb_stability.recorder import Recorder
from tb_stability.writers.event_file import EventFileWriter
from tb_stability.writers.tensorflow import open_record_file


def open_recorder(log_dir: str | os.PathLike[str]) -> Recorder:
    """Returns the recorder of the run in `log_dir`; writes nothing before the first step.

    Raises:
      TypeError: If `log_dir` is no path.
      ValueError: If it is empty.
    """
    path = os.fspath(log_dir) if isinstance(log_dir, (str, os.PathLike)) else None
    if not isinstance(path, str):
        raise TypeError(f'log_dir must be a path, such as "logs/exp1": got {log_dir!r}.')
    if not path:
        raise ValueError('log_dir must not be empty. Name the directory of this run, such as "logs/exp1".')
    return Recorder(lambda: EventFileWriter(path, open_records=open_record_file))


def check_overhead(overhead: float) -> None:
    """Raises where `overhead` is no share of the step time.

    Raises:
      TypeError: If it is no number.
      ValueError: If it is not positive.
    """
    if isinstance(overhead, bool) or not isinstance(overhead, (int, float)):
        raise TypeError(f"overhead must be a number, such as 0.03 for 3 % of step time: got {overhead!r}.")
    if not overhead > 0:
        raise ValueError(
            "overhead must be above 0, such as 0.03 for 3 % of step time, or math.inf to measure everything "
            f"at every step: got {overhead!r}."
        )


def require_tensorflow_backend() -> None:
    """Raises RuntimeError where Keras runs on another backend: its steps pass no optimizer of TensorFlow."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"Stability records Keras on TensorFlow; this Keras runs on {backend!r}. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Keras is imported."
        )
