"""Records that go nowhere: of several machines that train together, one writes the log."""

from __future__ import annotations


class DiscardedRecords:
    """A `RecordFile` that keeps nothing.

    Args:
      path: Where another machine writes.
    """

    def __init__(self, path: str) -> None:
        pass

    def write(self, record: bytes, /) -> None:
        """Takes a record, and forgets it."""

    def flush(self) -> None:
        """There is nothing to hand over."""

    def close(self) -> None:
        """There is nothing to close."""
