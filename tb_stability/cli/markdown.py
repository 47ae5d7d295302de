"""Runs as Markdown for a pull request or an issue: what is wrong is open, all else is folded in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from tb_stability.cli.diagnosis_rows import cause_title, skipped_checks, unsaid_findings
from tb_stability.cli.selection import Selection
from tb_stability.cli.text import MAX_TEXT, count_of, describe_steps
from tb_stability.cli.window_rows import HEADINGS, window_row
from tb_stability.groups import Group
from tb_stability.plain import plain, plain_code, shorten
from tb_stability.plugin.run import Run, groups_of, summary_of
from tb_stability.report import Diagnosis, Verdict

_QUIET = ("healthy", "unknown")
"""Statuses of runs that are folded in, where others are not."""

_SIGNS = re.compile(r"[\\`*_\[\]|~$]")  # of Markdown, and of formulas

MAX_WINDOWS = 100
"""Rows of a table: GitHub takes 65,536 characters in a comment."""


def format_markdown(selection: Selection) -> str:
    """A sentence and a table of verdicts, then one section a run with its windows folded in."""
    headings = ["run", "verdict", "what"]
    if selection.baseline is not None:
        headings.append(f"new against {selection.baseline.name}")
    lines = [
        "### Training stability",
        "",
        _escape(summary_of(selection.runs).text),
        "",
        *_table(headings, [_summary(run, selection) for run in selection.runs]),
    ]
    for group in groups_of(selection.runs):
        lines += ["", *_group(group)]
    for run in selection.runs:
        lines += ["", *_section(run)]
    return "\n".join(lines)


def _summary(run: Run, selection: Selection) -> list[str]:
    cells = [run.name, run.verdict.status.replace("_", " "), run.verdict.text]
    if selection.baseline is not None:
        difference = selection.differences.get(run.name)
        cells.append("the baseline" if difference is None else difference.text)
    return cells


def _group(group: Group) -> Iterator[str]:
    yield f"#### Repeated runs {_escape(group.name)}: {group.verdict.status.replace('_', ' ')}"
    yield ""
    yield f"- **Verdict:** {_escape(group.verdict.text)}"
    yield f"- **Why:** {_escape(group.verdict.why)}"
    yield f"- **Next:** {_escape(group.verdict.next)}"
    yield f"- **Runs:** {_escape(', '.join(group.runs))}"
    for diagnosis in group.diagnoses:
        yield from _diagnosis(diagnosis, group.verdict)


def _section(run: Run) -> Iterator[str]:
    status = run.verdict.status.replace("_", " ")
    if run.verdict.status in _QUIET:
        yield from _folded(f"{run.name}: {status}", list(_details(run)))
        return
    yield f"#### {_escape(run.name)}: {status}"
    yield ""
    yield from _details(run)


def _details(run: Run) -> Iterator[str]:
    yield f"- **Verdict:** {_escape(run.verdict.text)}"
    yield f"- **Why:** {_escape(run.verdict.why)}"
    yield f"- **Next:** {_escape(run.verdict.next)}"
    yield f"- **Steps:** {_escape(describe_steps(run))}"
    if run.report.cost is not None:
        yield f"- **Cost:** {_escape(run.report.cost.text)}"
    skipped = skipped_checks(run.report)
    if skipped:
        yield f"- **Not checked:** {_escape(skipped)}"
    for problem in run.problems:
        yield f"- **Note:** {_escape(problem)}"
    for diagnosis in run.report.diagnoses:
        yield from _diagnosis(diagnosis, run.verdict)
    findings = unsaid_findings(run.report)
    if findings:
        yield ""
        items = [f"- {_escape(finding.text)}" for finding in findings]
        yield from _folded(count_of(len(findings), "finding"), items)
    if run.windows:
        rows = [window_row(window) for window in run.windows[:MAX_WINDOWS]]
        more = len(run.windows) - len(rows)
        said = ["", f"... and {count_of(more, 'more window')}; `--format json` has all"] if more else []
        yield ""
        yield from _folded(count_of(len(run.windows), "window"), [*_table(HEADINGS, rows), *said])


def _diagnosis(diagnosis: Diagnosis, verdict: Verdict) -> Iterator[str]:
    """What the verdict has not said yet."""
    why = "" if diagnosis.why in verdict.why else f" {_escape(diagnosis.why)}"
    yield ""
    yield f"**Cause: {_escape(cause_title(diagnosis))}.**{why}"
    yield ""
    for evidence in diagnosis.evidence:
        yield f"- {'for' if evidence.supports else 'against'}: {_escape(evidence.text)}"
    if diagnosis.fix.text != verdict.next:
        yield f"- **Fix:** {_escape(diagnosis.fix.text)}"
    if diagnosis.fix.code:
        yield ""
        yield "```python"
        # A name could end the block; a code never has three backticks.
        for line in diagnosis.fix.code.splitlines():
            yield shorten(plain_code(line), MAX_TEXT).replace("```", "")
        yield "```"


def _folded(summary: str, lines: Sequence[str]) -> Iterator[str]:
    """Lines that are seen after a click."""
    # Between the tags is HTML: a backslash would be seen there.
    text = html.escape(shorten(plain(summary), MAX_TEXT))
    signs = _SIGNS.sub(lambda found: f"&#{ord(found[0])};", text)
    yield f"<details><summary>{_break_links(signs)}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_escape, headings))} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(_escape(cell) for cell in row)} |"


def _escape(text: str) -> str:
    """`text` as Markdown that shows it as it is, without links, mentions, formulas or HTML."""
    escaped = _SIGNS.sub(r"\\\g<0>", shorten(plain(text), MAX_TEXT))
    return _break_links(html.escape(escaped, quote=False))


def _break_links(text: str) -> str:
    """Puts a space without width where GitHub would see a mention, an issue or an address.

    It looks for these after Markdown is done, when escapes are gone.
    """
    text = re.sub(r"@|(?<!&)#", r"\g<0>&#8203;", text)
    return re.sub(r"(?i)://|\bwww\.", lambda found: f"{found[0][:-1]}&#8203;{found[0][-1]}", text)
