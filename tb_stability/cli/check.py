"""`tb-stability check`: reads a log directory, prints the verdicts, answers with an exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tb_stability.cli.markdown import format_markdown
from tb_stability.cli.output import print_lines, print_text
from tb_stability.cli.selection import Selection, select
from tb_stability.cli.text import text_lines
from tb_stability.plugin.run import runs_document


def _print_json(selection: Selection) -> None:
    document = runs_document(selection.logdir, selection.runs)
    if selection.baseline is not None:
        document["baseline"] = {
            "run": selection.baseline.name,
            "differences": [
                {
                    "run": name,
                    "status": difference.status,
                    "status_before": difference.status_before,
                    "worse": difference.is_worse,
                    "windows": list(difference.kinds),
                    "causes": list(difference.causes),
                }
                for name, difference in selection.differences.items()
            ],
        }
    print_text(json.dumps(document, indent=2, allow_nan=False))


FORMATS: Mapping[str, Callable[[Selection], None]] = {
    "json": _print_json,
    "markdown": lambda selection: print_text(format_markdown(selection)),
    "text": lambda selection: print_lines(text_lines(selection)),
}


def check(
    logdir: str,
    *,
    run: str | None,
    format: str,
    fail_on: str,
    tags: str = "",
    baseline: str | None = None,
) -> int:
    """Prints the runs and returns the exit code.

    Args:
      logdir: The log directory.
      run: A regular expression that must match somewhere in the name of a run; None for all.
      format: One of `FORMATS`.
      fail_on: One of `BARS`.
      tags: More names of series, see `parse_tags`.
      baseline: The name of a run that the others are compared with; None for none.

    Raises:
      CommandError: See `select`.
    """
    selection = select(logdir, run=run, tags=tags, baseline=baseline)
    FORMATS[format](selection)
    return selection.exit_code(fail_on)
