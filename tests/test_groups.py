"""Groups of repeated runs: which they are, what is said of them, and when chance is the cause."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_stability.groups import Group, group_runs
from tb_stability.model_facts import ModelFacts, OptimizerFacts
from tb_stability.report import Confidence, Diagnosis, Final, Fix, RunReport, Status, Steps, Verdict
from tb_stability.windows import Window

_MODEL = ModelFacts(
    "fit", optimizer=OptimizerFacts("SGD", 0.3, momentum=0.9), steps_per_epoch=10, digest="abc"
)
_HEALTHY = Verdict("healthy", "", "", "")
_CAUSE = Diagnosis("learning_rate_too_high", "likely", None, 3, "It is too high.", Fix("Lower it.", ""), ())


def _run(
    loss: float = 0.3,
    *,
    status: Status = "healthy",
    error: float = 0.01,
    last: int = 399,
    model: ModelFacts | None = _MODEL,
    cause: Confidence | None = None,
    start_step: int = 5,
    **final: float,
) -> RunReport:
    """A run that began at a loss of 2.3."""
    window = Window("loss_divergence", "loss", None, (), start_step, 9, None, 9, 3.0, "critical")
    return RunReport(
        steps=Steps(0, last, last + 1, last + 1),
        windows=() if status in ("healthy", "unknown") else (window,),
        verdict=dataclasses.replace(_HEALTHY, status=status),
        checks=(),
        model=model,
        diagnoses=() if cause is None else (dataclasses.replace(_CAUSE, confidence=cause),),
        final=dataclasses.replace(Final(2.3, loss, error, learning_rate=0.1), **final),
    )


def _group(*runs: RunReport) -> Group:
    (group,) = group_runs({f"seed_{i}": run for i, run in enumerate(runs, 1)})
    return group


def _ends(losses: Sequence[float], **final: float) -> Group:
    return _group(*(_run(loss, **final) for loss in losses))


def test_runs_of_one_configuration_are_a_group_and_others_are_not() -> None:
    other = dataclasses.replace(_MODEL, digest="def")
    reports = {
        "b": _run(),
        "alone": _run(model=dataclasses.replace(_MODEL, steps_per_epoch=11)),
        "c": _run(model=other),
        "old": _run(model=None),
        "old_2": _run(model=ModelFacts("fit")),
        "d": _run(),
        "e": _run(model=other),
    }
    assert [group.runs for group in group_runs(reports)] == [("b", "d"), ("c", "e")]


def test_repeated_runs_that_agree_are_healthy_and_silent() -> None:
    group = _ends([0.31, 0.34, 0.32, 0.33, 0.31])
    assert group.verdict == Verdict(
        "healthy",
        "5 repeated runs agree: final loss 0.31 to 0.34.",
        "They end within 2 % of what training gained (healthy: at most 20 %).",
        "Nothing to do.",
    )
    assert group.diagnoses == ()


def test_some_runs_that_break_down_are_the_variance_of_all() -> None:
    broken = _run(math.nan, status="diverged", start_step=7)
    group = _group(_run(), broken, _run(), broken, dataclasses.replace(broken, windows=_run().windows))
    assert (group.verdict.status, group.verdict.text) == ("diverged", "3 of 5 repeated runs diverged.")
    assert group.verdict.why == "seed_2, seed_4 and seed_5 diverged; seed_1 and seed_3 are healthy."
    (diagnosis,) = group.diagnoses
    assert (diagnosis.cause, diagnosis.confidence) == ("run_to_run_variance", "likely")
    assert (diagnosis.layer, diagnosis.first_step) == (None, 7)
    assert diagnosis.why == (
        "Chance decides how this configuration ends: it broke down in 3 of 5 runs with the same settings."
    )
    assert diagnosis.fix.text.startswith(
        "To break down with no seed: lower the learning rate from 0.3 to 0.1"
    )
    assert "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)" in diagnosis.fix.code


def test_the_ends_of_broken_runs_are_not_compared() -> None:
    (diagnosis,) = _group(_run(0.3), _run(0.31), _run(9.0, status="unstable")).diagnoses
    assert [e.kind for e in diagnosis.evidence] == ["status", "runs"]


def test_what_broke_most_of_them_is_said_and_mended() -> None:
    broken = _run(math.nan, status="unstable", cause="likely")
    group = _group(_run(), _run(), broken, broken, _run(math.nan, status="diverged"))
    assert group.verdict.text == "3 of 5 repeated runs are in trouble."
    assert group.verdict.why.endswith("Cause in 2 of 3: Learning rate too high. In seed_3: It is too high.")
    assert group.verdict.next.startswith("Lower it. To repeat a run exactly")
    assert "The cause in 2 of those 3: Learning rate too high." in group.diagnoses[0].why


def test_a_cause_that_is_certain_in_each_broken_run_leaves_nothing_to_chance() -> None:
    certain = _run(status="unstable", cause="certain")
    assert _group(_run(), _run(), certain).diagnoses == ()
    assert _group(_run(), _run(), certain, _run(status="diverged")).diagnoses != ()


def test_runs_that_all_break_down_do_not_vary() -> None:
    broken = _run(math.nan, status="diverged", cause="likely")
    group = _group(broken, broken, broken)
    assert group.diagnoses == ()
    assert group.verdict.text == "All 3 repeated runs diverged."
    assert group.verdict.next == "Lower it."


def test_runs_that_end_further_apart_than_their_noise_explains_differ_by_chance() -> None:
    group = _ends([0.3, 0.32, 0.94, 0.31])
    assert (group.verdict.status, group.verdict.text) == (
        "warning",
        "4 repeated runs end differently: final loss 0.3 to 0.94.",
    )
    assert group.verdict.why == (
        "The final loss is 0.3 to 0.94: 32 % of what training gained (healthy: at most 20 %), and 64 times "
        "the noise within a run (healthy: at most 6)."
    )
    (diagnosis,) = group.diagnoses
    assert (diagnosis.confidence, diagnosis.first_step) == ("likely", 399)
    assert [(e.kind, e.supports) for e in diagnosis.evidence] == [("loss", True), ("runs", True)]


@pytest.mark.parametrize(
    ("losses", "error"),
    [([0.3, 0.31, 0.68], 0.01), ([0.3, 0.31, 0.94], 0.12), ([0.3, 0.31, 0.94], math.nan)],
    ids=["too_little_to_matter", "noisy", "of_unknown_noise"],
)
def test_a_difference_that_noise_explains_or_that_hardly_matters_is_none(
    losses: list[float], error: float
) -> None:
    group = _ends(losses, error=error)
    assert group.diagnoses == ()
    assert group.verdict.status == "healthy"
    assert ("agree" in group.verdict.text) == (losses[2] == 0.68)


def test_validation_losses_are_compared_too() -> None:
    runs = [_run(val_loss=loss, val_loss_error=0.02) for loss in (0.4, 0.41, 0.9)]
    group = _group(*runs)
    assert group.verdict.text == "3 repeated runs end differently: final validation loss 0.4 to 0.9."
    assert [e.kind for e in group.diagnoses[0].evidence] == ["val_loss", "runs"]
    assert _group(*[_run(val_loss=loss) for loss in (0.4, 0.41, 0.9)]).diagnoses == ()  # one evaluation each


@pytest.mark.parametrize(
    "other", [_run(0.94), _run(math.nan, status="diverged"), _run(0.94, val_loss=0.9, val_loss_error=0.01)]
)
def test_two_runs_are_too_few_to_be_sure(other: RunReport) -> None:
    (diagnosis,) = _group(_run(val_loss=0.1, val_loss_error=0.01), other).diagnoses
    assert diagnosis.confidence == "possible"
    assert "a third one tells" in diagnosis.evidence[-1].text
    assert not diagnosis.evidence[-1].supports


def test_other_learning_rates_at_the_end_speak_against_chance() -> None:
    runs = [_run(0.3), _run(0.31), _run(0.9, learning_rate=0.01)]
    (diagnosis,) = _group(*runs).diagnoses
    assert diagnosis.confidence == "possible"
    assert "from 0.01 to 0.1" in diagnosis.evidence[-1].text


def test_only_runs_of_about_one_length_are_compared() -> None:
    """Kills: comparing the end of a run that was cut short with that of a whole one."""
    group = _group(_run(0.3), _run(0.31, last=380), _run(1.5, last=60), _run(0.32))
    assert group.diagnoses == ()
    assert group.verdict.text == (
        "Of 4 repeated runs, the 3 of about one length agree: final loss 0.3 to 0.32."
    )
    alone = _group(_run(0.3), _run(1.5, last=60))
    assert alone.verdict.text == "No breakdown in 2 repeated runs."


def test_runs_that_cannot_be_judged_are_left_out() -> None:
    unknown = _run(2.0, status="unknown", last=4)
    assert _group(unknown, unknown).verdict.status == "unknown"
    group = _group(_run(0.3), _run(0.31), unknown)
    assert (group.verdict.status, group.diagnoses) == ("healthy", ())
    assert group.verdict.why.endswith("seed_1 and seed_2 are healthy; seed_3 cannot be judged yet.")


def test_a_loss_that_falls_nowhere_is_not_compared() -> None:
    """As that of a generator in a GAN: it has nothing to be measured by."""
    group = _ends([2.9, 3.4, 5.0], error=0.01)
    assert group.diagnoses == ()
    assert "its end says little" in group.verdict.why


@given(
    losses=st.lists(st.floats(0.0, 2.0), min_size=2, max_size=6),
    factor=st.sampled_from([0.25, 4.0, 1024.0]),
    offset=st.sampled_from([0.0, -8.0, 64.0]),
)
def test_what_is_found_depends_on_no_unit_of_the_loss(
    losses: list[float], factor: float, offset: float
) -> None:
    """Kills: a threshold as a share of the loss itself."""

    def moved(loss: float) -> RunReport:
        return _run(loss * factor + offset, error=0.01 * factor, first_loss=2.3 * factor + offset)

    rounded = [round(loss, 1) + 0.03 for loss in losses]  # no difference lies on a threshold
    assert len(_ends(rounded).diagnoses) == len(_group(*map(moved, rounded)).diagnoses)


@pytest.mark.parametrize(
    ("names", "others", "expected"),
    [
        (["seed_1", "seed_2"], [], "seed_*"),
        (["run_10", "run_11", "run_12"], [], "run_*"),
        (["a/seed_1/fit", "a/seed_2/fit"], [], "a/seed_*/fit"),
        (["exp", "exp2"], [], "exp*"),
        (["seed_1", "seed_2"], ["seed_3"], "seed_1 and seed_2"),
        (["adam", "sgd", "lion"], [], "adam and 2 more"),
        (["healthy", "hot"], [], "healthy and hot"),
        (["1", "2"], [], "1 and 2"),
    ],
)
def test_a_group_is_called_what_its_runs_have_in_common(
    names: list[str], others: list[str], expected: str
) -> None:
    reports = {name: _run() for name in names} | {name: _run(model=None) for name in others}
    (group,) = group_runs(reports)
    assert group.name == expected
