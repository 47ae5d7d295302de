"""The answer for a log directory."""

from __future__ import annotations

import pytest

from tb_stability.report import Status
from tb_stability.tally import summarize

_FIVE: dict[str, Status] = {
    "custom_loop": "unstable",
    "fit": "healthy",
    "healthy": "healthy",
    "lr_too_high": "unstable",
    "vanishing": "healthy",
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "2 of 5 runs are unstable: custom_loop and lr_too_high."),
        ({"lr_too_high": "warning"}, "1 of 5 runs is unstable: custom_loop."),
        (
            {"lr_too_high": "diverged", "vanishing": "not_learning"},
            "3 of 5 runs are in trouble: lr_too_high diverged; custom_loop is unstable; vanishing does not "
            "learn.",
        ),
        (
            {"custom_loop": "warning", "lr_too_high": "warning"},
            "2 of 5 runs have warnings: custom_loop and lr_too_high.",
        ),
        (
            {"fit": "unknown"},
            "2 of 5 runs are unstable: custom_loop and lr_too_high. fit cannot be judged yet.",
        ),
        (
            {"custom_loop": "unknown", "lr_too_high": "unknown"},
            "3 of 5 runs are healthy. custom_loop and lr_too_high cannot be judged yet.",
        ),
        (dict.fromkeys(_FIVE, "healthy"), "All 5 runs are healthy."),
        (dict.fromkeys(_FIVE, "diverged"), "All 5 runs diverged."),
        (dict.fromkeys(_FIVE, "unknown"), "None of the 5 runs can be judged yet."),
    ],
)
def test_a_log_directory_is_answered_in_a_sentence(changes: dict[str, Status], text: str) -> None:
    assert summarize(_FIVE | changes).text == text


def test_one_run_is_named_unless_it_is_the_directory_itself() -> None:
    assert summarize({"exp1": "not_learning"}).text == "The only run, exp1, does not learn."
    assert summarize({".": "healthy"}).text == "The only run is healthy."
    assert summarize({}).text == "There are no runs."


def test_many_runs_are_counted_and_not_named() -> None:
    statuses: list[Status] = ["diverged"] * 5 + ["unstable"] * 2 + ["healthy"] * 3
    many = {f"run_{i}": status for i, status in enumerate(statuses)}
    assert summarize(many).text == "7 of 10 runs are in trouble: 5 diverged, 2 are unstable."
    of_one_kind = {name: status for name, status in many.items() if status != "unstable"}
    assert summarize(of_one_kind).text == "5 of 8 runs diverged: run_0, run_1, run_2 and 2 more."


def test_statuses_are_counted_worst_first() -> None:
    counts = summarize({**_FIVE, "x": "diverged"}).counts
    assert list(counts.items()) == [("diverged", 1), ("unstable", 2), ("healthy", 3)]
