"""Runs that no detector alarms in, and that have learned nothing for a reason that shows elsewhere."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from tb_stability.diagnosis import diagnose
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.observed import Point
from tb_stability.model_facts import LossFacts, ModelFacts, OptimizerFacts
from tb_stability.report import Final
from tests.diagnosis.cases import batch_norm, case, dense, model, points, window
from tests.diagnosis.tables import NORMALIZED

HIGH_RATE = model(optimizer=OptimizerFacts("Adam", 0.05))
LOGITS_AS_PROBABILITIES = model(loss=LossFacts("BinaryCrossentropy", from_logits=False), output_units=1)
LOOP = model(way="loop", loss=None)
VALIDATED = ((49, 3.1), (99, 4.0), (149, 3.5), (199, 3.8))


def ending(run: Case, loss: float, *, first: float = 4.3, error: float = 0.02) -> Case:
    """The run with a final level."""
    return dataclasses.replace(run, final=Final(first_loss=first, loss=loss, loss_error=error))


def told(run: Case) -> list[tuple[str, str]]:
    return [(d.cause, d.confidence) for d in diagnose(run)]


def thrown(**changes: float) -> Case:
    """Large first updates, and a loss that comes down to guessing again."""
    return case(facts=HIGH_RATE, points=points(rate=0.05, **{"ratio": 0.09, **changes}))


def test_a_loss_that_ends_at_guessing_after_large_updates_had_too_high_a_rate() -> None:
    assert told(ending(thrown(), 2.28)) == [("learning_rate_too_high", "likely")]
    assert told(ending(thrown(), 1.9)) == [], "it has learned"
    assert told(ending(thrown(ratio=1e-3), 2.28)) in ([], [("learning_rate_too_high", "possible")])
    usual = case(points=points(ratio=0.09))
    assert told(ending(usual, 2.28)) == [("learning_rate_too_high", "possible")]
    short = dataclasses.replace(thrown(), observed=dataclasses.replace(thrown().observed, points=points(60)))
    assert told(ending(short, 2.28)) == []


def test_a_loss_that_stays_worse_than_guessing_shows_that_output_and_loss_do_not_fit() -> None:
    run = case(facts=LOGITS_AS_PROBABILITIES)
    assert told(ending(run, 1.16, first=9.6)) == [("output_loss_mismatch", "likely")]
    assert told(ending(run, 0.2, first=9.6)) == []
    assert told(ending(run, 1.16, error=0.3)) == [], "within its error"
    assert told(ending(case(), 3.0)) == [], "output and loss fit"


def noise(level: float, *, fall: float = 0.0) -> tuple[Point, ...]:
    losses = level + 0.1 * np.random.default_rng(0).standard_normal(200) - fall * np.arange(200)
    return tuple(Point(step, float(loss)) for step, loss in enumerate(losses))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("no_update", "likely")]),
        ({"points": noise(2.4, fall=0.001)}, []),  # updates that were traced before
        ({"points": noise(2.4)[:40]}, []),
        ({"facts": model()}, []),  # in `fit` updates are seen
        ({"points": tuple(dataclasses.replace(p, grad_norm=1.0) for p in noise(2.4))}, []),
    ],
)
def test_a_loop_without_an_update_whose_loss_stands_still_forgot_apply(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told(case(**{"facts": LOOP, "points": noise(2.4), **changes})) == expected


def test_a_noisy_loss_does_not_hide_a_rate_that_is_far_too_low() -> None:
    low = model(optimizer=OptimizerFacts("SGD", 1e-6, "", 0.9))
    run = case(facts=low, points=points(rate=1e-6, ratio=1e-8))
    assert told(ending(run, 4.2)) == [("learning_rate_too_low", "likely")]
    assert told(ending(run, 2.0)) == [], "it has learned"
    assert told(ending(case(facts=low, points=points(rate=1e-6, ratio=1e-4)), 4.2)) == []


def test_a_schedule_that_is_over_after_a_few_steps_is_named_with_its_end() -> None:
    scheduled = model(optimizer=OptimizerFacts("Adam", 1e-3, "CosineDecay"))

    def ends_at(end: int) -> Case:
        rate = tuple(dataclasses.replace(p, learning_rate=1e-3 if p.step < end else 0.0) for p in points())
        return ending(case(facts=scheduled, points=rate), 2.2, first=2.3)

    (found,) = diagnose(ends_at(15))
    assert (found.cause, found.confidence, found.first_step) == ("learning_rate_too_low", "likely", 15)
    assert "decay_steps=200" in found.fix.code
    assert diagnose(ends_at(150)) == ()
    assert diagnose(dataclasses.replace(ends_at(15), final=Final(first_loss=2.3, loss=0.4))) == ()


def test_small_batches_show_in_a_validation_loss_that_stays_worse_than_the_start() -> None:
    def run(*validation: tuple[int, float], size: int = 2) -> Case:
        return case(facts=NORMALIZED, batch_size=size, validation=validation)

    assert told(run(*VALIDATED)) == [("bn_small_batch", "likely")]
    assert told(run(*VALIDATED, (249, 1.0))) == []
    assert told(run(*VALIDATED[1:])) == []
    assert told(run(*VALIDATED, size=32)) == []


def test_a_run_too_short_for_its_momentum_is_told_by_its_last_validation() -> None:
    slow = model(normalizations=(batch_norm("bn_1", momentum=0.999),))
    validation = ((49, 2.0), (99, 2.4), (149, 1.8), (199, 1.5))

    def run(facts: ModelFacts, val_loss: float) -> list[tuple[str, str]]:
        final = Final(first_loss=1.8, loss=0.05, loss_error=0.01, val_loss=val_loss)
        return told(dataclasses.replace(case(facts=facts, validation=validation), final=final))

    assert run(slow, 1.5) == [("bn_momentum", "likely")]
    assert run(slow, 0.4) == [], "validation follows"
    assert run(NORMALIZED, 1.5) == [], "500 steps are enough for a momentum of 0.99"


def test_one_example_leaves_nothing_behind_a_dense_layer() -> None:
    """Kills: batches of one like batches of four, which dead units then explain as well."""
    facts = dataclasses.replace(
        NORMALIZED, layers=(dense("dense_1", has_batch_normalization_next=True), *NORMALIZED.layers[1:])
    )
    stuck = (window("loss_plateau", 0), window("dead_units", 21))
    assert diagnose(case(*stuck, facts=facts, batch_size=1))[0].cause == "bn_small_batch"
    assert diagnose(case(*stuck, facts=NORMALIZED, batch_size=1))[0].cause != "bn_small_batch"


def test_pairs_that_are_learned_by_heart_are_told_from_overfitting() -> None:
    def run(*losses: float, loss: float = 1.9, gap: bool = True, **changes: Any) -> list[tuple[str, str]]:
        windows = (window("generalization_gap", 150),) if gap else ()
        validation = {"validation": tuple(enumerate(losses)), "first_validation": losses[0]}
        return told(ending(case(*windows, **validation, **changes), loss))

    assert run(2.31, 2.33, 2.4, 2.6) == [("overfitting", "likely"), ("unrelated_targets", "likely")]
    assert run(2.31, 2.33, 2.4, 2.6, gap=False) == [("unrelated_targets", "likely")]
    assert run(2.31, 2.33, 2.4, 2.6, gap=False, loss=2.25) == [], "nothing was learned yet"
    assert run(2.31, 2.3, 2.31, 2.3, gap=False) == [], "the validation does not mind"
    assert run(2.31, 2.33, 2.4, 2.6, gap=False, facts=NORMALIZED) == []
    assert run(2.31, 1.9, 2.4, 2.6) == [("overfitting", "likely")]
    assert run(21.0, 60.0, 90.0, 99.0)[0] == ("validation_mismatch", "likely")
    assert math.isclose(case().guessing, math.log(10))
