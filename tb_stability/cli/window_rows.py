"""Windows as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_stability.windows import Window

HEADINGS = ("severity", "kind", "layer", "steps", "alarm", "peak")

_SEVERITIES = ("critical", "warning", "info")


def most_severe(windows: Sequence[Window], limit: int) -> list[Window]:
    """The `limit` most severe windows, by `start_step`."""
    ranked = sorted(windows, key=lambda w: (_SEVERITIES.index(w.severity), w.start_step))
    return sorted(ranked[:limit], key=lambda w: w.start_step)


def window_row(window: Window) -> tuple[str, ...]:
    """The cells of one window, under `HEADINGS`."""
    more = len(window.layers) - 1
    layer = (window.layer or "-") + (f" +{more}" if window.layer and more > 0 else "")
    end = "end" if window.end_step is None else str(window.end_step)
    return (
        window.severity,
        window.kind,
        layer,
        f"{window.start_step}-{end}",
        str(window.alarm_step),
        f"{_score(window.peak_score)} at {window.peak_step}",
    )


def _score(score: float) -> str:
    """In thresholds; without bound where a value was not finite."""
    return f"{score:.3g}x" if math.isfinite(score) else "NaN/Inf"
