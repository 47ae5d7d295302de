"""The budget, on trainings whose costs are known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.budget import CLOSE_LOOK_UPDATES, FIRST_UPDATES, Budget

_MICROSECOND = 1e-6
_BLOCK = 32


class _Training:
    """Updates that take what they are told to, in seconds."""

    def __init__(self, overhead: float, *, base: float, thin: float, full: float, host: float = 0.0) -> None:
        self.budget = Budget(overhead)
        self._base, self._thin, self._full, self._host = base, thin, full, host
        self.updates = 0
        self.own = 0.0

    def change(self, *, full: float) -> None:
        self._full = full

    def took(self, seconds: float, *, full: bool) -> None:
        self.budget.took(seconds, processor=seconds, full=full)

    def run(self, updates: int, *, uneasy: bool = False) -> None:
        for _ in range(updates // _BLOCK):
            fulls = 0
            for _ in range(_BLOCK):
                is_full = self.updates % self.budget.every == 0
                cost = self._full if is_full else self._thin
                self.took(self._base + cost, full=is_full)
                self.own += cost + self._host
                fulls += is_full
                self.updates += 1
            self.budget.spent(self._host * _BLOCK, updates=_BLOCK, full=fulls)
            if self.budget.needs_estimate:
                self.budget.estimate(thin=self._thin, full=self._full)
            self.budget.plan(uneasy=uneasy)


def test_every_update_is_measured_where_that_is_within_the_budget() -> None:
    """Kills: thinning whatever it costs."""
    training = _Training(0.03, base=70e-3, thin=100e-6, full=1.5e-3, host=300e-6)
    training.run(1024)
    assert training.budget.every == 1
    cost = training.budget.cost
    assert cost.share == pytest.approx(1.8e-3 / 70e-3, rel=0.01)
    assert cost.text == "Stability cost 2.6 % of step time, every step observed."


def test_what_costs_too_much_is_thinned_and_said() -> None:
    """Kills: an estimate of the cost that forgets the host; rounding the interval down."""
    training = _Training(0.03, base=4e-3, thin=20e-6, full=600e-6, host=10e-6)
    training.run(4096)
    assert training.budget.every == math.ceil(580 / (0.03 * 4000 - 20 - 10 - 10))  # 10 for being called
    cost = training.budget.cost
    assert cost.share < 0.03
    assert cost.text.endswith("loss and NaN checks at every step, layers observed at every 8th.")
    assert cost.full_steps < training.updates / 4


@settings(deadline=None, max_examples=40)
@given(
    base=st.floats(500 * _MICROSECOND, 0.1),
    full=st.floats(1 * _MICROSECOND, 0.02),
    overhead=st.sampled_from([0.01, 0.03, 0.1]),
)
def test_the_long_run_cost_keeps_to_the_budget(base: float, full: float, overhead: float) -> None:
    """Kills: budgets of the measured time instead of the time without us."""
    training = _Training(overhead, base=base, thin=2 * _MICROSECOND, full=2 * _MICROSECOND + full)
    training.run(FIRST_UPDATES)
    training.own, start = 0.0, training.updates
    training.run(4096)
    share = training.own / ((training.updates - start) * base)
    reachable = (2 * _MICROSECOND + full / 64) / base
    assert share <= max(overhead, reachable) * 1.25


def test_the_first_updates_are_all_measured() -> None:
    training = _Training(0.001, base=1e-3, thin=1e-6, full=1e-3)
    training.run(FIRST_UPDATES)
    assert training.budget.cost.full_steps == FIRST_UPDATES
    training.run(FIRST_UPDATES)
    assert training.budget.cost.full_steps <= FIRST_UPDATES + 8


def test_a_wrong_estimate_gives_way_to_what_updates_of_both_kinds_take() -> None:
    """Kills: times of the first updates, which take longer, among those that are compared; no comparing."""
    training = _Training(0.03, base=10e-3, thin=20e-6, full=5e-3)
    training.run(FIRST_UPDATES)
    assert training.budget.every == 8
    training.change(full=200e-6)
    training.run(2 * FIRST_UPDATES)
    assert training.budget.every == 1


class _TrainingWithNeighbours(_Training):
    """On a machine whose cores others have for three quarters of the time, and most of all in long steps."""

    def took(self, seconds: float, *, full: bool) -> None:
        self.budget.took(seconds * (8 if full else 4), processor=seconds, full=full)


class _TrainingOnAllCores(_Training):
    def took(self, seconds: float, *, full: bool) -> None:
        self.budget.took(seconds, processor=seconds * 8, full=full)


@pytest.mark.parametrize(
    ("kind", "overhead"), [(_TrainingWithNeighbours, 0.005), (_TrainingOnAllCores, 0.01)]
)
def test_neither_other_processes_nor_several_cores_at_once_are_a_cost(
    kind: type[_Training], overhead: float
) -> None:
    """Kills: costs of several times the step on a busy machine; the time of all cores added up."""
    training = kind(overhead, base=10e-3, thin=20e-6, full=600e-6)
    training.run(16 * FIRST_UPDATES)
    assert 1 < training.budget.every < 10


def test_a_cost_a_little_above_the_budget_is_borne_until_it_is_that_of_another_tracing() -> None:
    """Kills: seconds of tracing, in the middle of a training, for steps that become 1 % faster."""
    training = _Training(0.03, base=10e-3, thin=20e-6, full=450e-6)
    training.took(0.1, full=True)  # traced
    training.run(FIRST_UPDATES + 4 * _BLOCK)
    assert training.budget.every == 1
    training.run(100 * _BLOCK)
    assert training.budget.every == 2
    beyond = _Training(0.03, base=10e-3, thin=20e-6, full=3e-3)
    beyond.took(100.0, full=True)
    beyond.run(FIRST_UPDATES + 4 * _BLOCK)
    assert beyond.budget.every > 2


def test_what_looks_abnormal_is_looked_at_closely_for_a_while() -> None:
    """Kills: a symptom that lasts keeping the dear measures on for ever."""
    training = _Training(0.03, base=1e-3, thin=1e-6, full=300e-6)
    training.run(512)
    assert training.budget.every > 1
    training.run(_BLOCK, uneasy=True)
    assert training.budget.every == 1
    training.run(CLOSE_LOOK_UPDATES + _BLOCK, uneasy=True)
    assert training.budget.every > 1
    training.run(_BLOCK, uneasy=False)
    training.run(_BLOCK, uneasy=True)
    assert training.budget.every == 1


def test_with_an_infinite_budget_everything_is_measured() -> None:
    training = _Training(math.inf, base=1e-3, thin=1e-6, full=0.1)
    training.run(512)
    assert training.budget.every == 1
    assert training.budget.cost.full_steps == 512


def test_before_anything_was_timed_the_cost_is_not_known() -> None:
    cost = Budget(0.03).cost
    assert math.isnan(cost.share)
    assert cost.text == "What Stability costs is not known yet; every step observed."
