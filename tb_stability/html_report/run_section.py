"""The section of one run: what the tab shows of it, from top to bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tb_stability.baseline import Difference
from tb_stability.html_report import cards
from tb_stability.html_report.formats import format_step
from tb_stability.html_report.heatmap import heatmap_picture
from tb_stability.html_report.lanes import lanes
from tb_stability.html_report.line_chart import line_chart
from tb_stability.html_report.markup import Html, element, name, sentence
from tb_stability.html_report.pictures import Pictures
from tb_stability.plugin.run import Run

_CHARTS = (
    ("Loss", "loss", {"loss": "loss", "val_loss": "validation"}, 130.0),
    ("Learning rate", "learning_rate", {"learning_rate": "learning rate"}, 64.0),
    ("Gradient norm", "grad_norm", {"grad_norm": "raw", "clipped_grad_norm": "clipped"}, 110.0),
)
"""Title, measure, the label of each scalar, and height; those that the run lacks are left out."""

_CLOSE_UPS = ("loss", "grad_norm")

_CONTEXT = 0.75  # steps before and behind a close-up, as a share of it
_FEWEST_STEPS = 30
_WORTH_A_CLOSE_UP = 0.4  # of the run; a longer part can be seen in the whole

_HEATMAPS = {
    "grad_norm": "Gradient norm, by layer",
    "update_ratio": "Update norm / weight norm, by layer; around 1e-3 is usual",
}


def close_up_steps(run: Run) -> tuple[int, int] | None:
    """The steps in which trouble began, from first to last; None where the whole run shows them well.

    They reach from the first window that is not only information to the last onset or alarm of one that
    had begun by then, and some further on both sides.
    """
    serious = [w for w in run.windows if w.severity != "info"]
    steps = run.report.steps
    if not serious or steps.first is None or steps.last is None:
        return None
    first = min(w.start_step for w in serious)
    last = max(w.alarm_step for w in serious if w.start_step == first)
    for window in sorted(serious, key=lambda w: w.start_step):
        if window.start_step <= last + _FEWEST_STEPS:
            last = max(last, window.alarm_step)
    around = round(max(_CONTEXT * (last - first + 1), _FEWEST_STEPS / 2))
    first, last = max(steps.first, first - around), min(steps.last, last + around)
    return (first, last) if last - first < _WORTH_A_CLOSE_UP * (steps.last - steps.first) else None


def run_section(
    run: Run,
    pictures: Pictures | None,
    *,
    anchor: str,
    close_up: Pictures | None = None,
    missing: str = "",
    difference: Difference | None = None,
) -> Html:
    """One run.

    Args:
      run: Its report.
      pictures: Of its steps; None where there are none.
      close_up: Of those where trouble began; None where there is none.
      anchor: What links to it.
      missing: Why it has no pictures; `""` where it has some.
      difference: What is new against the baseline; None where there is none, or it is the baseline.
    """
    report = run.report
    return element(
        "section",
        element("h2", name(run.name), class_="run"),
        cards.verdict_card(run, heading="h3"),
        element("p", "Against the baseline: ", sentence(difference.text)) if difference else None,
        cards.diagnosis_cards(report.diagnoses),
        *_drawn(run, pictures, close_up),
        element("p", missing, class_="muted") if missing else None,
        cards.windows_table(run.windows),
        cards.findings_list(run),
        cards.checks_list(run),
        cards.configuration_table(run),
        cards.first_batch_table(report.first_batch),
        id=anchor,
    )


def _drawn(run: Run, pictures: Pictures | None, close_up: Pictures | None) -> Iterator[Html]:
    if close_up is not None:
        first, last = format_step(close_up.first_step), format_step(close_up.last_step)
        yield element("h3", f"Where it began: steps {first} to {last}")
        yield from _charts(run, close_up, _CLOSE_UPS)
    drawn = [element("figure", lanes([run], named=False))] if run.windows else []
    if pictures is not None:
        drawn += _charts(run, pictures, [measure for _, measure, _, _ in _CHARTS])
        drawn += [
            element("figure", heatmap_picture(title, pictures.heatmaps[measure], pictures))
            for measure, title in _HEATMAPS.items()
            if measure in pictures.heatmaps
        ]
    if drawn:
        yield element("h3", "The whole run")
        yield from drawn


def _charts(run: Run, pictures: Pictures, measures: Collection[str]) -> Iterator[Html]:
    for title, measure, labels, height in _CHARTS:
        lines = {
            label: pictures.lines[scalar] for scalar, label in labels.items() if scalar in pictures.lines
        }
        if lines and measure in measures:
            chart = line_chart(title, lines, pictures, run.windows, measure=measure, height=height)
            yield element("figure", chart)
