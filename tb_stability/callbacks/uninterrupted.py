"""Ctrl-C waits until a block of steps is where it belongs."""

from __future__ import annotations

import contextlib
import signal
import threading
import types
from collections.abc import Callable, Iterator

Handler = Callable[[int, types.FrameType | None], object]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, Python's handlers of SIGINT and SIGTERM wait until the end, some milliseconds.

    They raise as a rule (`KeyboardInterrupt`), at any line: between fetching steps and writing them, those
    would be lost. The handlers are put back. A signal without one does what it did, at once: SIGTERM still
    ends a process that hangs in here. Outside of the main thread, where no handler runs, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[Handler, int, types.FrameType | None]] = []
    waits = True

    def waiting(handler: Handler) -> Handler:
        def handle(number: int, frame: types.FrameType | None) -> None:
            if waits:
                came.append((handler, number, frame))
            else:  # a signal while the handlers are put back
                handler(number, frame)

        return handle

    found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in found.items() if callable(handler)}
    try:
        with contextlib.suppress(ValueError):  # an interpreter inside of another has no signals
            for number, handler in handlers.items():
                signal.signal(number, waiting(handler))
        yield
    finally:
        waits = False
        with contextlib.suppress(ValueError):
            for number, handler in handlers.items():
                signal.signal(number, handler)
        for late, signal_number, frame in came:
            late(signal_number, frame)
