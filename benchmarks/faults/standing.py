"""Faults that are there from the first step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from faults.bases import (
    ARCHITECTURES,
    BREAKDOWN,
    STANDSTILL,
    bases,
    faulty,
    is_plain_sgd,
    with_network,
)
from faults.program import Program, Recipe, Truth

_BLOW_UP = BREAKDOWN | {"loss_plateau", "dead_units", "saturated_units"}

_BARE: Mapping[str, Mapping[str, Any]] = {
    "mlp": {},
    "cnn": {"normalizes": False},
    "recurrent": {},
    "transformer": {},
    "residual": {"normalizes": False},
    "mixer": {"normalizes": False},
}
"""Options of the network without normalization, which heals most of what is wrong with weights and inputs."""


_MANY_VALUES = "two examples have 60 values or more a channel, so their statistics are no worse than usual"
_LOSS_WITH_A_FLOOR = "a loss that falls to 1.46 and no lower looks like one that the data allows no better"


def standing() -> Iterator[Program]:
    """All of them."""
    yield from _learning_rates()
    yield from _initial_weights()
    yield from _units()
    yield from _normalization()
    yield from _data()
    yield from _others()


def _learning_rates() -> Iterator[Program]:
    for twin in bases(*ARCHITECTURES):
        # With BatchNormalization the weights grow until the rate is right; the last layer has to break.
        rate = 2.0 if is_plain_sgd(twin) else 20.0 if twin.architecture == "cnn" else 0.5
        truth = Truth(_BLOW_UP)
        yield faulty("learning_rate_too_high", twin, truth, learning_rate=rate)
    for twin in bases(*ARCHITECTURES, seeds=2):
        rate = 1e-6 if is_plain_sgd(twin) else 1e-7
        yield faulty("learning_rate_too_low", twin, Truth(STANDSTILL), learning_rate=rate)
    for twin in bases("mlp", "recurrent", "transformer", "mixer"):
        rate = 1.0 if is_plain_sgd(twin) else 0.1
        yield faulty("batch_size_too_small", twin, Truth(_BLOW_UP), batch_size=1, learning_rate=rate)


def _initial_weights() -> Iterator[Program]:
    for twin in _bare("mlp", "cnn", "transformer", "residual", "mixer"):
        gain = 4.0 if is_plain_sgd(twin) else 30.0
        yield _network("initialization_too_large", twin, Truth(_BLOW_UP | STANDSTILL), gain=gain)
    for twin in _bare("mlp", "cnn", "recurrent", "transformer", "mixer"):
        truth = Truth(STANDSTILL | {"dead_units", "vanishing_gradient"})
        yield _network("initialization_zero", twin, truth, gain=0.0)


def _units() -> Iterator[Program]:
    standstill = STANDSTILL | {"vanishing_gradient"}
    for twin in bases("mlp"):
        for activation in ("sigmoid",) if twin.seed % 2 else ("tanh", "sigmoid"):
            deep = with_network(
                twin, depth=10, activation=activation, gain=0.2 if activation == "tanh" else 0.5
            )
            truth = Truth(standstill, layers=_layers("dense_1", "dense_2", "dense_3"))
            yield faulty(
                "vanishing_gradient", twin, truth, label=f"vanishing_{activation}", network=deep.network
            )
    for twin in bases("mixer"):
        truth = Truth(standstill, layers=_layers("embed", "tokens_1", "up_1", "down_1"))
        options = {
            "normalizes": False,
            "is_residual": False,
            "blocks": 4,
            "activation": "sigmoid",
            "gain": 0.7,
        }
        yield faulty("vanishing_gradient", twin, truth, network=options)
    dead = STANDSTILL | {"dead_units"}
    for architecture, place, names in (
        ("mlp", 2, ("dense_2",)),
        ("cnn", 2, ("act_2", "conv_2", "bn_2")),
        ("transformer", 1, ("up_1",)),
        ("mixer", 1, ("up_1",)),
        ("mixer", 2, ("up_2",)),
    ):
        for twin in bases(architecture):
            options = {"activation": "relu", "bias": -30.0, "bias_layer": place}
            truth = Truth(dead, layers=_layers(*names))
            yield _network("dying_relu", twin, truth, label=f"dying_relu_{place}", **options)
    saturated = STANDSTILL | {"saturated_units", "vanishing_gradient"}
    for twin in _bare("mlp", "cnn", "residual", "mixer"):
        twin = with_network(twin, activation="tanh")
        yield _network("saturated_activation", twin, Truth(saturated | BREAKDOWN), gain=30.0)
    for twin in bases("mlp"):
        truth = Truth(standstill, layers=_layers("dense_1", "dense_2"))
        yield _network("gradient_cut", twin, truth, cut=2)


def _normalization() -> Iterator[Program]:
    for architecture, options, names in (
        ("cnn", {}, ("bn_1", "bn_2", "bn_3")),
        ("mlp", {"normalizes": True}, ("bn_1", "bn_2", "bn_3")),
        ("residual", {"batch_normalizes": True}, ("norm_1a", "norm_1b", "norm_2a", "norm_2b")),
    ):
        for twin in bases(architecture, network=options, way="loop"):
            truth = Truth(frozenset({"bn_statistics_frozen"}), layers=_layers(*names))
            yield faulty("bn_inference_mode", twin, truth, way="loop_inference")
        for twin in bases(architecture, network=options, validates=True):
            drifts = frozenset({"bn_drift", "generalization_gap"})
            truth = Truth(
                drifts | BREAKDOWN | {"loss_plateau"}, traceless="" if architecture == "mlp" else _MANY_VALUES
            )
            yield faulty("bn_small_batch", twin, truth, batch_size=2)
            if architecture != "mlp":
                network = {**options, "momentum": 0.9999}
                yield faulty("bn_momentum", twin, Truth(drifts), network=network)


def _data() -> Iterator[Program]:
    for twin in _bare("mlp", "cnn", "transformer", "residual", "mixer"):
        options: dict[str, Any] = {
            "learning_rate": 0.02,
            "optimizer": "SGD",
            "optimizer_options": {"momentum": 0.9},
        }
        twin = dataclasses.replace(twin, **options)
        yield faulty("unscaled_inputs", twin, Truth(_BLOW_UP | STANDSTILL), data_options={"scale": "bytes"})
    for twin in bases(*ARCHITECTURES, seeds=2, validates=True, epoch_steps=15):
        data = {"samples": 48, "noisy_labels": 0.4}
        yield faulty("overfitting", twin, Truth(frozenset({"generalization_gap"})), data_options=data)
    for twin in bases(*ARCHITECTURES, seeds=2):
        yield faulty("labels_random", twin, Truth(STANDSTILL), data_options={"noisy_labels": "each_step"})


def _others() -> Iterator[Program]:
    mismatch = STANDSTILL | {"dead_units", "saturated_units", "vanishing_gradient"}
    # Standardized targets are negative half of the time, and beyond 1 every sixth time.
    for twin in (*bases("mlp", data="friedman"), *bases("mlp", "mixer", data="diabetes")):
        if is_plain_sgd(twin):  # at its usual rate a regression diverges
            twin = dataclasses.replace(twin, learning_rate=0.1 * twin.learning_rate)
        yield _network(
            "output_loss_mismatch", twin, Truth(mismatch), label="bounded", output_activation="sigmoid"
        )
    for twin in bases("mlp", "cnn", "mixer", seeds=2):
        truth = Truth(mismatch, traceless=_LOSS_WITH_A_FLOOR)
        yield faulty("output_loss_mismatch", twin, truth, label="softmax_twice", loss="softmax_twice")
    for twin in bases("recurrent", network={"cell": "simple", "repeats": 4}):
        options = {"cell": "simple", "repeats": 4, "recurrent_gain": 2.0, "activation": "relu"}
        truth = Truth(_BLOW_UP, layers=_layers("rnn_1", "rnn_2"))
        yield faulty("exploding_gradient", twin, truth, label="exploding_recurrent", network=options)
    for twin in bases("mlp"):
        network = {"depth": 12, "gain": 2.5}
        yield faulty("exploding_gradient", twin, Truth(_BLOW_UP), label="exploding_deep", network=network)


def _bare(*architectures: str, seeds: int = 3) -> Iterator[Recipe]:
    for architecture in architectures:
        yield from bases(architecture, seeds=seeds, network=_BARE[architecture])


def _network(kind: str, twin: Recipe, truth: Truth, *, label: str = "", **options: Any) -> Program:
    return faulty(kind, twin, truth, label=label, network={**twin.network, **options})


def _layers(*names: str) -> frozenset[str]:
    return frozenset(names)
