"""The verdict: which status, and sentences that say what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tb_stability.monitor import replay
from tb_stability.report import Verdict
from tb_stability.series import StepValues
from tb_stability.verdict import STATUSES, RunFacts, judge
from tb_stability.windows import Severity, Window
from tests import synthetic


def window(kind: str, severity: Severity = "warning", *, start: int = 10, end: int | None = None) -> Window:
    layers = ("dense_1",) if "gradient" in kind or "ratio" in kind else ()
    return Window(
        kind, "loss", layers[0] if layers else None, layers, start, start + 1, end, start, 2.0, severity
    )


LEARNED = RunFacts(500, 499, True, 2.3, 0.1, 0.12, loss_stalled=False, loss_excess=0.02, learning_rate=10.0)
STALLED = RunFacts(500, 499, True, 2.3, 2.29, 2.3, loss_stalled=True, loss_excess=0.0, learning_rate=1e-8)


@pytest.mark.parametrize(
    ("windows", "facts", "status"),
    [
        ([], RunFacts(5, 4, True), "unknown"),
        ([], RunFacts(500, 499, False), "unknown"),
        ([], LEARNED, "healthy"),
        ([window("loss_spike", "info", end=12)], LEARNED, "healthy"),
        ([window("loss_spike", end=14)], LEARNED, "warning"),
        ([window("vanishing_gradient")], LEARNED, "warning"),
        ([window("vanishing_gradient")], STALLED, "not_learning"),
        ([window("update_ratio_low")], STALLED, "not_learning"),
        ([window("bn_statistics_frozen")], LEARNED, "unstable"),
        ([window("exploding_gradient", "critical", end=30)], LEARNED, "unstable"),
        ([window("loss_divergence", "critical", end=30)], LEARNED, "unstable"),
        ([window("loss_divergence", "critical", end=30)], STALLED, "diverged"),
        ([window("loss_divergence")], LEARNED, "diverged"),
        ([window("non_finite", "critical", end=11)], LEARNED, "unstable"),
        ([window("non_finite", "critical")], LEARNED, "diverged"),
        ([window("vanishing_gradient"), window("non_finite", "critical")], STALLED, "diverged"),
    ],
)
def test_the_status_follows_from_the_windows_and_the_progress(
    windows: list[Window], facts: RunFacts, status: str
) -> None:
    assert judge(windows, facts).status == status


def test_every_status_is_explained_and_ranked() -> None:
    assert list(STATUSES) == ["diverged", "unstable", "not_learning", "warning", "healthy", "unknown"]


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("non_finite", "Lower the learning rate (now 10): try 1"),
        ("loss_divergence", "Lower the learning rate (now 10): try 1"),
        ("update_ratio_low", "Raise the learning rate (now 10): try 1e+03"),
        ("bn_statistics_frozen", "model(x, training=True)"),
        ("vanishing_gradient", "he_normal"),
        ("exploding_gradient", "clipnorm=1.0"),
        ("dead_units", "Look at loss from step 10 on."),
    ],
)
def test_next_says_what_to_change(kind: str, advice: str) -> None:
    assert advice in judge([window(kind)], LEARNED).next


def test_a_learning_rate_that_is_not_known_is_not_made_up() -> None:
    facts = RunFacts(500, 499, True, 2.3, 0.1, 9.0, loss_excess=3.0)
    assert judge([window("loss_divergence")], facts).next.startswith(
        "Lower the learning rate by a factor of 10"
    )


def test_the_text_names_the_step_and_the_layer() -> None:
    text = judge([window("exploding_gradient", start=412)], LEARNED).text
    assert text == "Training is unstable: gradients exploded in layer dense_1 from step 412 on."


def verdict_of(run: list[StepValues], depth: int = 3) -> Verdict:
    layout = synthetic.layout(depth, normalized=True)
    return replay(enumerate(run), layout).report().verdict


def test_the_demo_runs_get_the_verdicts_that_they_should() -> None:
    layout = synthetic.layout(3, normalized=True)
    healthy = synthetic.network(synthetic.learning(), layout)
    assert verdict_of(healthy).status == "healthy"
    too_high = synthetic.network(
        [2.3, 30.0, 1e3, 1e6, *[math.nan] * 20], layout, learning_rate=10.0, update_ratio=3.0
    )
    verdict = verdict_of(too_high)
    assert verdict.status == "diverged"
    assert "(now 10)" in verdict.next
    custom_loop = synthetic.network(synthetic.learning(), layout)
    synthetic.change(custom_loop, "moving_mean_change", 0.0)
    synthetic.change(custom_loop, "moving_variance_change", 0.0)
    assert verdict_of(custom_loop).status == "unstable"
    assert "training=True" in verdict_of(custom_loop).next


def test_sentences_are_short_and_hold_no_number_that_is_not_finite() -> None:
    for loss in ([math.nan] * 30, np.full(30, 2.0), [1.0, *[math.inf] * 30], []):
        verdict = replay(enumerate(synthetic.of_losses(loss))).report().verdict
        for sentence in (verdict.text, verdict.why, verdict.next):
            assert 0 < len(sentence) < 200
            assert sentence.endswith(".")
            assert "nan" not in sentence.replace("NaN", "")
