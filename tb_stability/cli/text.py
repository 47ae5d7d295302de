"""Runs as text for a terminal or a plain log: one block a run, or one line where there are many."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tb_stability.baseline import RANK
from tb_stability.cli.diagnosis_rows import cause_title, sign, skipped_checks, strongest, unsaid_findings
from tb_stability.cli.output import Line
from tb_stability.cli.selection import Selection
from tb_stability.cli.window_rows import HEADINGS, most_severe, window_row
from tb_stability.plain import plain, plain_code, shorten
from tb_stability.plugin.run import Run, groups_of, summary_of
from tb_stability.report import Diagnosis, Status, Verdict

WIDTH = 100
"""Columns; fixed, so that the log of one machine compares with that of another."""

_MAX_BLOCKS = 6
_MAX_EVIDENCE = 4
_MAX_FINDINGS = 4
_MAX_WINDOWS = 8
"""Rows of a run's table: a verdict should fit on a screen. `--format json` has them all."""

MAX_TEXT = 1000
"""Characters of a name or a sentence out of a log, which may have 10,000."""

_STYLES: Mapping[Status, str] = {
    "diverged": "bold red",
    "unstable": "bold red",
    "not_learning": "bold magenta",
    "warning": "bold yellow",
    "unknown": "bold",
    "healthy": "bold green",
}
_CODE, _MUTED = "cyan", "dim"


def text_lines(selection: Selection) -> Iterator[Line]:
    """All runs, and a last line that counts them. Of many runs the worst are blocks, the others lines."""
    runs = selection.runs
    ranked = sorted(runs, key=lambda run: RANK.index(run.verdict.status))
    blocks = [run for run in runs if len(runs) <= _MAX_BLOCKS or run in ranked[:_MAX_BLOCKS]]
    for run in blocks:
        yield from _run_lines(run, selection)
        yield "", ""
    for run in runs:
        if run not in blocks:
            yield _one_line(run), _STYLES[run.verdict.status]
    if len(blocks) < len(runs):
        yield "Of a run in one line, --run shows the rest.", _MUTED
        yield "", ""
    for group in groups_of(runs):
        yield f"{_name(group.name)}: {_name(group.verdict.text)}", _STYLES[group.verdict.status]
        yield from _paragraph("Why:  ", group.verdict.why)
        yield from _paragraph("Next: ", group.verdict.next)
        yield from _paragraph("Runs: ", ", ".join(group.runs), _MUTED)
        yield "", ""
    yield f"{plain(selection.logdir)}: {_name(summary_of(runs).text)}", "bold"


def _one_line(run: Run) -> str:
    return shorten(f"{plain(run.name)}: {_status(run)}  {plain(run.verdict.text)}", MAX_TEXT)


def _run_lines(run: Run, selection: Selection) -> Iterator[Line]:
    yield f"{_name(run.name)}: {_status(run)}", _STYLES[run.verdict.status]
    yield from _paragraph("", run.verdict.text)
    yield from _paragraph("Why:  ", run.verdict.why)
    yield from _paragraph("Next: ", run.verdict.next)
    difference = selection.differences.get(run.name)
    if difference is not None:
        yield from _paragraph("New:  ", difference.text, "bold" if difference.is_new else "")
    for diagnosis in run.report.diagnoses[:1]:
        yield from _diagnosis_lines(diagnosis, run.verdict)
    for diagnosis in run.report.diagnoses[1:]:
        yield from _paragraph("Or:    ", f"{cause_title(diagnosis)}. {diagnosis.why}")
    shown = most_severe(run.windows, _MAX_WINDOWS)
    if shown:
        yield from _table([HEADINGS, *(window_row(window) for window in shown)])
    if len(shown) < len(run.windows):
        more = count_of(len(run.windows) - len(shown), "more window")
        yield f"  ... and {more}; --format json has all", _MUTED
    findings = unsaid_findings(run.report)
    for finding in findings[:_MAX_FINDINGS]:
        yield from _paragraph("Noted: ", finding.text)
    if len(findings) > _MAX_FINDINGS:
        more = count_of(len(findings) - _MAX_FINDINGS, "more finding")
        yield f"  ... and {more}; --format json has all", _MUTED
    skipped = skipped_checks(run.report)
    if skipped:
        yield from _paragraph("Not checked: ", skipped, _MUTED)
    yield from _paragraph("Steps: ", describe_steps(run), _MUTED)
    if run.report.cost is not None:
        yield from _paragraph("", run.report.cost.text, _MUTED)
    for problem in run.problems:
        yield from _paragraph("Note: ", problem)


def _diagnosis_lines(diagnosis: Diagnosis, verdict: Verdict) -> Iterator[Line]:
    """What the verdict has not said yet."""
    why = "" if diagnosis.why in verdict.why else f" {diagnosis.why}"
    yield from _paragraph("Cause: ", f"{cause_title(diagnosis)}.{why}", "bold")
    for evidence in strongest(diagnosis.evidence, _MAX_EVIDENCE):
        yield from _paragraph(f"   {sign(evidence)} ", evidence.text)
    if diagnosis.fix.text != verdict.next:
        yield from _paragraph("Fix:   ", diagnosis.fix.text)
    elif diagnosis.fix.code:
        yield "  Fix:", ""
    for line in diagnosis.fix.code.splitlines():
        yield "         " + shorten(plain_code(line), MAX_TEXT), _CODE


def count_of(count: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def describe_steps(run: Run) -> str:
    """Which steps the verdict speaks of, in words."""
    steps, source = run.report.steps, run.source
    if steps.first is None or steps.last is None:
        return "none"
    parts = [f"{steps.first} to {steps.last}", f"{steps.observed} seen", f"{source.kept} in the log"]
    if run.state == "running":
        parts.append("still running, or killed")
    return ", ".join(parts)


def _name(text: str) -> str:
    return shorten(plain(text), MAX_TEXT)


def _status(run: Run) -> str:
    return run.verdict.status.upper().replace("_", " ")


def _paragraph(label: str, text: str, style: str = "") -> Iterator[Line]:
    """Wrapped text behind a label, indented by two."""
    indent = "  "
    lines = textwrap.wrap(
        indent + label + _name(text),
        WIDTH,
        subsequent_indent=indent + " " * len(label),
        break_on_hyphens=False,
        break_long_words=False,  # names are to be copied whole
    )
    yield from ((line, style) for line in lines)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    cells = [[shorten(plain(cell), WIDTH * 3) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "    " + line.rstrip(), ""
