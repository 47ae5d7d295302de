"""The page: one file with everything in it."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import importlib.resources
from collections.abc import Mapping, Sequence

from tb_stability.baseline import Difference
from tb_stability.groups import Group
from tb_stability.html_report.cards import diagnosis_cards, status_badge, table
from tb_stability.html_report.lanes import lanes
from tb_stability.html_report.markup import MAX_NAME, Html, element, join, name, sentence
from tb_stability.html_report.symptoms import STATUS_NAMES, kind_class, symptom
from tb_stability.plain import plain, shorten
from tb_stability.plugin.run import Run, groups_of, summary_of
from tb_stability.summary.metadata import VERSION
from tb_stability.version import __version__

MOST_LANES = 40
"""Runs whose windows are drawn together, the worst ones."""

GENERATOR = "tb-stability"
"""What the page says that it was made by."""

OPENING = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    f'<meta name="generator" content="{GENERATOR}'
)
"""What every report starts with; so a file can be told to be one."""

_INTRODUCTION = (
    "Stability looked at the loss, the gradients and the weights of these trainings, step by step, for signs "
    "that one breaks. A stretch of steps with such a sign is a window; a peak of 1 × threshold is just "
    "abnormal. Of each run follow the verdict, what explains it and what to change, the windows on its "
    "curves, and what could not be checked."
)


@dataclasses.dataclass(frozen=True)
class Contents:
    """What is in a report.

    Attributes:
      logdir: Where the runs are.
      runs: All of them.
      sections: The section of each.
      made: When; with a time zone.
      baseline: The name of the run that the others are compared with; None without.
      differences: By run, what is new against it.
    """

    logdir: str
    runs: Sequence[Run]
    sections: Sequence[Html]
    made: datetime.datetime
    baseline: str | None = None
    differences: Mapping[str, Difference] = dataclasses.field(default_factory=dict)


def anchor(number: int) -> str:
    """The address of the section of a run inside of the page, by the run's place."""
    return f"run-{number}"


def report_page(contents: Contents) -> str:
    """The whole file."""
    style = importlib.resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    # Nothing is fetched, run or sent, whatever a name out of a log may try.
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = join(
        [
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", f"Stability: {shorten(plain(summary_of(contents.runs).text), MAX_NAME)}"),
            element("style", Html(style)),
        ]
    )
    return f'{OPENING} {__version__}">{head}</head>{element("body", _body(contents))}</html>\n'


def _body(contents: Contents) -> Html:
    runs = contents.runs
    made = contents.made.strftime("%Y-%m-%d %H:%M %Z")
    rank = list(STATUS_NAMES)
    worst = sorted(runs, key=lambda run: rank.index(run.verdict.status))[:MOST_LANES]
    drawn = [run for run in runs if run in worst]
    overview = lanes(drawn) if len(runs) > 1 and any(run.windows for run in drawn) else None
    letters = _letters(runs)
    return join(
        [
            element(
                "header",
                element("h1", "Stability"),
                element("p", sentence(summary_of(runs).text), class_="summary"),
                element(
                    "p", "Runs in ", name(contents.logdir), f", read {made}. ", _INTRODUCTION, class_="muted"
                ),
            ),
            _overview(contents),
            _groups(runs),
            element("h2", "Windows of all runs") if overview else None,
            element("figure", overview) if overview else None,
            letters if overview else None,  # where they are first met
            *contents.sections,
            None if overview else letters,
            element(
                "footer",
                f"Made by tb-stability {__version__}, which reads version {VERSION} of the log format.",
                class_="muted",
            ),
        ]
    )


def _overview(contents: Contents) -> Html:
    headings = ["Run", "Verdict", "What"]
    if contents.baseline is not None:
        headings.append("New against the baseline")
    rows = []
    for number, run in enumerate(contents.runs):
        link = element("a", name(run.name), href=f"#{anchor(number)}")
        row = [link, status_badge(run.verdict.status), sentence(run.verdict.text)]
        if contents.baseline is not None:
            difference = contents.differences.get(run.name)
            row.append(sentence(difference.text) if difference else element("em", "the baseline"))
        rows.append(row)
    return table(headings, rows, class_="overview")


def _groups(runs: Sequence[Run]) -> Html | None:
    """Repeated runs, judged together."""
    groups = groups_of(runs)
    if not groups:
        return None
    return element("section", element("h2", "Repeated runs"), *map(_group_card, groups))


def _group_card(group: Group) -> Html:
    verdict = group.verdict
    runs = [join([", " if place else None, name(run)]) for place, run in enumerate(group.runs)]
    return element(
        "div",
        element("h4", status_badge(verdict.status), " ", name(group.name), ": ", sentence(verdict.text)),
        element("p", sentence(verdict.why)),
        element("p", sentence(verdict.next)),
        element("p", "Runs: ", *runs, class_="muted"),
        diagnosis_cards(group.diagnoses),
        class_="card",
    )


def _letters(runs: Sequence[Run]) -> Html | None:
    """What the letters in the pictures mean, those that there are."""
    kinds = dict.fromkeys(window.kind for run in runs for window in run.windows)
    if not kinds:
        return None
    known = [(symptom(kind), kind_class(kind)) for kind in sorted(kinds)]
    rows = [
        (element("span", found.letter, class_=f"letter {style} severity-warning"), found.name, found.meaning)
        for found, style in known
    ]
    return element("div", element("h3", "What the letters mean"), table(("", "Window", "Meaning"), rows))
