"""For every cause, a run that it explains and a run that something else explains."""

from __future__ import annotations

import dataclasses
import math

from tb_stability.detectors.vanishing_gradient import CUT_SCORE
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.observed import NotFinite, Point
from tb_stability.model_facts import LossFacts, ModelFacts, OptimizerFacts
from tests.diagnosis.cases import batch_norm, case, dense, inputs, model, points, window

NORMALIZED = model(normalizations=(batch_norm("bn_1"), batch_norm("bn_2")))
DEEP_SIGMOID = model(*(dense(f"dense_{i}", "sigmoid") for i in range(1, 11)))
CELL = dense("gru/gru_cell", "tanh", kind="GRUCell", recurrent_gain=1.0)
REGRESSION = model(loss=LossFacts("MeanSquaredError"), output_units=1)
PRICES = (inputs()[0], dataclasses.replace(inputs()[1], dtype="float32", min=7e4, max=4e5, mean=1.9e5))
FLOAT16 = model(compute_dtype="float16")


def tightly_clipped(optimizer: str) -> ModelFacts:
    return model(optimizer=OptimizerFacts(optimizer, 0.05, clipnorm=1e-4))


def swinging_rate() -> tuple[Point, ...]:
    return tuple(dataclasses.replace(p, learning_rate=0.06 if p.step % 40 < 5 else 1e-3) for p in points(200))


def jump_at(step: int) -> tuple[Point, ...]:
    return tuple(dataclasses.replace(p, loss=9.0) if p.step == step else p for p in points(200))


NAN = NotFinite(60, math.nan, ("dense_1", "dense_2", "out"), all_layers=True)
INF = NotFinite(60, math.inf, ("dense_2", "out"))
FINITE_LOSS = NotFinite(60, 0.7, ("dense_1", "dense_2", "out"), all_layers=True)
FIRST_LAYER_ALONE = NotFinite(60, 0.7, ("dense_1",))

EXPLAINED: dict[str, tuple[str, str | None, Case]] = {
    "bn_inference_mode": (
        "certain",
        "bn_1",
        case(
            window("bn_statistics_frozen", 0, "bn_1", layers=("bn_1", "bn_2")),
            window("loss_divergence", 30),
            facts=NORMALIZED,
            inference_steps={"bn_1": 20, "bn_2": 20},
        ),
    ),
    "learning_rate_too_high": (
        "likely",
        "dense_1",
        case(
            window("update_ratio_high", 2),
            window("loss_divergence", 3),
            facts=model(optimizer=OptimizerFacts("Adam", 0.5)),
            points=points(rate=0.5, ratio=0.4),
        ),
    ),
    "learning_rate_too_low": (
        "likely",
        None,
        case(
            window("update_ratio_low", 4),
            facts=model(optimizer=OptimizerFacts("Adam", 1e-7)),
            points=points(rate=1e-7, ratio=1e-7),
        ),
    ),
    "learning_rate_oscillation": (
        "likely",
        None,
        case(
            window("loss_spike", 42, end_step=46),
            window("loss_spike", 82, end_step=86),
            points=swinging_rate(),
            rate_rises=(40, 80, 120, 160),
        ),
    ),
    "initialization_mismatch": (
        "likely",
        "dense_2",
        case(
            window("exploding_gradient", 1),
            facts=model(dense("dense_1"), dense("dense_2", scale=30.0), dense("dense_3", scale=20.0)),
        ),
    ),
    "bn_small_batch": (
        "likely",
        "bn_1",
        case(window("bn_drift", 40, "bn_1"), facts=NORMALIZED, batch_size=2),
    ),
    "bn_momentum": (
        "likely",
        "bn_2",
        case(
            window("generalization_gap", 99),
            facts=model(normalizations=(batch_norm("bn_1"), batch_norm("bn_2", momentum=0.9999))),
        ),
    ),
    "batch_size_too_small": ("likely", None, case(window("loss_oscillation", 30), batch_size=1)),
    "unscaled_inputs": (
        "likely",
        "dense_1",
        case(window("exploding_gradient", 1), first_batch=inputs(0.0, 255.0)),
    ),
    "invalid_inputs": ("likely", None, case(window("non_finite", 60), not_finite=NAN)),
    "undefined_operation": ("likely", None, case(window("non_finite", 60), not_finite=FINITE_LOSS)),
    "output_loss_mismatch": (
        "likely",
        "out",
        case(
            window("loss_plateau", 30),
            facts=model(loss=LossFacts("SparseCategoricalCrossentropy", from_logits=False)),
        ),
    ),
    "dying_relu": (
        "likely",
        "dense_1",
        case(
            window("dead_units", 3),
            window("loss_plateau", 30),
            facts=model(dense("dense_1", bias_mean=-30.0), dense("dense_2")),
        ),
    ),
    "saturated_activation": (
        "likely",
        "dense_1",
        case(window("saturated_units", 3), facts=model(dense("dense_1", "tanh"), dense("dense_2", "tanh"))),
    ),
    "vanishing_gradient": ("likely", "dense_1", case(window("vanishing_gradient", 4), facts=DEEP_SIGMOID)),
    "gradient_cut": ("likely", "dense_1", case(window("vanishing_gradient", 4, peak_score=CUT_SCORE))),
    "unrelated_targets": (
        "likely",
        None,
        case(window("loss_plateau", 90), points=points(loss=2.31)),
    ),
    "exploding_gradient": (
        "likely",
        "gru/gru_cell",
        case(window("exploding_gradient", 60, "gru/gru_cell"), facts=model(CELL)),
    ),
    "reduced_precision_overflow": (
        "likely",
        "dense_2",
        case(window("non_finite", 60, "dense_2"), facts=FLOAT16, not_finite=INF),
    ),
    "overfitting": (
        "likely",
        None,
        case(window("generalization_gap", 150), validation=((49, 1.0), (99, 0.8), (149, 1.4))),
    ),
    "outlier_batch": (
        "likely",
        None,
        case(window("loss_spike", 150, end_step=155), points=jump_at(150)),
    ),
    "no_update": ("certain", None, case(window("update_ratio_low", 0), points=points(rate=0.0, ratio=0.0))),
    "clipping_too_tight": (
        "likely",
        None,
        case(
            window("update_ratio_low", 4), facts=tightly_clipped("SGD"), points=points(rate=0.05, ratio=6e-7)
        ),
    ),
    "unscaled_targets": (
        "likely",
        None,
        case(window("loss_plateau", 0), facts=REGRESSION, first_batch=PRICES, points=points(loss=4e10)),
    ),
    "validation_mismatch": (
        "likely",
        None,
        case(
            window("generalization_gap", 150),
            validation=((49, 21.0), (99, 100.0), (149, 180.0)),
            first_validation=21.0,
        ),
    ),
}
"""For every cause: the confidence and the layer that follow from a run that it explains."""

CONTRADICTED: dict[str, Case] = {
    "bn_inference_mode": case(
        window("bn_statistics_frozen", 0, "bn_1"), facts=NORMALIZED, batch_steps={"bn_1": 20}
    ),
    "learning_rate_too_high": case(window("loss_divergence", 100)),  # small updates, a usual rate
    "learning_rate_too_low": case(
        window("update_ratio_low", 4), window("vanishing_gradient", 4), points=points(ratio=1e-7)
    ),
    "learning_rate_oscillation": case(window("loss_spike", 20), rate_rises=(100, 150)),
    "initialization_mismatch": case(
        window("loss_divergence", 150), facts=model(dense("dense_1", scale=4.0), dense("dense_2"))
    ),
    "bn_small_batch": case(
        window("bn_statistics_frozen", 0, "bn_1"), window("loss_spike", 9), facts=NORMALIZED, batch_size=2
    ),
    "bn_momentum": case(window("generalization_gap", 400), facts=NORMALIZED),  # 2 % are left
    "batch_size_too_small": case(window("loss_oscillation", 30), facts=NORMALIZED, batch_size=4),
    "unscaled_inputs": case(window("loss_divergence", 300), first_batch=inputs(0.0, 255.0)),
    "invalid_inputs": case(window("loss_divergence", 30), window("non_finite", 60), not_finite=NAN),
    "undefined_operation": case(window("non_finite", 60), facts=FLOAT16, not_finite=INF),
    "output_loss_mismatch": case(facts=model(loss=LossFacts("SparseCategoricalCrossentropy", False))),
    "dying_relu": case(window("update_ratio_high", 1), window("dead_units", 8)),
    "saturated_activation": case(window("loss_divergence", 1), window("saturated_units", 8)),
    "vanishing_gradient": case(
        window("vanishing_gradient", 4), facts=model(dense("dense_1", scale=0.0), dense("dense_2", scale=0.0))
    ),
    "gradient_cut": case(window("vanishing_gradient", 4, peak_score=CUT_SCORE), window("dead_units", 2)),
    "unrelated_targets": case(window("loss_plateau", 90), points=points(loss=2.31, update_ratio=1e-7)),
    "exploding_gradient": case(window("exploding_gradient", 60), points=swinging_rate(), rate_rises=(55,)),
    "reduced_precision_overflow": case(
        window("non_finite", 0), facts=FLOAT16, first_batch=inputs(nan=3), not_finite=NotFinite(0, math.nan)
    ),
    "overfitting": case(window("generalization_gap", 20), facts=NORMALIZED, validation=((9, 2.0), (19, 4.0))),
    "outlier_batch": case(window("loss_spike", 150), points=jump_at(150), rate_rises=(145,)),
    "no_update": case(window("loss_plateau", 20), points=points(rate=0.0)[:40] + points()[40:]),  # a warm-up
    "clipping_too_tight": case(
        window("update_ratio_low", 4), facts=tightly_clipped("Adam"), points=points(ratio=6e-7)
    ),
    "unscaled_targets": case(
        window("loss_divergence", 2),
        facts=dataclasses.replace(REGRESSION, optimizer=OptimizerFacts("Adam", 1.0)),
        first_batch=PRICES,
        points=points(rate=1.0),
    ),
    "validation_mismatch": case(
        window("generalization_gap", 150),
        facts=NORMALIZED,
        validation=((49, 21.0), (99, 100.0), (149, 180.0)),
        first_validation=21.0,
    ),
}
"""For every cause: a run with its symptom that something else explains."""
