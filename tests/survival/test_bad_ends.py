"""Trainings of real processes that end badly: what the monitor had alarmed can be read, and so can the rest.

`benchmarks/faults_survived.py` has many more, and a table.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.survival.evidence import read_evidence
from tests.survival.job import TERMINATED, Job
from tests.survival.nursery import Nursery

FLUSHED_STEPS = 80
"""Steps of 4 ms in the longest time that such a young run is not drained and flushed, and some more."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as started:
        yield started


@pytest.mark.parametrize(
    ("way", "number"),
    [("fit", signal.SIGKILL), ("loop", signal.SIGTERM)],
    ids=["fit, SIGKILL", "loop, SIGTERM"],
)
def test_a_killed_training_leaves_every_alarm_and_all_but_the_last_steps(
    nursery: Nursery, tmp_path: Path, way: str, number: signal.Signals
) -> None:
    outcome = nursery.run(Job(str(tmp_path / "run"), way=way, signal=number, signal_step=110))  # type: ignore[arg-type]
    assert outcome.status == -number
    assert "loss_divergence" in dict(outcome.windows)
    evidence = read_evidence(str(tmp_path / "run"))
    assert set(outcome.windows) <= set(evidence.windows)
    assert 60 < evidence.steps >= outcome.step - FLUSHED_STEPS
    assert evidence.problems == ()


def test_sigterm_that_the_user_makes_an_exit_of_loses_nothing(nursery: Nursery, tmp_path: Path) -> None:
    """As docs/ci.md has it."""
    job = Job(str(tmp_path / "run"), signal=signal.SIGTERM, signal_step=20, exits=True)
    outcome = nursery.run(job)
    assert outcome.status == TERMINATED
    evidence = read_evidence(str(tmp_path / "run"))
    assert 20 <= outcome.step <= evidence.steps < job.steps


def test_a_full_disk_is_one_warning_and_training_ends_as_without_us(nursery: Nursery, tmp_path: Path) -> None:
    weights = [tmp_path / "with.npz", tmp_path / "without.npz"]
    full = Job(str(tmp_path / "run"), file_bytes=48 << 10, weights=str(weights[0]))
    ours = nursery.run(full)
    plain = nursery.run(Job("", writer="none", weights=str(weights[1])))
    assert (ours.status, plain.status) == (0, 0)
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert ours.output.count("Stability could not write the log; training goes on.") == 1
    evidence = read_evidence(str(tmp_path / "run"))
    assert set(evidence.windows) == set(ours.windows)  # each file may have that size, so a new one has room


def test_a_run_that_two_processes_write_can_be_read(nursery: Nursery, tmp_path: Path) -> None:
    outcome = nursery.run(Job(str(tmp_path / "run"), twin=True))
    assert outcome.status == 0
    evidence = read_evidence(str(tmp_path / "run"))
    assert (evidence.windows, evidence.steps, evidence.problems) == (outcome.windows, 200, ())
