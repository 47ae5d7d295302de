"""How evidence becomes confidence, and suspects a ranking."""

from __future__ import annotations

import ast

import pytest

from tb_stability.diagnosis.brief import Brief, Suspect
from tb_stability.diagnosis.code import for_each, get_layer, optimizer_call, rounded, set_optimizer
from tb_stability.diagnosis.ranking import leading, rank
from tb_stability.diagnosis.words import names, number, percent
from tb_stability.model_facts import OptimizerFacts
from tb_stability.report import Fix
from tests.diagnosis.cases import case, dense, model


def suspect(cause: str, *signs: str) -> Suspect:
    brief = Brief(cause)
    for sign in signs:
        getattr(brief, sign)(sign, f"{sign}.")
    made = brief.close(layer=None, first_step=3, why="Why.", fix=Fix("", ""), test=f"test {cause}")
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("signs", "confidence"),
    [
        (["proof"], "certain"),
        (["proof", "doubt"], "certain"),
        (["proof", "against"], "possible"),
        (["proof", "strong", "against"], "likely"),
        (["strong"], "possible"),
        (["strong", "weak"], "likely"),
        (["strong", "strong", "doubt"], "likely"),
        (["strong", "strong", "against"], "possible"),
        (["weak"], "possible"),
    ],
)
def test_confidence_follows_from_the_signs(signs: list[str], confidence: str) -> None:
    assert suspect("x", *signs).diagnosis.confidence == confidence


@pytest.mark.parametrize("signs", [[], ["weak", "doubt"], ["strong", "against"]])
def test_too_little_is_no_suspect(signs: list[str]) -> None:
    brief = Brief("x")
    for sign in signs:
        getattr(brief, sign)(sign, "Text.")
    assert brief.close(layer=None, first_step=0, why="", fix=Fix("", "")) is None


def test_evidence_for_comes_before_evidence_against_and_keeps_its_order() -> None:
    found = suspect("x", "doubt", "weak", "strong", "proof").diagnosis
    assert [e.kind for e in found.evidence] == ["weak", "strong", "proof", "doubt"]


def test_surest_first_then_heaviest_then_as_given() -> None:
    ranked = rank(
        [
            suspect("possible", "strong"),
            suspect("light", "strong", "weak"),
            suspect("heavy", "strong", "strong", "strong"),
            suspect("light_too", "strong", "weak"),
        ]
    )
    assert [d.cause for d in ranked] == ["heavy", "light", "light_too", "possible"]
    assert leading(ranked) == ranked[0]


def test_the_gradient_causes_give_way_to_a_specific_one() -> None:
    exploding = suspect("exploding_gradient", "strong", "strong", "strong")
    assert [d.cause for d in rank([suspect("x", "strong", "weak"), exploding])] == ["x"]
    assert [d.cause for d in rank([suspect("x", "strong"), exploding])] == ["exploding_gradient", "x"]


def test_beside_a_certain_cause_nothing_is_only_possible() -> None:
    ranked = rank([suspect("x", "strong"), suspect("y", "strong", "weak"), suspect("z", "proof")])
    assert [d.cause for d in ranked] == ["z", "y"]
    assert rank([suspect(f"c{i}", "strong") for i in range(9)])[4:] == ()


def test_a_tie_is_said_of_both_and_only_where_they_are_likely_and_close() -> None:
    first, second = rank([suspect("a", "strong", "weak"), suspect("b", "strong", "strong")])
    assert [(d.cause, d.evidence[-1].text) for d in (first, second)] == [
        ("b", "Nearly as likely: A. To tell them apart, test b."),
        ("a", "Nearly as likely: B. To tell them apart, test a."),
    ]
    far = rank([suspect("a", "strong", "weak"), suspect("b", "strong", "strong", "weak")])
    possible = rank([suspect("a", "strong"), suspect("b", "strong")])
    assert all(e.kind != "tie" for d in (*far, *possible) for e in d.evidence)
    assert leading(possible) is None
    assert leading(()) is None


def test_code_has_the_names_and_numbers_of_the_run() -> None:
    facts = model(
        dense("block/dense_1"),
        dense("gru/gru_cell", kind="GRUCell"),
        optimizer=OptimizerFacts("SGD", 0.1, "", 0.9),
    )
    run = case(facts=facts)
    assert get_layer("block/dense_1", facts) == 'model.get_layer("block").get_layer("dense_1")'
    assert get_layer("gru/gru_cell", facts) == 'model.get_layer("gru").cell'
    assert for_each(["a", "b"], None, "layer.x = 1") == (
        'for name in ["a", "b"]:\n    layer = model.get_layer(name)\n    layer.x = 1'
    )
    assert for_each(["block/dense_1"], facts, "pass").startswith("for layer in [\n    model.get_layer(")
    assert optimizer_call(run, clipnorm=2.0) == (
        "keras.optimizers.SGD(learning_rate=0.001, momentum=0.9, clipnorm=2)"
    )
    clipped = case(facts=model(optimizer=OptimizerFacts("Adam", 1e-3, clipvalue=0.5)))
    assert optimizer_call(clipped, global_clipnorm=1.0) == (
        "keras.optimizers.Adam(learning_rate=0.001, global_clipnorm=1)"  # it takes one kind of clipping
    )
    scheduled = case(facts=model(optimizer=OptimizerFacts("Adam", 1e-3, "CosineDecay")))
    code = set_optimizer(scheduled, global_clipnorm=1.0)
    assert "# with your CosineDecay as its learning_rate" in code
    ast.parse(code)
    own = case(facts=model(optimizer=OptimizerFacts("MyOptimizer", 1e-3)))
    assert optimizer_call(own, learning_rate=0.1) == "keras.optimizers.Adam(learning_rate=0.1)"


def test_numbers_are_as_people_write_them() -> None:
    assert [rounded(x) for x in (0.00234, 0.96, 37.0)] == [0.002, 1.0, 40.0]
    assert (number(1.23456e-5), number(float("nan"))) == ("1.23e-05", "unknown")
    assert (percent(0.374), percent(0.00123)) == ("37 %", "0.12 %")
    assert (names(["a"]), names(["a", "b"])) == ("a", "a and b")
    assert names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
