"""Ctrl-C while steps are on their way from the device to the log."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from tb_stability.callbacks.uninterrupted import uninterrupted


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as Python handles it: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@uninterrupted()
def interrupted_block(done: list[str]) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    with uninterrupted():
        done.append("inner")
    done.append("outer")


def test_ctrl_c_waits_for_the_end_and_then_does_what_it_does() -> None:
    """Kills: an interrupt in the middle, one that is swallowed, and a handler that is not put back."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_block(done)
    assert done == ["inner", "outer"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_signal_without_a_handler_of_python_is_left_alone() -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with uninterrupted():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler


def test_another_thread_may_use_it() -> None:
    """Kills: `signal.signal` outside of the main thread, which raises."""
    done: list[str] = []

    def work() -> None:
        with uninterrupted():
            done.append("there")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["there"]
