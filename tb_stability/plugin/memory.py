"""Memory that was freed, given back to the system.

The C library of Linux keeps what is freed, and keeps it for each thread. TensorBoard answers each request in
a thread of its own, so the hundred megabytes that it takes to read a large run would stay resident several
times.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

LARGE_ANSWER_BYTES = 1 << 20
"""Size of an answer from which on it is worth some milliseconds."""

LARGE_READ_BYTES = 16 << 20
"""Likewise, of what was read for it."""


def give_back() -> None:
    """Gives back what is free. Does nothing where the C library has no such function."""
    trim = _find_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _find_trim() -> Callable[[int], int] | None:
    try:
        trim = ctypes.CDLL(None).malloc_trim  # glibc's
    except (OSError, TypeError, AttributeError):  # another system: no such library, no such function
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    found: Callable[[int], int] = trim
    return found
