"""The verdict: which status, and sentences that say what to do."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tb_stability.advice import EVIDENCE, PHRASES
from tb_stability.detectors.update_ratio_low import DEAD_SCORE
from tb_stability.monitor import replay
from tb_stability.report import Verdict
from tb_stability.run_facts import RunFacts
from tb_stability.series import StepValues
from tb_stability.stats.learning_rates import LearningRates
from tb_stability.verdict import STATUSES, judge
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
        ([window("vanishing_gradient", end=90)], LEARNED, "warning"),
        ([window("vanishing_gradient")], LEARNED, "unstable"),
        ([window("vanishing_gradient")], STALLED, "not_learning"),
        ([window("update_ratio_low")], STALLED, "not_learning"),
        ([window("bn_statistics_frozen")], LEARNED, "unstable"),
        ([window("loss_oscillation")], LEARNED, "unstable"),
        ([window("loss_oscillation", end=90)], LEARNED, "warning"),
        ([window("loss_plateau")], STALLED, "not_learning"),
        ([window("loss_plateau", end=90)], LEARNED, "warning"),
        ([window("dead_units", "critical")], STALLED, "not_learning"),
        ([window("dead_units", "critical")], LEARNED, "unstable"),
        ([window("dead_units")], LEARNED, "warning"),
        ([window("saturated_units")], STALLED, "not_learning"),
        ([window("saturated_units")], LEARNED, "warning"),
        ([window("bn_drift")], LEARNED, "warning"),
        ([window("bn_drift")], STALLED, "warning"),
        ([window("generalization_gap")], LEARNED, "warning"),
        ([window("generalization_gap"), window("exploding_gradient")], LEARNED, "unstable"),
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
        ("non_finite", "lower the learning rate (now 10): try 1"),
        ("loss_divergence", "Lower the learning rate (now 10): try 1"),
        ("update_ratio_low", "Raise the learning rate (now 10): try 1e+03"),
        ("bn_statistics_frozen", "model(x, training=True)"),
        ("vanishing_gradient", "he_normal"),
        ("exploding_gradient", "clipnorm=1.0"),
        ("loss_oscillation", "Lower the learning rate (now 10): try 1"),
        ("loss_plateau", "kernels do not start at zero"),
        ("dead_units", "biases that start at 0, or LeakyReLU"),
        ("saturated_units", "Scale the inputs to about -1 to 1"),
        ("bn_drift", "batches from step 10 on"),
        ("generalization_gap", "restore_best_weights=True"),
        ("a_kind_of_tomorrow", "Look at loss from step 10 on."),
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


def test_an_open_window_never_goes_with_mostly_fine() -> None:
    for kind in ("vanishing_gradient", "update_ratio_low", "loss_spike", "exploding_gradient"):
        assert judge([window(kind)], LEARNED).status in {"unstable", "not_learning"}
    at_chance = dataclasses.replace(LEARNED, first_loss=2.71, recent_loss=2.31)
    assert judge([window("vanishing_gradient")], at_chance).status == "not_learning"


@pytest.mark.parametrize("kind", ["dead_units", "saturated_units", "bn_drift", "generalization_gap"])
def test_what_the_loss_does_not_suffer_from_is_not_fine_while_it_lasts(kind: str) -> None:
    assert judge([window(kind)], LEARNED).text.startswith("The loss falls, but something is wrong: ")
    assert judge([window(kind, end=90)], LEARNED).text.startswith("Training is mostly fine: ")


@pytest.mark.parametrize("kind", ["dead_units", "saturated_units", "loss_plateau"])
def test_what_died_of_an_update_needs_a_lower_rate_and_a_new_start(kind: str) -> None:
    harmed = dataclasses.replace(LEARNED, replaced_step=8)
    advice = judge([window(kind)], harmed).next
    assert advice.endswith(
        "of too large an update: start it anew, and lower the learning rate (now 10): try 1."
    )


def test_every_kind_has_its_words() -> None:
    kinds = {check.name for check in replay([]).report().checks}
    assert set(PHRASES) == set(EVIDENCE) == kinds
    for kind in kinds:
        verdict = judge([window(kind)], LEARNED)
        assert "Look at loss" not in verdict.next
        assert "{" not in verdict.text + verdict.why + verdict.next


def test_what_passed_needs_no_action() -> None:
    verdict = judge([dead(start=6, end=108)], LEARNED)
    assert verdict.status == "warning"
    assert verdict.text.endswith("no gradient reached any kernel from step 6 to 108.")
    assert verdict.next.startswith("Nothing to do now: it has passed.")


def test_a_stable_loss_that_has_not_fallen_is_said_to_be_so() -> None:
    verdict = replay(enumerate(synthetic.of_losses(synthetic.steady()))).report().verdict
    assert verdict.status == "healthy"
    assert verdict.text == "Training is stable over the 400 steps seen, but the loss has not fallen."
    assert "check the learning rate, the labels" in verdict.next
    early = replay(enumerate(synthetic.of_losses(synthetic.steady(steps=20)))).report().verdict
    assert early.next == "Train for longer: the loss has not fallen yet."
    learned = replay(enumerate(synthetic.of_losses(synthetic.learning()))).report().verdict
    assert learned.next == "Nothing to do."


def test_an_output_that_was_corrected_in_the_first_steps_is_no_progress() -> None:
    loss = np.concatenate([np.linspace(3.0, 2.4, 10), synthetic.steady(level=2.3)])
    verdict = replay(enumerate(synthetic.of_losses(loss))).report().verdict
    assert "the loss has not fallen since the first steps." in verdict.text


def test_a_few_low_losses_at_the_end_are_not_shown_as_a_fall() -> None:
    loss = np.concatenate([synthetic.steady(), np.full(3, 0.5)])
    verdict = replay(enumerate(synthetic.of_losses(loss))).report().verdict
    assert "has not fallen" in verdict.text
    assert verdict.why.startswith("The loss began at ")
    assert "0.5," not in verdict.why


def test_a_fall_from_a_lucky_first_batch_is_seen() -> None:
    """Batches with weights of their own: the first one had half of the loss of those behind it."""
    chance = np.random.default_rng(0)
    loss = np.linspace(1.1, 0.5, 400) * np.exp(0.4 * chance.standard_normal(400))
    loss[0] = 0.5
    verdict = replay(enumerate(synthetic.of_losses(loss))).report().verdict
    assert (verdict.status, verdict.text) == ("healthy", "Training is stable over the 400 steps seen.")
    assert verdict.next == "Nothing to do."


def test_a_run_without_a_step_is_told_what_to_look_at() -> None:
    verdict = replay([]).report().verdict
    assert verdict.status == "unknown"
    assert "the error that it printed" in verdict.next


def test_a_loss_that_falls_without_bound_is_not_called_good() -> None:
    loss = -0.1 * np.exp(0.2 * np.arange(200))
    verdict = replay(enumerate(synthetic.of_losses(loss))).report().verdict
    assert "falls without bound" in verdict.text
    assert "sign of the loss" in verdict.next


def test_a_loss_that_drifts_back_is_left_to_the_reader() -> None:
    verdict = judge([window("loss_divergence", "info")], LEARNED)
    assert verdict.status == "healthy"
    assert "drifts back" in verdict.text
    assert "In a GAN" in verdict.next


def dead(*, start: int, end: int | None = None) -> Window:
    return dataclasses.replace(window("update_ratio_low", start=start, end=end), peak_score=DEAD_SCORE)


def test_a_network_without_gradient_is_not_told_to_raise_the_learning_rate() -> None:
    verdict = judge([dead(start=2)], STALLED)
    assert verdict.why.startswith("From step 2 on, the gradient of every kernel was exactly 0")
    assert "kernels that are all zero (initializer)" in verdict.next
    assert "learning rate" not in verdict.next
    killed = judge([dead(start=40)], dataclasses.replace(STALLED, replaced_step=30))
    assert killed.next.startswith("The network died of too large an update: start it anew, and lower")


def test_a_breakdown_that_ended_in_nan_decides_text_and_advice() -> None:
    nan = window("non_finite", "critical", start=30)
    verdict = judge([window("loss_divergence", "critical", start=12), nan], LEARNED)
    assert verdict.text == (
        "Training diverged: the loss diverged from step 12 on, and ended in NaN at step 30."
    )
    assert verdict.next.startswith("Lower the learning rate")
    long_ago = window("loss_divergence", "critical", start=12, end=15)
    late = judge([long_ago, window("non_finite", "critical", start=400)], LEARNED)
    assert "a value became NaN or Inf from step 400 on" in late.text


@pytest.mark.parametrize("step", [0, 1, 21])
def test_a_nan_without_a_breakdown_asks_for_invalid_values_first(step: int) -> None:
    advice = judge([window("non_finite", "critical", start=step)], LEARNED).next
    assert advice.startswith(f"Check inputs, labels and loss at step {step} for NaN")
    assert ("learning rate" in advice) == (step == 21)


def test_a_nan_after_an_update_that_replaced_the_weights_asks_for_the_learning_rate() -> None:
    facts = dataclasses.replace(LEARNED, replaced_step=0)
    advice = judge([window("non_finite", "critical", start=1)], facts).next
    assert advice.startswith("Lower the learning rate (now 10): try 1")


def rates(*changes: tuple[int, float]) -> LearningRates:
    known = LearningRates()
    for step, rate in changes:
        known.update(step, rate)
    return known


def test_the_learning_rate_of_the_onset_counts() -> None:
    facts = dataclasses.replace(LEARNED, learning_rate=1e-4, learning_rates=rates((0, 0.1), (200, 1e-4)))
    advice = judge([window("loss_divergence", start=50)], facts).next
    assert advice.startswith("Lower the learning rate (0.1 at step 50): try 0.01")


def test_a_learning_rate_that_rose_is_named() -> None:
    facts = dataclasses.replace(LEARNED, learning_rate=0.1, learning_rates=rates((0, 0.001), (300, 0.1)))
    expected = "The learning rate rose from 0.001 to 0.1 at step 300: undo that, or let it rise more slowly."
    assert judge([window("loss_divergence", start=301)], facts).next == expected
    assert "rose" not in judge([window("loss_divergence", start=340)], facts).next
    assert "rose" not in judge([window("loss_divergence", start=280)], facts).next


def test_a_long_stable_run_that_breaks_in_one_step_points_at_the_batch() -> None:
    windows = [window("loss_divergence", start=201), window("loss_spike", start=200)]
    assert judge(windows, LEARNED).next.endswith("Look also at the batch of step 201.")
    assert "batch" not in judge(windows[:1], LEARNED).next


@pytest.mark.parametrize(("score", "rate"), [(2.0, "1e-06"), (22.7, "1e-05"), (1000.0, "0.0001")])
def test_a_learning_rate_that_is_too_low_is_raised_by_what_is_missing(score: float, rate: str) -> None:
    low = dataclasses.replace(window("update_ratio_low"), peak_score=score)
    advice = judge([low], STALLED).next
    assert advice.startswith(f"Raise the learning rate (now 1e-08): try {rate},")
    assert advice.endswith("until the loss falls.")


def test_numbers_and_spans_are_plain() -> None:
    one_step = dataclasses.replace(window("loss_spike", start=200, end=200), peak_score=1.59e5)
    verdict = judge([one_step], LEARNED)
    assert verdict.text.endswith("the loss jumped at step 200.")
    assert "jumped more than 1000 times" in verdict.why
    endless = judge([dataclasses.replace(one_step, peak_score=math.inf)], LEARNED)
    assert "more than 1000 times" in endless.why
    minor = judge([window("loss_spike", "info", end=10)], LEARNED)
    assert minor.why.endswith("; the loss jumped at step 10, without harm.")
