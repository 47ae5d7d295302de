"""The console script `tb-stability`: its arguments and its exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import types
from collections.abc import Sequence

from tb_stability.cli.check import BARS, FORMATS, check
from tb_stability.version import __version__

_EXIT_CODES = """\
exit codes:
  0  no run is at or above the bar of --fail-on
  1  at least one is
  2  nothing could be read; the reason is on stderr
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    _quiet_tensorboard(options.logdir)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character gets its code
            stream.reconfigure(errors="backslashreplace")
    return check(
        options.logdir, run=options.run, format=options.format, fail_on=options.fail_on, tags=options.tags
    )


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
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    checking.add_argument("logdir", metavar="LOGDIR", help="the directory that tensorboard --logdir is given")
    checking.add_argument("--run", metavar="REGEX", help="only runs whose name matches somewhere")
    checking.add_argument("--format", choices=sorted(FORMATS), default="text", help="default: %(default)s")
    checking.add_argument(
        "--fail-on",
        choices=sorted(BARS),
        default="unstable",
        help="the bar; unstable includes diverged and not_learning (default: %(default)s)",
    )
    checking.add_argument(
        "--tags",
        metavar="NAMES",
        default="",
        help="more names of series in logs of other tools, such as 'loss=my/loss;learning_rate=my/lr'",
    )
    return parser


def _quiet_tensorboard(logdir: str) -> None:
    """Keeps TensorBoard from importing TensorFlow, which takes seconds and prints, and from logging.

    Remote directories may need TensorFlow's file systems, so for these it is left alone.
    """
    logging.getLogger("tensorboard").setLevel(logging.CRITICAL)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "://" not in logdir:
        # The module that TensorBoard looks for to decide; its builds without TensorFlow have it.
        sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("tensorboard.compat.notf"))
