"""Every rule of the preflight: what it notes, and what it does not."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from tb_stability.model_facts import LayerFacts, LossFacts, ModelFacts, OptimizerFacts
from tb_stability.preflight import inspect
from tb_stability.preflight.initial_weights import decades_over_depth, is_misscaled
from tb_stability.preflight.output_loss import share_out_of_reach
from tb_stability.preflight.premises import Premises
from tb_stability.report import TensorRange
from tests.diagnosis.cases import batch_norm, dense, inputs, model


def premises(facts: ModelFacts | None = None, **changes: Any) -> Premises:
    made = Premises(model() if facts is None else facts, inputs(), 32)
    return dataclasses.replace(made, **changes)


def output(activation: str, loss: str, from_logits: bool | None = None, units: int = 10) -> Premises:
    facts = model(loss=LossFacts(loss, from_logits), output_activation=activation, output_units=units)
    return premises(facts, first_batch=())


def target(least: float, most: float, *shape: int) -> tuple[TensorRange, ...]:
    return (TensorRange("target", "", shape or (32,), "float32", least, most, 0.0, 0, 0),)


def rate(kind: str, value: float, **changes: Any) -> Premises:
    return premises(model(optimizer=OptimizerFacts(kind, value, **changes)))


GLOROT = dense("dense_1", initializer="GlorotUniform")
DEEP = model(*(dense(f"dense_{i}", scale=0.7) for i in range(15)))
SORTED = target(3.0, 3.0, 32, 1)
NOTED: dict[str, tuple[Premises, str, str]] = {
    "initializer_activation_mismatch": (premises(model(GLOROT)), "dense_1", "relu behind GlorotUniform"),
    "initial_weights_constant": (premises(model(dense("dense_1", scale=0.0))), "dense_1", "are equal"),
    "initial_weights_scale": (premises(model(dense("dense_1", scale=10.0))), "dense_1", "of 1.77"),
    "recurrent_weights_scale": (
        premises(model(dense("cell", "tanh", recurrent_gain=2.0))),
        "cell",
        "by about 2",
    ),
    "output_loss_mismatch": (output("softmax", "BinaryCrossentropy", False, 1), "out", "always 1"),
    "invalid_inputs": (premises(first_batch=inputs(nan=3)), "", "3 entries that are NaN"),
    "unscaled_inputs": (premises(first_batch=inputs(0, 255)), "", "0 to 255, with mean 128"),
    "unscaled_targets": (
        premises(model(loss=LossFacts("MeanSquaredError")), first_batch=target(-3e4, 1e5)),
        "",
        "to 1e+05",
    ),
    "learning_rate_unusual": (rate("Adam", 0.1), "", "Adam is 0.1; usual are 1e-05 to 0.01"),
    "bn_small_batch": (premises(model(normalizations=(batch_norm(),)), batch_size=2), "bn_1", "batches of 2"),
    "bn_momentum": (
        premises(model(normalizations=(batch_norm(momentum=0.999),))),
        "bn_1",
        "after the 500 steps of this run 61 %",
    ),
    "bn_epsilon": (premises(model(normalizations=(batch_norm(epsilon=1.0),))), "bn_1", "epsilon = 1 "),
    "bias_before_bn": (
        premises(model(dense("dense_1", has_batch_normalization_next=True), normalizations=(batch_norm(),))),
        "dense_1",
        "no effect",
    ),
    "clipping_tight": (rate("Adam", 1e-3, clipvalue=1e-5), "", "clipvalue=1e-05"),
    "float16_without_loss_scaling": (premises(model(compute_dtype="float16")), "", "65504"),
    "nothing_trainable": (
        premises(
            dataclasses.replace(
                model(), layers=tuple(dataclasses.replace(f, trainable=False) for f in model().layers)
            )
        ),
        "",
        "cannot learn",
    ),
    "batch_size_small": (premises(batch_size=1), "", "1 example:"),
    "batch_size_large": (premises(model(steps_per_epoch=2), batch_size=5000), "", "2 steps of 5000"),
    "data_not_shuffled": (premises(first_batch=SORTED), "", "same class, 3"),
}
"""For every kind: premises of which it is noted, its layer (or nothing), and a part of its text."""


@pytest.mark.parametrize("kind", NOTED)
def test_a_kind_is_noted_with_layer_and_numbers(kind: str) -> None:
    given, layer, part = NOTED[kind]
    (found,) = (f for f in inspect(given) if f.kind == kind)
    assert (found.layer or "") == layer
    assert part in found.text
    assert found.text.endswith(".")


def test_a_healthy_model_has_no_finding() -> None:
    assert inspect(premises()) == ()
    assert inspect(Premises(ModelFacts("loop"))) == ()  # nothing is known


UNNOTED = {
    "Glorot behind a normalization": premises(model(dataclasses.replace(GLOROT, is_normalized=True))),
    "large weights behind a normalization": premises(model(dense("a", scale=10.0, is_normalized=True))),
    "weights three times as large": premises(model(dense("a", scale=2.9), dense("b", scale=0.4))),
    "bytes that a layer rescales": premises(
        dataclasses.replace(
            model(), layers=(dense("r", kind="Rescaling", fan_in=0, initializer=""), *model().layers)
        ),
        first_batch=inputs(0, 255),
    ),
    "softmax for probabilities": output("softmax", "CategoricalCrossentropy", False),
    "sigmoid for a binary answer": output("sigmoid", "BinaryCrossentropy", False, 1),
    "ReLU for a regression": output("relu", "MeanSquaredError", None, 1),
    "a function of the user's own": output("", "CategoricalCrossentropy", False),
    "SGD at 0.1": rate("SGD", 0.1, momentum=0.9),
    "a warm-up from 0": rate("Adam", 1e-9, schedule="CosineDecay"),
    "frozen BatchNormalization": premises(
        model(normalizations=(batch_norm(trainable=False, momentum=0.9999),)), batch_size=1
    ),
    "loss scaling": premises(
        model(optimizer=OptimizerFacts("Adam", 1e-3, scales_loss=True), compute_dtype="float16")
    ),
    "a small batch of one class": premises(first_batch=target(3.0, 3.0, 4)),
    "a regression with one value": premises(
        model(loss=LossFacts("MeanSquaredError")), first_batch=target(3.0, 3.0, 32)
    ),
}


@pytest.mark.parametrize("name", UNNOTED)
def test_what_is_usual_is_not_noted(name: str) -> None:
    unsaid = {"batch_size_small"}  # true of the tiny batches above
    assert [f.kind for f in inspect(UNNOTED[name]) if f.kind not in unsaid] == []


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (output("softmax", "SparseCategoricalCrossentropy", True), "softmax is applied twice"),
        (output("sigmoid", "BinaryCrossentropy", True, 1), "sigmoid is applied twice"),
        (output("linear", "CategoricalCrossentropy", False), "the outputs are logits"),
        (output("linear", "BinaryCrossentropy", False, 1), "cuts them off at 0 and 1"),
        (output("relu", "SparseCategoricalCrossentropy", True), "relu gives no probability"),
        (output("sigmoid", "SparseCategoricalCrossentropy", False), "sigmoid gives 10 independent"),
        (output("sigmoid", "SparseCategoricalCrossentropy", False, 1), "one output unit is one class"),
        (
            dataclasses.replace(
                output("linear", "SparseCategoricalCrossentropy", True), first_batch=target(1, 10)
            ),
            "classes 1 to 10, but it has 10 units (0 to 9)",
        ),
        (
            dataclasses.replace(output("sigmoid", "BinaryCrossentropy", False), first_batch=target(-1, 1)),
            "needs targets in 0 to 1",
        ),
        (
            dataclasses.replace(output("tanh", "MeanSquaredError", None, 1), first_batch=target(-3, 3)),
            "tanh reaches -1 to 1, but the targets range from -3 to 3",
        ),
    ],
)
def test_mismatches_of_output_and_loss_are_told_apart(given: Premises, part: str) -> None:
    (found,) = (f for f in inspect(given) if f.kind == "output_loss_mismatch")
    assert found.text.startswith("Layer out: ")
    assert part in found.text


def test_weights_a_little_off_in_every_layer_add_up() -> None:
    assert decades_over_depth(DEEP) == pytest.approx(-2.32, abs=0.01)  # 15 * log10(0.7)
    (found,) = inspect(premises(DEEP))
    assert found.kind == "initial_weights_scale"
    assert "shrinks by about 2.3 powers of ten" in found.text


@pytest.mark.parametrize("kind", ["", "CosineSimilarity", "CTC", "Hinge"])
def test_what_a_loss_makes_of_targets_is_not_guessed(kind: str) -> None:
    """Kills: a range check of a loss that does not compare value by value, such as one of the user's own."""
    given = dataclasses.replace(output("softmax", kind, None), first_batch=target(0, 9))
    assert "output_loss_mismatch" not in {finding.kind for finding in inspect(given)}
    assert share_out_of_reach(given.model, given.first_batch) == 0.0


@pytest.mark.parametrize(("fan_in", "fan_out"), [(9, 288), (27, 288), (6, 64), (4, 4000), (512, 10)])
def test_what_keras_makes_by_default_is_never_far_off(fan_in: int, fan_out: int) -> None:
    """Kills: Glorot behind ReLU called far too small where a layer widens, such as the first convolution."""
    std = math.sqrt(2.0 / (fan_in + fan_out))
    facts = LayerFacts("d", "Dense", "relu", "relu", "GlorotUniform", fan_in, fan_out, weight_std=std)
    assert not is_misscaled(facts)
    assert is_misscaled(dataclasses.replace(facts, weight_std=std / 8))
    assert is_misscaled(dataclasses.replace(facts, weight_std=4 * math.sqrt(2.0 / fan_in)))
