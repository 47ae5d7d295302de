"""A bounded cache of what was made from a log that still grows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class VersionedCache(Generic[Value]):
    """Keeps the newest value of each key, for the keys that were used last.

    Safe for concurrent use: two threads that ask for one key make its value
    once, and threads that ask for different keys do not wait for each other.

    Args:
      capacity: Number of keys.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry[Value]] = OrderedDict()

    def get(self, key: Hashable, version: Hashable, make: Callable[[], Value]) -> Value:
        """Returns the value that was made of `key` at `version`, or makes it.

        An exception of `make` is raised, and nothing is kept.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            if len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.made is None or entry.made[0] != version:
                entry.made = (version, make())
            return entry.made[1]

    def peek(self, key: Hashable, version: Hashable) -> Value | None:
        """What `get` would return at once; None where it would have to make it."""
        with self._lock:
            entry = self._entries.get(key)
        made = None if entry is None else entry.made
        return made[1] if made is not None and made[0] == version else None


class _Entry(Generic[Value]):
    """A value with its version, and the lock of the one who makes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made: tuple[Hashable, Value] | None = None
