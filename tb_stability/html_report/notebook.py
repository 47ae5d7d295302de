"""Runs as cells of a notebook: what `_repr_html_` of `LoadedRun` and `Runs` answers."""

from __future__ import annotations

from collections.abc import Sequence

from tb_stability.html_report.cards import diagnosis_cards, status_badge, table, verdict_card, windows_table
from tb_stability.html_report.markup import Html, element, name, sentence
from tb_stability.html_report.symptoms import STATUS_NAMES
from tb_stability.plugin.run import Run, summary_of

MAX_ROWS = 200
"""Runs in a table; more are counted."""

# A notebook has a ground of its own, light or dark: these colours can be read on both.
_COLORS = ("#d32f45", "#d9622b", "#8e6fd8", "#b08600", "#808080", "#2e9e4f")
_STYLE = (
    ".tb-stability{max-width:1000px;line-height:1.45}"
    ".tb-stability table{border-collapse:collapse;margin:6px 0;font-size:inherit}"
    ".tb-stability th,.tb-stability td{padding:3px 12px 3px 0;text-align:left;vertical-align:top}"
    ".tb-stability h3,.tb-stability h4{margin:8px 0 4px;font-size:1.05em}"
    ".tb-stability h5{margin:6px 0 0;font-weight:400;opacity:.7}"
    ".tb-stability p,.tb-stability ul{margin:4px 0}"
    ".tb-stability .confidence{padding:0 7px;border:1px solid;border-radius:9px;font-weight:400}"
    ".tb-stability .muted,.tb-stability dt{opacity:.7}"
    ".tb-stability dl{margin:4px 0}.tb-stability dd{margin:0 0 4px}"
    ".tb-stability .badge{padding:1px 8px;border-radius:4px;color:#fff;white-space:nowrap}"
    ".tb-stability .verdict,.tb-stability .card{padding:2px 12px;margin:6px 0;border-left:4px solid #8888}"
    ".tb-stability pre{padding:6px 10px;border:1px solid #8886;white-space:pre-wrap}"
) + "".join(
    f".tb-stability .badge.status-{status}{{background:{color}}}"
    f".tb-stability .verdict.status-{status}{{border-color:{color}}}"
    for status, color in zip(STATUS_NAMES, _COLORS, strict=True)
)


def run_html(run: Run) -> str:
    """The verdict of a run, what explains it, and its windows."""
    return _cell(verdict_card(run, heading="h3"), diagnosis_cards(run.diagnoses), windows_table(run.windows))


def runs_html(runs: Sequence[Run]) -> str:
    """A sentence, and the verdicts of runs as a table."""
    rows = [
        (name(run.name), status_badge(run.verdict.status), sentence(run.verdict.text))
        for run in runs[:MAX_ROWS]
    ]
    more = len(runs) - len(rows)
    return _cell(
        element("p", element("strong", sentence(summary_of(runs).text))),
        table(("Run", "Verdict", "What"), rows),
        element("p", f"and {more} more", class_="muted") if more else None,
    )


def _cell(*content: Html | None) -> Html:
    return element("div", element("style", Html(_STYLE)), *content, class_="tb-stability")
