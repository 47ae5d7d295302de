"""What a run has achieved, against the formulas that it follows."""

from __future__ import annotations

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tb_stability.stats.loss_progress import LossProgress

LOSSES = st.floats(-100.0, 100.0, width=32) | st.just(math.nan)
REPLACED = st.sampled_from([None, False, True])

SMALL = [(0.01 * (-1.0) ** i, False) for i in range(40)]
BLOWN_UP_AND_BACK = [*SMALL, *[(1000.0, False)] * 15, *SMALL[:8]]
"""Far above its best, while the noise changes."""


@settings(max_examples=50)
@example(BLOWN_UP_AND_BACK)
@given(st.lists(st.tuples(LOSSES, REPLACED), min_size=1, max_size=50))
def test_scale_and_best_are_those_of_their_formulas(steps: list[tuple[float, bool | None]]) -> None:
    # Kills: a scale that is measured once too rarely: when an update replaced the weights, and between the
    # new noise and the new best.
    def scale_of(best: float, is_replaced: bool | None) -> float:
        gained = max(progress.initial - best, 0.0)
        share = gained / abs(progress.initial) if progress.initial else 0.0
        doubled = (1.0 if is_replaced else 6.0) * (abs(best) * max(0.0, 1.0 - 3.0 * share))
        return max(0.5 * gained, doubled, 4.0 * progress.noise)

    progress = LossProgress()
    for value, is_replaced in steps:
        before = progress.best
        progress.update(value, weights_replaced=is_replaced)
        if not progress.count:
            assert math.isnan(progress.scale)
            continue
        assert progress.scale == scale_of(progress.best, is_replaced)
        if progress.count > 1 and math.isfinite(value) and progress.level >= before:
            most = 4.0 * scale_of(before, is_replaced)
            rise = min(progress.level - before, most) if most > 0.0 else progress.level - before
            assert progress.best == before + rise / (500 + progress.count)
