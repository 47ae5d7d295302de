"""Windows out of scores: patience, cooldown, merging, grouping, severity."""

from __future__ import annotations

import itertools
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.window_builder import Target, WindowBuilder, WindowRules
from tb_stability.windows import Window

LOSS = [Target("loss")]
LAYERS = [Target(f"grad_norm/{name}/kernel", name) for name in "abc"]


def build(scores: list[float], **rules: float) -> tuple[Window, ...]:
    builder = WindowBuilder("loss_spike", LOSS, WindowRules(**rules))  # type: ignore[arg-type]
    for step, score in enumerate(scores):
        builder.update(step, score)
    return builder.windows


def test_evidence_raises_the_alarm_and_the_onset_is_the_first_abnormal_step() -> None:
    (window,) = build([0, 0, 1.5, 1.5, 1.5, 1.5], patience=3.0, most_evidence=1.0)
    assert (window.start_step, window.alarm_step, window.end_step) == (2, 4, None)


def test_a_larger_score_is_more_evidence_up_to_a_limit() -> None:
    assert build([9.0], patience=3.0, most_evidence=2.0) == ()
    assert len(build([9.0, 9.0], patience=3.0, most_evidence=2.0)) == 1


def test_an_onset_without_alarm_is_forgotten_after_the_grace() -> None:
    gap = [0.0] * 3
    assert build([1.0, *gap, 1.0], patience=2.0, grace=2) == ()
    assert len(build([1.0, *gap, 1.0], patience=2.0, grace=3)) == 1


def test_a_window_closes_after_the_cooldown_and_ends_where_it_was_last_abnormal() -> None:
    assert build([1, 1, 0, 0], cooldown=3)[0].end_step is None
    assert build([1, 1, 0, 0, 0], cooldown=3)[0].end_step == 1


def test_between_release_and_1_nothing_changes() -> None:
    (window,) = build([1.0] + [0.8] * 50, cooldown=3, release=0.7)
    assert window.end_step is None


def test_a_score_of_nan_neither_opens_nor_closes() -> None:
    assert build([math.nan] * 50) == ()
    assert build([1.0] + [math.nan] * 50, cooldown=3)[0].end_step is None
    (window,) = build([1.0, math.nan, 1.0], patience=2.0, grace=0)
    assert window.start_step == 0


def test_neighbours_become_one_window() -> None:
    scores = [2.0] + [0.0] * 9 + [5.0] + [0.0] * 5
    (window,) = build(scores, cooldown=3, merge=10)
    assert (window.start_step, window.alarm_step, window.end_step, window.peak_step) == (0, 0, 10, 10)
    assert len(build(scores, cooldown=3, merge=9)) == 2


def test_a_gap_no_longer_than_the_window_before_it_is_bridged() -> None:
    scores = [2.0] * 30 + [0.0] * 25 + [2.0] * 5
    assert len(build(scores, cooldown=3, merge=0)) == 1


def test_a_run_that_keeps_alarming_keeps_few_windows() -> None:
    windows = build(([1.0] + [0.0] * 50) * 300, cooldown=3, merge=0)
    assert len(windows) <= 65
    assert windows[0].start_step == 0
    assert all(a.end_step is not None and a.end_step < b.start_step for a, b in itertools.pairwise(windows))


def test_a_lag_puts_the_onset_that_many_observed_steps_back() -> None:
    builder = WindowBuilder("loss_divergence", LOSS, WindowRules(lag=2))
    for step, score in [(10, 0.0), (20, 0.0), (30, 0.0), (40, 1.0)]:
        builder.update(step, score)
    assert builder.windows[0].start_step == 20


@pytest.mark.parametrize(
    ("scores", "severity"),
    [([1.5] * 2, "info"), ([1.5] * 3, "warning"), ([4.0], "warning"), ([11.0], "critical")],
)
def test_severity_grows_with_the_steps_and_with_the_peak(scores: list[float], severity: str) -> None:
    (window,) = build(scores, warning_steps=3, warning_score=4.0, critical_score=10.0)
    assert window.severity == severity


def test_steps_before_the_alarm_count_for_peak_and_severity() -> None:
    (window,) = build([3.0, 1.0, 1.0], patience=3.0, warning_steps=3)
    assert (window.peak_score, window.peak_step, window.severity) == (3.0, 0, "warning")


def test_layers_that_go_together_share_a_window_in_the_order_of_their_onsets() -> None:
    builder = WindowBuilder("exploding_gradient", LAYERS, WindowRules(patience=2.0))
    for step, scores in enumerate([[0, 0, 1], [1, 0, 1], [1, 0, 1], [1, 0, 1]]):
        builder.update(step, np.array(scores, float))
    (window,) = builder.windows
    assert (window.layer, window.layers, window.series) == ("c", ("c", "a"), "grad_norm/c/kernel")
    assert (window.start_step, window.alarm_step) == (0, 1)


def test_a_layer_that_was_quiet_for_long_joins_as_soon_as_it_is_abnormal() -> None:
    builder = WindowBuilder("exploding_gradient", LAYERS, WindowRules(grace=2))
    for step, scores in enumerate([[1, 0, 0]] * 8 + [[1, 0, 1]]):
        builder.update(step, np.array(scores, float))
    assert builder.windows[0].layers == ("a", "c")


def test_layers_with_one_onset_stay_in_network_order() -> None:
    builder = WindowBuilder("vanishing_gradient", LAYERS, WindowRules())
    builder.update(0, np.array([1.0, 3.0, 2.0]))
    assert builder.windows[0].layers == ("a", "b", "c")


def test_one_score_stands_for_all_targets() -> None:
    builder = WindowBuilder("update_ratio_low", LAYERS, WindowRules(cooldown=2))
    builder.update(0, 1.0)
    assert builder.windows[0].layers == ("a", "b", "c")
    builder.update(1, 0.0)
    builder.update(2, 0.0)
    assert builder.windows[0].end_step == 0


def test_an_update_returns_the_window_when_it_alarms_and_when_it_closes() -> None:
    builder = WindowBuilder("loss_spike", LOSS, WindowRules(patience=2.0, cooldown=2))
    returned = [builder.update(step, score) for step, score in enumerate([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])]
    assert [step for step, window in enumerate(returned) if window is not None] == [1, 4]
    assert returned[4] == builder.windows[0]


def test_other_targets_end_the_open_window() -> None:
    builder = WindowBuilder("exploding_gradient", LAYERS, WindowRules())
    builder.update(0, np.array([1.0, 0.0, 0.0]))
    builder.change_targets(LAYERS[:1])
    assert builder.windows[0].end_step == 0
    builder.update(1, np.array([0.0]))
    assert builder.windows[0].end_step == 0


@given(st.lists(st.sampled_from([0.0, 0.5, 0.9, 1.0, 4.0, math.nan, math.inf]), max_size=120))
def test_windows_are_in_order_and_inside_the_run(scores: list[float]) -> None:
    windows = build(scores, patience=2.0, cooldown=3, merge=4, lag=2)
    for window in windows:
        assert 0 <= window.start_step <= window.alarm_step < len(scores)
        assert window.end_step is None or window.start_step <= window.end_step < len(scores)
        assert window.peak_score >= 1.0
    assert [w.end_step for w in windows[:-1]].count(None) == 0
    assert [w.start_step for w in windows] == sorted(w.start_step for w in windows)


@pytest.mark.parametrize(("score", "uneasy"), [(0.9, False), (1.4, False), (2.0, True)])
def test_what_can_become_no_warning_makes_nobody_uneasy(score: float, uneasy: bool) -> None:
    """Kills: measuring everything because of a window that stays `info`."""
    rules = WindowRules(patience=2.0, warning_steps=sys.maxsize, warning_score=1.5)
    builder = WindowBuilder("loss_oscillation", [Target("loss")], rules)
    for step in range(4):
        builder.update(step, score)
    assert builder.is_uneasy == uneasy
