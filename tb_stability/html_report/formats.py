"""Numbers and steps as text, as the tab writes them. What is not finite is written out: it is the point."""

from __future__ import annotations

import math

from tb_stability.windows import Window

_LARGE, _SMALL = 1e5, 1e-3  # beyond, a number is written with a power of ten


def format_number(value: float) -> str:
    """Four significant digits; powers of ten where the plain form is long.

    >>> [format_number(x) for x in (0.01, 123456.0, float("inf"), float("nan"))]
    ['0.01', '1.23e5', 'Inf', 'NaN']
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    return f"{value:.4g}" if _SMALL <= abs(value) < _LARGE else _power_of_ten(value)


def format_tick(value: float) -> str:
    """As short as an axis needs.

    >>> [format_tick(x) for x in (0.0, 0.5, 1000.0, 1e16, 1e-3)]
    ['0', '0.5', '1000', '1e16', '1e-3']
    """
    return f"{value:.6g}" if value == 0 or 1e-2 <= abs(value) < _LARGE else _power_of_ten(value)


def format_step(step: int) -> str:
    """`12,345`."""
    return f"{step:,}"


def format_span(window: Window) -> str:
    """`steps 120 to 180`, `step 5`, `from step 40 on`."""
    start, end = window.start_step, window.end_step
    if end is None:
        return f"from step {format_step(start)} on"
    return (
        f"step {format_step(start)}" if start == end else f"steps {format_step(start)} to {format_step(end)}"
    )


def format_score(score: float) -> str:
    """`2.5 × threshold`; a score without bound means that a value was not finite."""
    if not math.isfinite(score):
        return "NaN or Inf"
    return f"{format_number(round(score)) if score >= 100 else f'{score:.1f}'} × threshold"


def _power_of_ten(value: float) -> str:
    digits, power = f"{value:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
