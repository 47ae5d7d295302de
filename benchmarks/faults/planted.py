"""Faults that begin at a known step of a training that was healthy until then."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from faults.bases import ARCHITECTURES, BREAKDOWN, bases, faulty, is_plain_sgd, with_network
from faults.program import Change, Program, Recipe, Truth


def planted() -> Iterator[Program]:
    """All of them."""
    yield from _learning_rates()
    yield from _batches()
    yield from _not_finite()


def _learning_rates() -> Iterator[Program]:
    for twin in bases(*ARCHITECTURES):
        # So much that it shows, and not so much that the network is beyond recovery.
        factor = 40.0 if is_plain_sgd(twin) else 200.0 if twin.architecture == "cnn" else 50.0
        spell = Change("learning_rate", 300, 307, factor)
        truth = Truth(BREAKDOWN | {"dead_units"}, 300, 307, heals=True, traceless=_traceless(twin))
        yield faulty("learning_rate_spell", twin, truth, changes=(spell,))
    for twin in bases(*ARCHITECTURES, seeds=2):
        factor = 100.0 if is_plain_sgd(twin) else 300.0
        rise = Change("learning_rate", 300, None, factor)
        kinds = BREAKDOWN | {"dead_units", "loss_plateau", "saturated_units"}
        truth = Truth(kinds, 300, traceless=_traceless(twin))
        yield faulty("learning_rate_raised", twin, truth, changes=(rise,))
    for twin in bases("mlp", "cnn", "recurrent", "transformer", "mixer", seeds=3):
        factor = 60.0 if is_plain_sgd(twin) else 100.0
        swings = Change("learning_rate", 150, None, factor, every=8)
        truth = Truth(BREAKDOWN, 150, traceless=_traceless(twin))
        yield faulty("learning_rate_oscillation", twin, truth, changes=(swings,))


def _traceless(twin: Recipe) -> str:
    """Wine is learned by heart after a hundred steps."""
    return "the loss is next to 0 by then, and so is every update" if twin.data == "wine" else ""


def _batches() -> Iterator[Program]:
    for twin in bases(*ARCHITECTURES):
        # BatchNormalization takes the factor out again, but its moving statistics remember it.
        truth = Truth(BREAKDOWN | {"bn_drift"}, 250, 254, heals=True, traceless=_traceless(twin))
        yield faulty("batch_scaled", twin, truth, changes=(Change("inputs", 250, 254, 100.0),))
    for twin in bases(*ARCHITECTURES):
        yield faulty(
            "labels_shuffled",
            twin,
            Truth(BREAKDOWN, 280, 294, heals=True),
            changes=(Change("labels", 280, 294),),
        )
    for architecture, options in (("cnn", {}), ("residual", {"batch_normalizes": True})):
        for twin in bases(architecture, validates=True, network=options):
            # The inputs come in another unit from here on; held-back data does not.
            shift = (Change("inputs", 250, None, 4.0), Change("offset", 250, None, 5.0))
            truth = Truth(BREAKDOWN | {"bn_drift", "generalization_gap"}, 250)
            yield faulty("input_shift", twin, truth, changes=shift)


def _not_finite() -> Iterator[Program]:
    truth = Truth(frozenset({"non_finite"}), 200)
    for twin in bases(*ARCHITECTURES, seeds=2):
        yield faulty("inputs_nan", twin, truth, changes=(Change("nan", 200, 200, 0.01),))
    # Beyond 65504, float16 is infinite.
    truth = Truth(frozenset({"non_finite"}), 250, 257)
    for twin in bases(*ARCHITECTURES, seeds=2, precision="mixed_float16"):
        yield faulty("overflow_float16", twin, truth, changes=(Change("inputs", 250, 257, 2e5),))
    truth = Truth(frozenset({"non_finite"}), 250)
    for twin in bases("mlp", "residual", "mixer", seeds=3, loss="log_of_probability"):
        if twin.data != "diabetes":
            yield faulty("log_of_zero", twin, truth, changes=(Change("inputs", 250, 250, 3000.0),))
    for twin in bases("mlp", seeds=4, loss="distance"):
        twin = dataclasses.replace(twin, data="friedman" if twin.seed < 3 else "diabetes")
        twin = with_network(twin, use_bias=False, activation="tanh")
        yield faulty("root_of_zero", twin, truth, changes=(Change("zeros", 250, 250),))
