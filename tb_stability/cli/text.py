"""Runs as text for a terminal or a plain log: one block a run."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from tb_stability.cli.diagnosis_rows import cause_title, sign, strongest, unsaid_findings
from tb_stability.cli.plain import plain, plain_code
from tb_stability.cli.window_rows import HEADINGS, most_severe, window_row
from tb_stability.plugin.run import Run
from tb_stability.report import Diagnosis

WIDTH = 100
"""Columns; fixed, so that the log of one machine compares with that of another."""

_MAX_EVIDENCE = 4
_MAX_FINDINGS = 4
_MAX_WINDOWS = 8
"""Rows of a run's table: a verdict should fit on a screen. `--format json` has them all."""


def format_text(logdir: str, runs: Sequence[Run]) -> str:
    """All runs, and a last line that counts them."""
    counts = Counter(run.verdict.status for run in runs)
    summary = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    total = f"{count_of(len(runs), 'run')} in {plain(logdir)}: {summary}"
    return "\n\n".join(["\n".join(_run_lines(run)) for run in runs] + [total])


def _run_lines(run: Run) -> Iterator[str]:
    yield f"{plain(run.name)}: {run.verdict.status.upper().replace('_', ' ')}"
    yield from _paragraph("", run.verdict.text)
    yield from _paragraph("Why:  ", run.verdict.why)
    yield from _paragraph("Next: ", run.verdict.next)
    for diagnosis in run.report.diagnoses[:1]:
        yield from _diagnosis_lines(diagnosis)
    for diagnosis in run.report.diagnoses[1:]:
        yield from _paragraph("Or:    ", f"{cause_title(diagnosis)}. {diagnosis.why}")
    shown = most_severe(run.windows, _MAX_WINDOWS)
    if shown:
        yield from _table([HEADINGS, *(window_row(window) for window in shown)])
    if len(shown) < len(run.windows):
        yield f"  ... and {count_of(len(run.windows) - len(shown), 'more window')}; --format json has all"
    findings = unsaid_findings(run.report)
    for finding in findings[:_MAX_FINDINGS]:
        yield from _paragraph("Noted: ", finding.text)
    if len(findings) > _MAX_FINDINGS:
        yield f"  ... and {count_of(len(findings) - _MAX_FINDINGS, 'more finding')}; --format json has all"
    for check in run.report.checks:
        if check.status == "skipped":
            yield from _paragraph("Not checked: ", f"{check.name}, since {check.reason}")
    yield from _paragraph("Steps: ", describe_steps(run))
    if run.report.cost is not None:
        yield from _paragraph("", run.report.cost.text)
    for problem in run.problems:
        yield from _paragraph("Note: ", problem)


def _diagnosis_lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield from _paragraph("Cause: ", f"{cause_title(diagnosis)}. {diagnosis.why}")
    for evidence in strongest(diagnosis.evidence, _MAX_EVIDENCE):
        yield from _paragraph(f"   {sign(evidence)} ", evidence.text)
    yield from _paragraph("Fix:   ", diagnosis.fix.text)
    for line in diagnosis.fix.code.splitlines():
        yield "         " + plain_code(line)


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


def _paragraph(label: str, text: str) -> list[str]:
    """Wrapped text behind a label, indented by two."""
    indent = "  "
    return textwrap.wrap(
        indent + label + plain(text),
        WIDTH,
        subsequent_indent=indent + " " * len(label),
        break_on_hyphens=False,
        break_long_words=False,  # names are to be copied whole
    )


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
