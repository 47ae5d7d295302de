"""A recording as a budget thins it: which of its steps are seen in full."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import pytest

from tb_stability.monitor import Monitor
from tb_stability.series import StepValues
from tb_stability.windows import Window
from tests import synthetic

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(("nan_at", "full_from_on"), [(None, None), (150, 160)])
def test_the_first_steps_and_those_after_an_alarm_are_seen_in_full(
    nan_at: int | None, full_from_on: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    judging = importlib.import_module("detect_judging")
    recording = importlib.import_module("faults.recording")
    full: list[int] = []

    class Watched(Monitor):
        def update(self, step: int, values: StepValues) -> list[Window]:
            if values.variables:
                full.append(step)
            return super().update(step, values)

    monkeypatch.setattr(judging, "Monitor", Watched)
    loss = synthetic.learning(steps=200)
    if nan_at is not None:
        loss[nan_at:] = math.nan
    layout = synthetic.layout(1)
    steps = list(enumerate(synthetic.network(loss, layout)))
    monitor = judging.replay_thinned(
        recording.Recording([recording.Segment(layout, steps)], Monitor().report()), 8
    )
    expected = {*range(64), *range(64, 200, 8), *range(full_from_on or 200, 200)}
    assert full == sorted(expected)
    assert monitor.report().steps.observed == 200
