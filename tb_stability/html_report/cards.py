"""The parts of a run that are text: its verdict, what explains it, and what was found and looked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tb_stability.checks import Check
from tb_stability.diagnosis.words import plural, title
from tb_stability.html_report.formats import format_number, format_score, format_span, format_step
from tb_stability.html_report.markup import Content, Html, code_block, element, join, name, sentence
from tb_stability.html_report.symptoms import STATUS_NAMES, SYMPTOMS, kind_class, symptom
from tb_stability.plugin.run import Run
from tb_stability.report import Diagnosis, Evidence, Status, TensorRange
from tb_stability.windows import Outcome, Severity, Window

MAX_WINDOWS = 100
"""Rows of a table of windows; a run can have thousands."""

_RANK: tuple[Severity, ...] = ("critical", "warning", "info")


def status_badge(status: Status) -> Html:
    """The verdict's one word."""
    return element("span", STATUS_NAMES[status], class_=f"badge status-{status}")


def verdict_card(run: Run, *, heading: str = "h2") -> Html:
    """Verdict, why, next, and what the verdict is about."""
    verdict = run.verdict
    said = [("Why", verdict.why), ("Next", verdict.next)]
    problems = [problem for problem in run.problems if problem != verdict.why]
    return element(
        "div",
        element(heading, status_badge(verdict.status), " ", sentence(verdict.text)),
        _facts((label, sentence(text)) for label, text in said if text),
        element("ul", *(element("li", sentence(p)) for p in problems), class_="problems")
        if problems
        else None,
        element("p", *_source(run), class_="muted"),
        class_=f"verdict status-{verdict.status}",
    )


def _source(run: Run) -> Iterator[Content]:
    steps, source = run.report.steps, run.source
    yield "Run "
    yield name(run.name)
    parts = []
    if steps.first is not None and steps.last is not None:
        counted = "batches" if source.axis == "batch" else f"{source.axis}s"
        parts.append(f"{counted} {format_step(steps.first)} to {format_step(steps.last)}")
    parts.append(f"{plural(steps.observed, 'step')} observed")
    if source.sampled:
        of = "an unknown number" if source.of is None else format_step(source.of)
        parts.append(f"sampled: {format_step(source.kept)} of {of} kept")
    if not source.recorded:
        parts.append("not recorded by this package, replayed from its series")
    if run.state == "running" and steps.last is not None:
        parts.append("still being written, or ended by force")
    if run.report.cost is not None:
        parts.append(run.report.cost.text.rstrip("."))
    yield sentence(f": {' · '.join(parts)}.")


def diagnosis_cards(diagnoses: Sequence[Diagnosis]) -> Html | None:
    """What explains the windows, surest first."""
    if not diagnoses:
        return None
    return element("div", element("h3", "What explains it"), *map(_diagnosis_card, diagnoses))


def _diagnosis_card(diagnosis: Diagnosis) -> Html:
    where = join([" in ", name(diagnosis.layer)]) if diagnosis.layer is not None else None
    heading = element(
        "h4",
        element("span", diagnosis.confidence, class_=f"confidence {diagnosis.confidence}"),
        " ",
        title(diagnosis.cause),
        element("small", f" from step {format_step(diagnosis.first_step)}", where),
    )
    fix = diagnosis.fix
    return element(
        "div",
        heading,
        element("p", sentence(diagnosis.why)),
        _evidence("For", [e for e in diagnosis.evidence if e.supports]),
        _evidence("Against", [e for e in diagnosis.evidence if not e.supports]),
        element("h5", "What to change"),
        element("p", sentence(fix.text)),
        code_block(fix.code) if fix.code else None,
        class_="card",
    )


def _evidence(heading: str, evidence: Sequence[Evidence]) -> Html | None:
    if not evidence:
        return None
    items = [element("li", sentence(one.text)) for one in evidence]
    return join([element("h5", heading), element("ul", *items)])


def windows_table(windows: Sequence[Window]) -> Html | None:
    """The windows, by their first step; of very many the most severe."""
    if not windows:
        return None
    ranked = sorted(windows, key=lambda w: (_RANK.index(w.severity), w.start_step))
    shown = sorted(ranked[:MAX_WINDOWS], key=lambda w: w.start_step)
    left_out = len(windows) - len(shown)
    more = f"{plural(left_out, 'more window')}; tb-stability check --format json has all."
    headings = ("", "Window", "Where", "Steps", "Sure at", "Peak", "Severity", "Outcome")
    return join(
        [
            element("h3", "Windows"),
            table(headings, map(_window_row, shown), class_="windows"),
            element("p", more, class_="muted") if left_out else None,
        ]
    )


_OUTCOMES: Mapping[Outcome, str] = {
    "recovered": "recovered",
    "run_ended": "lasted to the end",
    "non_finite": "ended in NaN or Inf",
}


def _window_row(window: Window) -> tuple[Content, ...]:
    found, more = symptom(window.kind), len(window.layers) - 1
    letter = element(
        "span", found.letter, class_=f"letter {kind_class(window.kind)} severity-{window.severity}"
    )
    others = f" and {more} more" if more > 0 else None
    peak = f"{format_score(window.peak_score)} at {format_step(window.peak_step)}"
    return (
        letter,
        found.name,
        join([name(window.layer or window.series), others]),
        format_span(window),
        format_step(window.alarm_step),
        peak,
        window.severity,
        _OUTCOMES[window.outcome] if window.outcome else "open" if window.end_step is None else "",
    )


def findings_list(run: Run) -> Html | None:
    """What is noteworthy of the model, the optimizer and the data."""
    findings = run.report.findings
    if not findings:
        return None
    items = [element("li", sentence(finding.text)) for finding in findings]
    note = element("p", "Information: most of it harms nothing.", class_="muted")
    return join([element("h3", "What was noticed of the model"), note, element("ul", *items)])


def checks_list(run: Run) -> Html | None:
    """What was looked for, and what could not be."""
    checks = run.report.checks
    if not checks:
        return None
    skipped = [
        element("li", _check_name(check), ": ", sentence(check.reason))
        for check in checks
        if check.status == "skipped"
    ]
    ran = ", ".join(_check_name(check) for check in checks if check.status == "ran")
    return join(
        [
            element("h3", "What was not checked, and why"),
            element("ul", *skipped) if skipped else element("p", "Nothing: every check ran."),
            element("p", f"Checked: {ran}.", class_="muted") if ran else None,
        ]
    )


def _check_name(check: Check) -> str:
    """A check looks for a kind of window, or for a finding."""
    return SYMPTOMS[check.name].name if check.name in SYMPTOMS else title(check.name)


def first_batch_table(tensors: Sequence[TensorRange]) -> Html | None:
    """The tensors of the first batch."""
    if not tensors:
        return None
    rows = (
        (
            name(f"{t.role} {t.name}".strip()),
            " × ".join(map(str, t.shape)) or "scalar",
            name(t.dtype),
            *map(format_number, (t.min, t.max, t.mean)),
            *map(format_step, (t.nan, t.inf)),
        )
        for t in tensors
    )
    headings = ("Tensor", "Shape", "Type", "Min", "Max", "Mean", "NaN", "Inf")
    return join([element("h3", "First batch"), table(headings, rows)])


def configuration_table(run: Run) -> Html | None:
    """What the run was trained with; None where that was not recorded."""
    if run.configuration is None:
        return None
    known = {
        label.replace("_", " "): value for label, value in run.configuration.items() if value is not None
    }
    facts = ((label, _value(value)) for label, value in known.items())
    return join([element("h3", "Configuration"), _facts(facts, class_="configuration")])


def _value(value: str | float) -> Html:
    if isinstance(value, str):
        return name(value)
    whole = math.isfinite(value) and value == int(value)
    return name(format_step(int(value)) if whole else format_number(value))


def table(headings: Sequence[str], rows: Iterable[Sequence[Content]], **attributes: object) -> Html:
    """A table with a heading above each column."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return element("table", element("thead", head), element("tbody", *body), **attributes)


def _facts(facts: Iterable[tuple[str, Html]], **attributes: object) -> Html:
    pairs = (element("div", element("dt", label), element("dd", text)) for label, text in facts)
    return element("dl", *pairs, **attributes)
