"""How often calls are measured and fetched."""

from __future__ import annotations

import math

import pytest

from tb_stability.budget import FIRST_UPDATES
from tb_stability.callbacks import call_pace
from tb_stability.callbacks.call_pace import (
    DRAIN_FULL_UPDATES,
    DRAIN_SHARE,
    DRAIN_UPDATES,
    FIRST_DRAINS,
    FIRST_SAMPLES,
    CallPace,
)
from tb_stability.callbacks.clocks import Clocks


def _calls_until_drain(pace: CallPace, seconds: float = 1e-3) -> int:
    calls = 0
    while not pace.is_drain_due():
        pace.took(Clocks(seconds, seconds))
        calls += 1
    assert len(pace.take_calls()) == calls
    pace.fetched(calls, calls)
    return calls


def test_the_first_call_is_fetched_at_once_the_first_updates_often_and_the_others_together() -> None:
    """Kills: judging a failure of the first steps late; fetching every few updates for ever."""
    pace = CallPace(0.03, updates_per_call=1)
    assert _calls_until_drain(pace) == 1
    while pace.updates < FIRST_UPDATES:
        assert _calls_until_drain(pace) == FIRST_DRAINS
    while pace.updates < DRAIN_UPDATES / DRAIN_SHARE:
        before = pace.updates
        assert FIRST_DRAINS <= _calls_until_drain(pace) <= max(FIRST_DRAINS, before / 8)
    assert _calls_until_drain(pace) == DRAIN_FULL_UPDATES  # as long as everything is measured
    pace.plan(lambda: (0.0, 1.0), uneasy=False)
    assert pace.full_every > DRAIN_UPDATES / DRAIN_FULL_UPDATES
    assert _calls_until_drain(pace) == DRAIN_UPDATES


def test_slow_calls_are_fetched_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(call_pace.time, "monotonic", lambda: now[0])
    pace = CallPace(0.03, updates_per_call=1)
    _calls_until_drain(pace)
    for _ in range(3):
        pace.took(Clocks(0.6, 0.6))
        now[0] += 0.6
        assert pace.is_drain_due()
        pace.take_calls()


def test_a_call_of_many_updates_is_fetched_before_they_are_too_many() -> None:
    """Kills: counting calls where updates are meant."""
    pace = CallPace(0.03, updates_per_call=1)
    pace.took(Clocks(1e-3, 1e-3))
    pace.take_calls()
    pace.fetched(1, DRAIN_UPDATES)  # a loop inside of a tf.function
    assert _calls_until_drain(pace) == 1


def test_samples_are_closer_at_first_and_at_every_step_where_the_budget_is_infinite() -> None:
    pace = CallPace(0.03, updates_per_call=1)
    assert pace.sample_every == FIRST_SAMPLES
    while pace.updates < FIRST_UPDATES:
        _calls_until_drain(pace)
    assert pace.sample_every > FIRST_SAMPLES
    assert CallPace(math.inf, updates_per_call=1).sample_every == 1
