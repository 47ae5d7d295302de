"""The evidence matrix: figures over the outcomes of many programs, as tables and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence

from corpus_grid import SPLITS, Grid
from detect_judging import Outcome

from tb_stability.windows import Window


def figures(outcomes: Sequence[Outcome]) -> dict[str, float | int | None]:
    """The figures over some programs by name; None where there is nothing to count."""
    faults = [x for x in outcomes if _counts_as_fault(x)]
    healthy = [x for x in outcomes if x.is_healthy]
    alarms = sum(len(x.false_alarms) for x in healthy)
    steps = sum(x.steps for x in healthy)
    errors = [x.onset_error for x in faults if x.onset_error is not None]
    delays = [x.delay for x in faults if x.delay is not None]
    overlaps = [x.overlap for x in faults if x.overlap is not None]
    layers = [x.is_layer_right for x in faults if x.is_layer_right is not None]
    return {
        "faults": len(faults),
        "recall": _share(bool(x.right) for x in faults),
        "healthy_runs": len(healthy),
        "healthy_runs_with_alarm": sum(bool(x.false_alarms) for x in healthy),
        "false_alarms_per_run": alarms / len(healthy) if healthy else None,
        "false_alarms_per_10000_steps": 1e4 * alarms / steps if steps else None,
        "early_alarms": sum(len(x.false_alarms) for x in faults),
        "onset_error_median": statistics.median(errors) if errors else None,
        "onset_error_p90": _p90(errors),
        "delay_median": statistics.median(delays) if delays else None,
        "delay_p90": _p90(delays),
        "window_iou_median": statistics.median(overlaps) if overlaps else None,
        "window_iou_mean": statistics.mean(overlaps) if overlaps else None,
        "layer_top1": _share(layers),
    }


def summary(outcomes: Sequence[Outcome]) -> Grid:
    """All figures, the parts of the corpus side by side."""
    columns = {split: figures([x for x in outcomes if x.split == split]) for split in SPLITS}
    rows = [
        [name.replace("_", " "), *(_text(columns[split][name]) for split in SPLITS)]
        for name in columns["tuned"]
    ]
    return Grid("All programs", ["", *(split.replace("_", " ") for split in SPLITS)], rows)


def recall_by_fault(outcomes: Sequence[Outcome], split: str) -> Grid:
    """Found / programs for each fault and architecture, and the figures of what was planted."""
    chosen = [x for x in outcomes if x.split == split and _counts_as_fault(x)]
    architectures = list(dict.fromkeys(sorted(x.architecture for x in chosen)))
    rows = []
    for kind, of_kind in _by(chosen, lambda x: x.kind).items():
        cells = [_found([x for x in of_kind if x.architecture == name]) for name in architectures]
        figure = figures(of_kind)
        planted = [
            _text(figure[name])
            for name in ("onset_error_median", "delay_median", "window_iou_median", "layer_top1")
        ]
        rows.append([kind, *cells, _found(of_kind), *planted])
    heads = ["fault", *architectures, "all", "onset error", "delay", "IoU", "layer"]
    return Grid(f"Faults found, {split.replace('_', ' ')}", heads, rows)


def alarms_by_kind(outcomes: Sequence[Outcome]) -> Grid:
    """False alarms in healthy runs."""
    healthy = [x for x in outcomes if x.is_healthy]
    rows = []
    for kind, of_kind in _by(healthy, lambda x: x.kind).items():
        cells = []
        for split in SPLITS:
            part = [x for x in of_kind if x.split == split]
            figure = figures(part)
            cells += [str(len(part)), _text(figure["false_alarms_per_run"])]
            cells.append(_text(figure["false_alarms_per_10000_steps"]))
        rows.append([kind, *cells])
    heads = [
        f"{split.replace('_', ' ')}: {x}" for split in SPLITS for x in ("runs", "per run", "per 10,000 steps")
    ]
    return Grid("Alarms in healthy runs", ["kind", *heads], rows)


def misses(outcomes: Iterable[Outcome]) -> Grid:
    """The faults that were not found, by name."""
    rows = [
        [x.name, x.split, x.status, _windows(x.windows)]
        for x in outcomes
        if _counts_as_fault(x) and not x.right
    ]
    return Grid("Misses", ["program", "split", "verdict", "windows"], sorted(rows))


def false_alarms(outcomes: Iterable[Outcome]) -> Grid:
    """The alarms where nothing is wrong, or not yet, by name."""
    rows = [[x.name, x.split, x.status, _windows(x.false_alarms)] for x in outcomes if x.false_alarms]
    return Grid("False alarms", ["program", "split", "verdict", "windows"], sorted(rows))


def traceless(outcomes: Iterable[Outcome]) -> Grid:
    """The faults that nothing recorded shows: neither found nor missed."""
    rows = [[x.name, x.split, _windows(x.windows), x.traceless] for x in outcomes if x.traceless]
    return Grid("Faults without a trace", ["program", "split", "windows", "because"], sorted(rows))


def doubts(outcomes: Iterable[Outcome]) -> Grid:
    """The programs whose losses speak against their label."""
    rows = [[x.name, "healthy" if x.is_healthy else "fault", x.doubt] for x in outcomes if x.doubt]
    return Grid("Labels in doubt", ["program", "label", "because"], sorted(rows))


def _counts_as_fault(outcome: Outcome) -> bool:
    return not outcome.is_healthy and not outcome.traceless


def _by(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=key):
        groups.setdefault(key(outcome), []).append(outcome)
    return groups


def _found(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(bool(x.right) for x in outcomes)}/{len(outcomes)}" if outcomes else ""


def _windows(windows: Iterable[Window]) -> str:
    return ", ".join(
        f"{w.kind} {w.start_step}-{'' if w.end_step is None else w.end_step}"
        f"{f' {w.layer}' if w.layer else ''}{' (info)' if w.severity == 'info' else ''}"
        for w in windows
    )


def _share(values: Iterable[bool]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None


def _p90(values: Sequence[int]) -> float | None:
    return sorted(values)[int(0.9 * (len(values) - 1) + 0.5)] if values else None


def _text(value: float | int | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3g}"
