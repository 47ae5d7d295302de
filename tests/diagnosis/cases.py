"""Runs made by hand: windows, facts and numbers, for tests of the causes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from tb_stability.diagnosis import diagnose
from tb_stability.diagnosis.case import Case
from tb_stability.diagnosis.observed import Observed, Point
from tb_stability.model_facts import LayerFacts, LossFacts, ModelFacts, NormalizationFacts, OptimizerFacts
from tb_stability.preflight import inspect
from tb_stability.preflight.premises import Premises
from tb_stability.report import Diagnosis, TensorRange
from tb_stability.windows import Window


def window(kind: str, start: int = 5, layer: str | None = "dense_1", **changes: Any) -> Window:
    """A warning that is open, in one layer."""
    whole = kind.startswith("loss") or kind == "generalization_gap"
    layer = None if whole else layer
    made = Window(
        kind=kind,
        series="loss" if layer is None else f"series/{layer}",
        layer=layer,
        layers=() if layer is None else (layer,),
        start_step=start,
        alarm_step=start + 2,
        end_step=None,
        peak_step=start + 4,
        peak_score=2.0,
        severity="warning",
    )
    return dataclasses.replace(made, **changes)


def dense(layer: str, activation: str = "relu", scale: float = 1.0, **changes: Any) -> LayerFacts:
    """A layer of 64 units on 64 inputs, with weights `scale` times those that fit its activation."""
    fitting = math.sqrt(2 / 64) if activation == "relu" else math.sqrt(1 / 64)
    made = LayerFacts(
        layer=layer,
        kind="Dense",
        activation=activation,
        next_activation=activation,
        initializer="HeNormal" if activation == "relu" else "GlorotUniform",
        fan_in=64,
        fan_out=64,
        weight_std=scale * fitting,
        units=64,
        use_bias=True,
        bias_mean=0.0,
    )
    return dataclasses.replace(made, **changes)


def model(*hidden: LayerFacts, **changes: Any) -> ModelFacts:
    """A healthy classifier of ten classes that is trained with `fit`."""
    made = ModelFacts(
        way="fit",
        layers=(*(hidden or (dense("dense_1"), dense("dense_2"))), dense("out", "linear", units=10)),
        optimizer=OptimizerFacts("Adam", 1e-3),
        loss=LossFacts("SparseCategoricalCrossentropy", from_logits=True),
        output_layer="out",
        output_activation="linear",
        output_units=10,
        steps_per_epoch=100,
        epochs=5,
    )
    return dataclasses.replace(made, **changes)


def batch_norm(layer: str = "bn_1", **changes: Any) -> NormalizationFacts:
    """BatchNormalization as Keras makes it."""
    return dataclasses.replace(
        NormalizationFacts(layer, "BatchNormalization", momentum=0.99, epsilon=1e-3), **changes
    )


def points(
    count: int = 200, *, rate: float = 1e-3, ratio: float = 1e-3, **changes: float
) -> tuple[Point, ...]:
    """Steps of a loss that falls from 2.3."""
    return tuple(
        dataclasses.replace(Point(step, 2.3 * 0.99**step, rate, 1.0, ratio), **changes)
        for step in range(count)
    )


def inputs(least: float = -2.0, most: float = 2.0, *, nan: int = 0) -> tuple[TensorRange, ...]:
    """The tensors of a first batch of 32 examples."""
    x = TensorRange("input", "", (32, 64), "float32", least, most, (least + most) / 2, nan, 0)
    return (x, TensorRange("target", "", (32,), "int32", 0.0, 9.0, 4.5, 0, 0))


def case(
    *windows: Window,
    facts: ModelFacts | None = None,
    first_batch: tuple[TensorRange, ...] = (),
    **observed: Any,
) -> Case:
    """A run with these windows, of a healthy model unless told otherwise."""
    facts = model() if facts is None else facts
    first_batch = first_batch or inputs()
    seen = Observed(**{"points": points(), "batch_size": 32, **observed})
    findings = inspect(Premises(facts, first_batch, seen.batch_size))
    return Case(tuple(sorted(windows, key=lambda w: w.start_step)), findings, facts, first_batch, seen)


def diagnosed(found: Case, cause: str) -> Diagnosis | None:
    """The diagnosis of that cause; None where it is not among them."""
    return next((d for d in diagnose(found) if d.cause == cause), None)


NORMALIZED_LOOP = model(
    way="loop", loss=None, normalizations=(batch_norm("bn_1"),), steps_per_epoch=None, epochs=None
)
"""A model with BatchNormalization in a custom loop."""
