"""The healthy trainings that the faults are planted into, and how both become programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from faults.program import FRESH_SEEDS, HELD_OUT_ARCHITECTURES, Program, Recipe, Truth

STEPS = 450

_OPTIMIZERS: tuple[tuple[str, float, Mapping[str, Any]], ...] = (
    ("Adam", 2e-3, {}),
    ("SGD", 0.02, {"momentum": 0.9}),
    ("AdamW", 2e-3, {"weight_decay": 1e-2}),
    ("Nadam", 2e-3, {}),
    ("SGD", 0.02, {"momentum": 0.9, "nesterov": True}),
)
"""Optimizer and healthy learning rate by seed."""

_DATA: Mapping[str, tuple[str, ...]] = {
    "mlp": ("digits", "wine", "diabetes", "breast_cancer", "waves"),
    "cnn": ("digits", "breast_cancer", "waves", "digits", "waves"),
    "recurrent": ("digits", "breast_cancer", "waves", "digits", "waves"),
    "transformer": ("digits", "breast_cancer", "digits", "digits", "breast_cancer"),
    "residual": ("digits", "waves", "breast_cancer", "digits", "waves"),
    "mixer": ("digits", "breast_cancer", "waves", "digits", "waves"),
}
"""Data set by architecture and seed. In so few steps the transformer learns neither waves nor diabetes."""

ARCHITECTURES = tuple(_DATA)

_LEARN_BY_HEART = ("transformer", "mixer")
"""Of breast cancer: the training loss falls to a tenth, the validation loss stands still or rises."""

BREAKDOWN = frozenset(
    {
        "non_finite",
        "loss_spike",
        "loss_divergence",
        "loss_oscillation",
        "exploding_gradient",
        "update_ratio_high",
    }
)
"""Symptoms of a training that is thrown about; which of them shows is a matter of luck."""

STANDSTILL = frozenset({"loss_plateau", "update_ratio_low"})
"""Symptoms of a training that does not get anywhere."""


def base(architecture: str, seed: int, /, **changes: Any) -> Recipe:
    """Returns the healthy training of a seed, which also chooses data and optimizer."""
    optimizer, rate, options = _OPTIMIZERS[seed]
    recipe = Recipe(
        architecture,
        _DATA[architecture][seed],
        seed,
        STEPS,
        optimizer=optimizer,
        learning_rate=rate,
        optimizer_options=options,
    )
    return dataclasses.replace(recipe, **changes)


def seeds_of(architecture: str, count: int) -> list[int]:
    """The seeds of a combination: the first `count`, fewer for architectures held out, and the fresh ones."""
    first = min(count, 2) if architecture in HELD_OUT_ARCHITECTURES else count
    return sorted({*range(first), *FRESH_SEEDS})


def bases(*architectures: str, seeds: int = 3, **changes: Any) -> Iterator[Recipe]:
    """Yields the healthy trainings of some architectures."""
    for architecture in architectures:
        for seed in seeds_of(architecture, seeds):
            yield base(architecture, seed, **changes)


def faulty(kind: str, twin: Recipe, truth: Truth, *, label: str = "", **changes: Any) -> Program:
    """Returns a program with a fault: a healthy recipe with these changes; `label` names a variant."""
    recipe = dataclasses.replace(twin, **changes)
    return Program(name(label or kind, recipe), kind, recipe, truth, twin)


def healthy(kind: str, recipe: Recipe, *, label: str = "") -> Program:
    """Returns a program without one; but one that learns its few examples by heart is overfitting."""
    if recipe.validates and recipe.data == "breast_cancer" and recipe.architecture in _LEARN_BY_HEART:
        truth = Truth(frozenset({"generalization_gap"}))
        return Program(name(label or kind, recipe), "overfitting", recipe, truth)
    return Program(name(label or kind, recipe), kind, recipe)


def name(label: str, recipe: Recipe) -> str:
    """What a program is called."""
    return f"{label}/{recipe.architecture}/{recipe.data}/{recipe.seed}"


def with_network(recipe: Recipe, **options: Any) -> Recipe:
    """Returns the recipe with these options of the network."""
    return dataclasses.replace(recipe, network={**recipe.network, **options})


def is_plain_sgd(recipe: Recipe) -> bool:
    """Whether the size of its updates is proportional to that of the gradient."""
    return recipe.optimizer == "SGD"
