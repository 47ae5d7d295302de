"""What the preflight could not look at is said, with the reason."""

from __future__ import annotations

import dataclasses

import pytest

from tb_stability.model_facts import LossFacts, ModelFacts
from tb_stability.preflight.premises import Premises
from tb_stability.preflight.unseen import unseen
from tests.diagnosis.cases import inputs, model

FULL = Premises(model(), inputs(), 32)
LOOP = model(way="loop", loss=None)


def reasons(premises: Premises) -> dict[str, str]:
    checks = unseen(premises)
    assert {check.status for check in checks} <= {"skipped"}
    return {check.name: check.reason for check in checks}


def test_of_a_fit_that_was_seen_in_full_nothing_is_left_out() -> None:
    assert unseen(FULL) == ()


def test_a_custom_loop_shows_neither_loss_nor_batches() -> None:
    assert reasons(Premises(LOOP)) == {
        "output_loss_mismatch": "a custom loop does not show its loss",
        "unscaled_inputs": "a custom loop does not show its batches",
        "batch_size_small": "a custom loop does not show its batches",
    }
    assert "batch_size_small" not in reasons(Premises(LOOP, batch_size=32))


@pytest.mark.parametrize(
    ("facts", "name", "reason"),
    [
        (model(loss=LossFacts()), "output_loss_mismatch", "the loss is a function of your own"),
        (model(loss=None), "output_loss_mismatch", "there is no loss, or several"),
        (model(output_layer=""), "output_loss_mismatch", "there are several outputs, or an unknown one"),
        (
            dataclasses.replace(model(), layers=()),
            "initial_weights_scale",
            "no layer with a kernel is known",
        ),
    ],
)
def test_each_reason_is_said(facts: ModelFacts, name: str, reason: str) -> None:
    assert reasons(dataclasses.replace(FULL, model=facts)) == {name: reason}
