"""Runs as Markdown for a pull request or an issue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tb_stability.cli.diagnosis_rows import cause_title
from tb_stability.cli.plain import plain, plain_code
from tb_stability.cli.text import count_of, describe_steps
from tb_stability.cli.window_rows import HEADINGS, window_row
from tb_stability.plugin.run import Run
from tb_stability.report import Diagnosis


def format_markdown(logdir: str, runs: Sequence[Run]) -> str:
    """A table of verdicts, then one section a run with its windows folded in."""
    lines = [
        "### Training stability",
        "",
        *_table(("run", "verdict", "what"), [_summary(run) for run in runs]),
    ]
    for run in runs:
        lines += ["", *_section(run)]
    return "\n".join(lines)


def _summary(run: Run) -> tuple[str, str, str]:
    return run.name, run.verdict.status.replace("_", " "), run.verdict.text


def _section(run: Run) -> Iterator[str]:
    yield f"#### {_escape(run.name)}: {_escape(run.verdict.status.replace('_', ' '))}"
    yield ""
    yield _escape(run.verdict.text)
    yield ""
    yield f"- **Why:** {_escape(run.verdict.why)}"
    yield f"- **Next:** {_escape(run.verdict.next)}"
    yield f"- **Steps:** {_escape(describe_steps(run))}"
    if run.report.cost is not None:
        yield f"- **Cost:** {_escape(run.report.cost.text)}"
    skipped = [f"{check.name} ({check.reason})" for check in run.report.checks if check.status == "skipped"]
    if skipped:
        yield f"- **Not checked:** {_escape('; '.join(skipped))}"
    for problem in run.problems:
        yield f"- **Note:** {_escape(problem)}"
    for diagnosis in run.report.diagnoses:
        yield from _diagnosis(diagnosis)
    if run.report.findings:
        yield ""
        yield f"<details><summary>{count_of(len(run.report.findings), 'finding')}</summary>"
        yield ""
        yield from (f"- {_escape(finding.text)}" for finding in run.report.findings)
        yield ""
        yield "</details>"
    if run.windows:
        yield ""
        yield f"<details><summary>{count_of(len(run.windows), 'window')}</summary>"
        yield ""
        yield from _table(HEADINGS, [window_row(window) for window in run.windows])
        yield ""
        yield "</details>"


def _diagnosis(diagnosis: Diagnosis) -> Iterator[str]:
    yield ""
    yield f"**Cause: {_escape(cause_title(diagnosis))}.** {_escape(diagnosis.why)}"
    yield ""
    for evidence in diagnosis.evidence:
        yield f"- {'for' if evidence.supports else 'against'}: {_escape(evidence.text)}"
    yield f"- **Fix:** {_escape(diagnosis.fix.text)}"
    if diagnosis.fix.code:
        yield ""
        yield "```python"
        # A name could end the block; a code never has three backticks.
        yield from (plain_code(line).replace("```", "") for line in diagnosis.fix.code.splitlines())
        yield "```"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(_escape(cell) for cell in row)} |"


def _escape(text: str) -> str:
    """`text` as Markdown that shows it as it is, without links, mentions or HTML."""
    escaped = re.sub(r"([\\`*_\[\]#|~])", r"\\\1", plain(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
