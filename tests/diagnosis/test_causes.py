"""Every cause: a run that it explains, a run that something else explains, and runs that are healthy."""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_stability.diagnosis
from tb_stability.causes import TITLES
from tb_stability.diagnosis import CAUSES, diagnose
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.observed import NotFinite
from tb_stability.diagnosis.ranking import leading
from tb_stability.model_facts import LossFacts, OptimizerFacts
from tests.diagnosis.cases import (
    batch_norm,
    case,
    dense,
    diagnosed,
    inputs,
    model,
    points,
    window,
)
from tests.diagnosis.tables import (
    CONTRADICTED,
    DEEP_SIGMOID,
    EXPLAINED,
    FIRST_LAYER_ALONE,
    NAN,
    NORMALIZED,
    jump_at,
)


@pytest.mark.parametrize("cause", EXPLAINED)
def test_a_run_that_a_cause_explains_has_it_first(cause: str) -> None:
    confidence, layer, run = EXPLAINED[cause]
    first = diagnose(run)[0]
    assert (first.cause, first.confidence, first.layer) == (cause, confidence, layer)
    assert first.first_step in {w.start_step for w in run.windows}
    assert leading(diagnose(run)) == first


@pytest.mark.parametrize("cause", CONTRADICTED)
def test_what_something_else_explains_is_not_likely(cause: str) -> None:
    found = diagnosed(CONTRADICTED[cause], cause)
    assert found is None or found.confidence == "possible"


def test_both_tables_and_the_folder_have_all_causes() -> None:
    names = {look.__module__.rpartition(".")[2] for look in CAUSES}
    assert names == set(EXPLAINED) == set(CONTRADICTED)
    folder = Path(tb_stability.diagnosis.__file__).parent
    files = {p.stem for p in folder.glob("*.py") if "def suspect(" in p.read_text(encoding="utf-8")}
    assert names == files - {"run_to_run_variance"}  # which several runs show, and none alone
    assert files <= set(TITLES)


@pytest.mark.parametrize(
    "healthy",
    [
        case(),
        case(facts=NORMALIZED),
        case(facts=DEEP_SIGMOID, batch_size=1, first_batch=inputs(0.0, 255.0)),
        case(facts=model(optimizer=OptimizerFacts("SGD", 5.0), compute_dtype="float16")),
        case(facts=model(dense("dense_1", scale=0.0)), rate_rises=(10, 50, 90)),
        case(window("loss_spike", 100, severity="info", end_step=100), points=jump_at(100)),
        case(*(window(k, 50, severity="info", end_step=60) for k in ("exploding_gradient", "dead_units"))),
        Case(()),
    ],
)
def test_a_run_without_a_serious_window_has_no_diagnosis(healthy: Case) -> None:
    assert diagnose(healthy) == ()


@pytest.mark.parametrize("cause", EXPLAINED)
def test_what_people_read_has_the_numbers_and_runs_as_code(cause: str) -> None:
    first = diagnose(EXPLAINED[cause][2])[0]
    for text in [first.why, first.fix.text, *(e.text for e in first.evidence)]:
        assert re.match(r"[A-Z0-9].*[.)]$", text), text
        assert not re.search(r"\bnan\b|unknown|None|_ ", text), text  # what is not known is not quoted
    assert first.fix.code
    assert not re.search(r"\bnan\b|None", first.fix.code)
    ast.parse(first.fix.code)


@pytest.mark.parametrize("cause", EXPLAINED)
def test_nothing_is_said_without_facts_of_the_model_that_needs_them(cause: str) -> None:
    run = dataclasses.replace(EXPLAINED[cause][2], model=None, findings=(), first_batch=())
    for diagnosis in diagnose(run):  # it still works, and says nothing of what it does not know
        assert "None" not in diagnosis.why
        ast.parse(diagnosis.fix.code)


def test_batch_normalization_that_is_frozen_on_purpose_is_no_diagnosis() -> None:
    frozen = model(normalizations=(batch_norm("bn_1", trainable=False),))
    assert diagnose(case(facts=frozen, inference_steps={"bn_1": 300})) == ()


def test_nan_in_the_first_batch_is_certain() -> None:
    run = case(
        window("non_finite", 0), first_batch=inputs(nan=7), not_finite=NotFinite(0, math.nan, all_layers=True)
    )
    assert [(d.cause, d.confidence) for d in diagnose(run)] == [("invalid_inputs", "certain")]


@pytest.mark.parametrize(("nan", "axis"), [(64, 0), (7, 1)])
def test_columns_of_nan_are_not_mended_by_dropping_all_examples(nan: int, axis: int) -> None:
    """Kills: the code for single examples where a standardisation made whole columns NaN."""
    (first,) = diagnose(
        case(
            window("non_finite", 0),
            first_batch=inputs(nan=nan),
            not_finite=NotFinite(0, math.nan, all_layers=True),
        )
    )
    x = np.ones((32, 64))
    if axis == 0:
        x[:, :2] = np.nan
    else:
        x[:7, 0] = np.nan
    names: dict[str, Any] = {"x": x, "y": np.zeros(32)}
    exec(first.fix.code, names)
    assert np.isfinite(names["x"]).all()
    assert len(names["x"]) == (32 if axis == 0 else 25)


def test_nan_in_the_gradient_of_the_first_layer_alone_came_with_the_inputs() -> None:
    """A ReLU makes 0 of NaN, so the loss stays finite for a step."""
    first = diagnose(case(window("non_finite", 60), not_finite=FIRST_LAYER_ALONE))[0]
    assert (first.cause, first.confidence) == ("invalid_inputs", "likely")


def test_nan_near_the_input_alone_came_with_the_inputs_rather_than_from_the_loss() -> None:
    run = case(window("non_finite", 60), not_finite=NotFinite(60, 0.7, ("dense_1", "dense_2")))
    assert [(d.cause, d.confidence) for d in diagnose(run)] == [
        ("invalid_inputs", "likely"),
        ("undefined_operation", "possible"),
    ]


def test_targets_out_of_reach_of_the_output_are_certain_where_training_stands_still() -> None:
    """Kills: a proof by the range alone, which masked targets have, too."""
    facts = model(loss=LossFacts("MeanSquaredError"), output_activation="sigmoid", output_units=1)
    target = dataclasses.replace(inputs()[1], shape=(32, 1), dtype="float32", min=-1.5, max=2.5)
    given = (inputs()[0], target)
    found = diagnose(case(window("loss_plateau", 10), facts=facts, first_batch=given))[0]
    assert (found.cause, found.confidence) == ("output_loss_mismatch", "certain")
    assert diagnose(case(facts=facts, first_batch=given)) == ()
    noise = (inputs()[0], dataclasses.replace(target, min=-0.05, max=1.0))
    small = diagnose(case(window("loss_plateau", 10), facts=facts, first_batch=noise))
    assert ("output_loss_mismatch", "certain") not in [(d.cause, d.confidence) for d in small]


def test_a_plateau_that_ended_was_no_fault_of_the_targets() -> None:
    run = case(window("loss_plateau", 90, end_step=150), points=points(loss=2.31))
    assert diagnosed(run, "unrelated_targets") is None


def test_a_validation_loss_that_leaps_is_not_overfitting() -> None:
    leapt = ((49, 1.8), (99, 0.9), (149, 0.5), (199, 8.7))
    found = diagnosed(case(window("generalization_gap", 199), validation=leapt), "overfitting")
    assert found is not None
    assert found.confidence == "possible"
    rising = ((49, 1.8), (99, 0.9), (149, 0.5), (199, 0.9))
    found = diagnosed(case(window("generalization_gap", 199), validation=rising), "overfitting")
    assert found is not None
    assert found.confidence == "likely"


def test_a_jump_that_is_usual_in_this_run_points_at_no_batch() -> None:
    jumpy = tuple(dataclasses.replace(p, loss=8.0) if p.step % 9 == 0 else p for p in jump_at(150))
    found = diagnosed(case(window("loss_spike", 150), points=jumpy), "outlier_batch")
    assert found is None or found.confidence == "possible"


def test_a_first_loss_far_above_guessing_shows_that_it_was_wrong_from_the_start() -> None:
    facts = model(*(dense(f"dense_{i}", scale=4.0) for i in range(1, 4)))
    first_loss = tuple(dataclasses.replace(p, loss=200.0) if p.step == 0 else p for p in points())
    first = diagnose(case(window("loss_divergence", 40), facts=facts, points=first_loss))[0]
    assert (first.cause, first.confidence) == ("initialization_mismatch", "likely")


def test_gradients_that_agree_speak_against_small_batches() -> None:
    run = case(window("loss_oscillation", 30), batch_size=1)
    found = diagnosed(run, "batch_size_too_small")
    assert found is not None
    assert found.confidence == "likely"
    agreeing = case(window("loss_oscillation", 30), batch_size=1, points=points(agreement=0.9))
    found = diagnosed(agreeing, "batch_size_too_small")
    assert found is not None
    assert found.confidence == "possible"


def test_sigmoids_that_take_more_than_small_weights_do_are_the_cause() -> None:
    facts = model(*(dense(f"dense_{i}", "sigmoid", scale=0.6) for i in range(1, 11)))
    run = case(window("vanishing_gradient", 2), facts=facts)
    assert run.finding("initial_weights_scale") is not None
    assert diagnose(run)[0].cause == "vanishing_gradient"


def test_a_loss_of_the_users_own_is_suspected_before_the_data() -> None:
    own = case(window("non_finite", 60), facts=model(loss=LossFacts()), not_finite=NAN)
    assert [(d.cause, d.confidence) for d in diagnose(own)] == [
        ("undefined_operation", "likely"),
        ("invalid_inputs", "possible"),
    ]


def test_updates_that_killed_the_units_are_named_before_the_units() -> None:
    facts = model(optimizer=OptimizerFacts("Adam", 0.1))
    run = case(window("dead_units", 2), facts=facts, points=points(rate=0.1, ratio=0.3))
    first = diagnose(run)[0]
    assert (first.cause, first.confidence) == ("learning_rate_too_high", "likely")


def test_a_softmax_over_one_unit_is_certain_without_a_symptom() -> None:
    facts = model(loss=LossFacts("BinaryCrossentropy", False), output_activation="softmax", output_units=1)
    (found,) = diagnose(case(facts=facts))
    assert (found.cause, found.confidence, found.layer) == ("output_loss_mismatch", "certain", "out")


def test_zero_weights_with_dead_units_are_certain() -> None:
    facts = model(dense("dense_1", scale=0.0), dense("dense_2", scale=0.0))
    first = diagnose(case(window("dead_units", 0), facts=facts))[0]
    assert (first.cause, first.confidence, first.layer) == ("initialization_mismatch", "certain", "dense_1")


def test_a_rate_that_rose_is_named_with_its_step() -> None:
    rate = tuple(dataclasses.replace(p, learning_rate=0.1 if p.step >= 100 else 1e-3) for p in points())
    run = case(window("loss_divergence", 103), points=rate, rate_rises=(100,))
    first = diagnose(run)[0]
    assert first.cause == "learning_rate_too_high"
    assert "rose from 0.001 to 0.1 at step 100" in " ".join(e.text for e in first.evidence)
    assert "learning_rate=0.001" in first.fix.code


def test_what_begins_after_the_run_became_nan_is_no_cause() -> None:
    nan = window("non_finite", 60)
    run = case(nan, window("dead_units", 61), not_finite=NAN)
    assert "dying_relu" not in [d.cause for d in diagnose(run)]
    passed = case(dataclasses.replace(nan, end_step=60), window("dead_units", 90), not_finite=NAN)
    assert "dying_relu" in [d.cause for d in diagnose(passed)]


def test_data_that_changed_shows_in_the_statistics_of_batch_normalization() -> None:
    run = case(window("bn_drift", 150, "bn_1"), window("generalization_gap", 190), facts=NORMALIZED)
    first = diagnose(run)[0]
    assert (first.cause, first.confidence, first.layer) == ("outlier_batch", "likely", "bn_1")


def test_a_tie_says_so_and_how_to_tell_them_apart() -> None:
    run = case(window("loss_oscillation", 30), batch_size=1, facts=NORMALIZED)
    both = case(
        window("update_ratio_high", 30),
        window("loss_oscillation", 30),
        batch_size=1,
        points=points(rate=5e-3, ratio=0.4),
    )
    first, second = diagnose(both)[:2]
    assert {first.cause, second.cause} == {"learning_rate_too_high", "batch_size_too_small"}
    assert first.confidence == second.confidence == "likely"
    (tie,) = (e for e in first.evidence if e.kind == "tie")
    assert "To tell them apart, re-run with" in tie.text
    assert not tie.supports
    assert all(e.kind != "tie" for d in diagnose(run) for e in d.evidence)


def test_weights_that_began_small_do_not_explain_a_first_loss_that_is_far_too_large() -> None:
    """Branches of a residual network begin small on purpose. Kills: advice to make them 20 times larger."""
    layers = [dense(f"dense_{i}", scale=0.05) for i in range(4)]
    small = model(*layers, loss=LossFacts("SparseCategoricalCrossentropy", from_logits=True))
    for loss, is_told in ((7000.0, False), (2.3, True)):
        run = case(window("exploding_gradient", 0), facts=small, points=points(loss=loss))
        assert run.finding("initial_weights_scale") is not None
        assert ("initialization_mismatch" in [found.cause for found in diagnose(run)]) == is_told
