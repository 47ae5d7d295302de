"""`tb-stability report`: writes a log directory as one HTML file; its exit codes are those of `check`."""

from __future__ import annotations

import contextlib
import datetime
import os

from tb_stability.cli.output import CommandError, print_text, progress
from tb_stability.cli.selection import select
from tb_stability.diagnosis.words import plural
from tb_stability.html_report.making import make_report
from tb_stability.html_report.page import OPENING
from tb_stability.plain import plain

DEFAULT_OUTPUT = "report.html"


def report(
    logdir: str,
    *,
    output: str,
    run: str | None,
    fail_on: str,
    tags: str = "",
    baseline: str | None = None,
) -> int:
    """Writes the report and returns the exit code.

    Args:
      logdir: The log directory.
      output: Where to; an earlier report is replaced, any other file is not.
      run: A regular expression that must match somewhere in the name of a run; None for all.
      fail_on: One of `BARS`.
      tags: More names of series, see `parse_tags`.
      baseline: The name of a run that the others are compared with; None for none.

    Raises:
      CommandError: See `select`; or the file cannot be written.
    """
    _check_output(output)  # before what takes long
    selection = select(logdir, run=run, tags=tags, baseline=baseline)
    with progress("Drawing", len(selection.runs)) as on_run:
        page = make_report(
            selection.reader,
            selection.experiment,
            selection.runs,
            made=datetime.datetime.now(datetime.timezone.utc),
            baseline=selection.baseline,
            on_run=on_run,
        )
    _write(output, page)
    print_text(f"{plain(output)}: {plural(len(selection.runs), 'run')}, {len(page.encode()) / 1e6:.2f} MB")
    return selection.exit_code(fail_on)


def _check_output(path: str) -> None:
    """Refuses what must not be replaced, or cannot be written.

    Raises:
      CommandError: If it is a folder, in none, or a file that is no report.
    """
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise CommandError(f"there is no folder {folder!r} to write to. Make it first.")
    if os.path.isdir(path):
        raise CommandError(
            f"{path!r} is a folder. Give a file, such as {os.path.join(path, DEFAULT_OUTPUT)!r}."
        )
    if not os.path.lexists(path):
        return
    is_report = False
    try:
        if os.path.isfile(path):  # to read from a pipe could wait for ever
            with open(path, "rb") as file:
                is_report = file.read(len(OPENING)) == OPENING.encode()
    except OSError as error:
        raise CommandError(f"{path!r} cannot be read, so it is not replaced: {error.strerror}.") from None
    if not is_report:
        raise CommandError(
            f"{path!r} is no report of this program, so it is not replaced. Give another name, or remove it."
        )


def _write(path: str, page: str) -> None:
    """Writes all or nothing: who reads the file meanwhile sees the old one or the new one.

    Raises:
      CommandError: If that is not possible.
    """
    beside = os.path.join(os.path.dirname(path), f".{os.path.basename(path)[:100]}.{os.getpid()}")
    try:
        try:
            with open(beside, "x", encoding="utf-8", newline="\n") as file:
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.remove(beside)
    except OSError as error:
        raise CommandError(f"{path!r} cannot be written: {error.strerror or error}.") from None
