"""What a command prints: lines, in colour where `rich` is installed and there is a terminal to show it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator

from tb_stability.plain import plain

Line = tuple[str, str]
"""A text, safe to print, and its style in words of `rich`; `""` for none."""

PASSED, FAILED, UNREADABLE = 0, 1, 2
"""Exit codes."""


class CommandError(Exception):
    """A command cannot do what it was told.

    Its arguments are sentences that say why, and what to do.
    """


def print_text(text: str) -> None:
    """Prints to the standard output."""
    with _leaving_readers():
        print(text, flush=True)


def print_lines(lines: Iterable[Line]) -> None:
    """Prints to the standard output, one line each."""
    if not _has_rich() or not sys.stdout.isatty():
        print_text("\n".join(text for text, _ in lines))
        return
    from rich.console import Console
    from rich.text import Text

    # `Text` is never taken for markup, and long lines are the terminal's to break.
    with _leaving_readers():
        console = Console(file=sys.stdout, soft_wrap=True)
        for text, style in lines:
            console.print(Text(text, style), highlight=False)
        sys.stdout.flush()


def complain(sentence: str) -> None:
    """Says something on the standard error."""
    print(f"tb-stability: {plain(sentence)}", file=sys.stderr)


@contextlib.contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Shows a bar on the standard error, where that is a terminal, and takes it away in the end.

    Call what it yields at each of `total`; a bar without a total only says that something goes on.
    """
    if not _has_rich() or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _has_rich() -> bool:
    return importlib.util.find_spec("rich") is not None


@contextlib.contextmanager
def _leaving_readers() -> Iterator[None]:
    """A reader such as `head` may have seen enough; the exit code still holds."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
