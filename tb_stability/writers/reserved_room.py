"""Room for one more report, so that a disk that fills up does not swallow the last alarm."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import IO

from tb_stability.report import RunReport
from tb_stability.summary.report import State
from tb_stability.writers.event_file import EventFileWriter

ROOM_BYTES = 256 << 10
"""Room that is held: for two reports, since the newer one is written before the older one is removed. Of a
small disk at most half of what is free."""


class ReservedRoom:
    """Holds room on the disk of a run, and gives it up for a report.

    The room is a file without a name: nobody sees it, and however this process ends, the room is free then.
    Only local disks have it; elsewhere every method does nothing.

    Args:
      open_writer: Makes a new event file.
    """

    def __init__(self, open_writer: Callable[[], EventFileWriter]) -> None:
        self._open_writer = open_writer
        self._folder: str | None = None
        self._bytes = 0
        self._room: IO[bytes] | None = None
        self._last: str | None = None

    def hold(self, path: str) -> None:
        """Holds room beside an event file, where none is held yet."""
        if self._room is not None or not os.path.exists(path):
            return
        with contextlib.suppress(OSError):
            self._folder, self._last = os.path.dirname(path), None
            self._bytes = min(ROOM_BYTES, _free(self._folder) // 2)
            self._take()

    def release(self) -> None:
        """Gives the room up."""
        room, self._room = self._room, None
        if room is not None:
            room.close()

    def write_report(self, step: int, report: RunReport, *, state: State) -> None:
        """Writes a report into a file of its own, in the room; the one that was written so before is removed.

        Raises:
          OSError: As the writer does, where the room was not enough; the older report is still there then.
        """
        if self._room is None:
            return
        self.release()
        try:
            writer = self._open_writer()
            try:
                with contextlib.closing(writer):
                    writer.write_report(step, report, state=state)
            except Exception:
                _remove(writer.path)
                raise
            _remove(self._last)
            self._last = writer.path
        finally:
            self._take()

    def _take(self) -> None:
        """Takes the room, or what is left of it."""
        with contextlib.suppress(OSError):
            self._room = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
            size = max(1, min(self._bytes, _free(self._folder or ".")))
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._room.fileno(), 0, size)
            else:
                self._room.write(bytes(size))


def _free(folder: str) -> int:
    """Bytes that this user may still write."""
    return shutil.disk_usage(folder).free


def _remove(path: str | None) -> None:
    if path is not None:
        with contextlib.suppress(OSError):
            os.remove(path)
