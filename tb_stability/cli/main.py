"""The console script `tb-stability`: its arguments and its exit codes."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import types
from collections.abc import Iterator, Sequence

import tensorboard.compat

from tb_stability.cli.check import FORMATS, check
from tb_stability.cli.output import UNREADABLE, CommandError, complain
from tb_stability.cli.report import DEFAULT_OUTPUT, report
from tb_stability.cli.selection import BARS
from tb_stability.version import __version__

_EXIT_CODES = """\
exit codes:
  0  no run and no group of repeated runs is at or above the bar of --fail-on
  1  at least one is; with --baseline: a run is, and has something that the baseline has not
  2  nothing could be read{}; the reason is on stderr
"""


LARGE_LOG_BYTES = 64 << 20
"""From here on TensorFlow's checksums, in C++, save more time than its import takes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    Args:
      arguments: Those of the command; None for those of this process, which is then the command's own:
        TensorBoard is told once for all of it how to read.
    """
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    if arguments is None:
        _quiet_tensorboard(options["logdir"])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character gets its code
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = command(**options)
    except CommandError as error:
        for sentence in error.args:
            complain(sentence)
        return UNREADABLE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tb-stability", description="Says whether, when and where training runs were unstable."
    )
    parser.add_argument("--version", action="version", version=f"tb-stability {__version__}")
    commands = parser.add_subparsers(title="commands", required=True)
    checking = commands.add_parser(
        "check",
        help="print the verdict of every run in a log directory",
        description="Prints the verdict of every run in a log directory. Reads Keras and PyTorch logs, too.",
        epilog=_EXIT_CODES.format(""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_selection(checking)
    checking.add_argument("--format", choices=sorted(FORMATS), default="text", help="default: %(default)s")
    checking.set_defaults(command=check)
    reporting = commands.add_parser(
        "report",
        help="write the runs of a log directory as one HTML file",
        description="Writes verdicts, causes, windows and charts as one HTML file that needs nothing else.",
        epilog=_EXIT_CODES.format(", or the file could not be written"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_selection(reporting)
    reporting.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default=DEFAULT_OUTPUT,
        help="where to; an earlier report is replaced, any other file is not (default: %(default)s)",
    )
    reporting.set_defaults(command=report)
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """Adds what all commands take."""
    parser.add_argument("logdir", metavar="LOGDIR", help="the directory that tensorboard --logdir is given")
    parser.add_argument("--run", metavar="REGEX", help="only runs whose name matches somewhere")
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        help="a run, by its name; says what is new in the others, and fails on that",
    )
    parser.add_argument(
        "--fail-on",
        choices=sorted(BARS),
        default="unstable",
        help="the bar; unstable includes diverged and not_learning (default: %(default)s)",
    )
    parser.add_argument(
        "--tags",
        metavar="NAMES",
        default="",
        help="more names of series in logs of other tools, such as 'loss=my/loss;learning_rate=my/lr'",
    )


def _is_large(logdir: str) -> bool:
    """Whether the event files of a local directory have `LARGE_LOG_BYTES`."""
    total = 0
    with contextlib.suppress(ValueError):  # a NUL, of which the reader of the logs complains
        for folder, _, names in os.walk(logdir):
            for name in names:
                if "tfevents" in name:
                    with contextlib.suppress(OSError):  # it is gone already
                        total += os.path.getsize(os.path.join(folder, name))
            if total >= LARGE_LOG_BYTES:
                return True
    return False


def _quiet_tensorboard(logdir: str) -> None:
    """Keeps TensorBoard from importing TensorFlow, which takes seconds and prints, and from logging.

    Remote directories may need TensorFlow's file systems, and with large logs its import pays, so there
    TensorBoard decides: it takes TensorFlow where there is one.
    """
    logging.getLogger("tensorboard").setLevel(logging.CRITICAL)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "://" not in logdir and not _is_large(logdir):
        # The module that TensorBoard looks for to decide; its builds without TensorFlow have it.
        sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("tensorboard.compat.notf"))
    else:
        with _silenced():
            getattr(tensorboard.compat.tf, "io", None)  # which decides, and imports


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Inside, nothing reaches the standard error, what C++ prints included."""
    if sys.stderr is None:  # it was closed by the caller
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
