"""Trainings that are healthy, and do what looks like a fault to a simple rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from faults.bases import ARCHITECTURES, base, bases, healthy
from faults.program import FRESH_SEEDS, Program, Recipe

_SEEDS = (*range(3), *FRESH_SEEDS)

_EVERYWHERE: Mapping[str, Mapping[str, Any]] = {
    "warmup": {"schedule": "warmup"},
    "cosine": {"schedule": "cosine"},
    "step_schedule": {"schedule": "steps"},
    "restarts": {"schedule": "restarts"},
    "one_cycle": {"schedule": "one_cycle", "learning_rate": 8e-3, "optimizer": "AdamW"},
    "dropout": {"network": {"dropout": 0.5}},
    "small_batch": {"batch_size": 4},
    "imbalance": {"data_options": {"imbalance": 0.1}},
    "sorted_data": {"data_options": {"order": "sorted"}},
    "curriculum": {"data_options": {"order": "curriculum"}},
    "mixed_float16": {"precision": "mixed_float16"},
    "mixed_bfloat16": {"precision": "mixed_bfloat16"},
    "accumulation": {"optimizer_options": {"gradient_accumulation_steps": 4}, "batch_size": 16},
    "clipped": {"optimizer_options": {"global_clipnorm": 0.3}, "optimizer": "SGD", "learning_rate": 0.1},
    "evaluation": {"validates": True},
}
"""What any architecture may be trained with, by kind."""


def healthy_programs() -> Iterator[Program]:
    """All of them, without the twins of the faults."""
    for place, (kind, changes) in enumerate(_EVERYWHERE.items()):
        for i, architecture in enumerate(ARCHITECTURES):
            # The seed chooses data and optimizer: each kind meets all of them.
            for seed in ((place + i) % 3, FRESH_SEEDS[(place + i) % len(FRESH_SEEDS)]):
                recipe = base(architecture, seed)
                if "optimizer" in changes or "optimizer_options" in changes:
                    recipe = dataclasses.replace(
                        recipe, optimizer="Adam", learning_rate=2e-3, optimizer_options={}
                    )
                yield healthy(kind, dataclasses.replace(recipe, **changes))
    yield from _precision()
    yield from _fine_tuning()
    yield from _games()
    yield from _optimizers()
    yield from _networks()
    yield from _losses()


def _precision() -> Iterator[Program]:
    options = {"loss_scale_growth_steps": 25}
    for recipe in bases("mlp", "cnn", "transformer", "mixer", seeds=2, precision="mixed_float16"):
        optimizer_options = {**recipe.optimizer_options, **options}
        yield healthy("loss_scale", dataclasses.replace(recipe, optimizer_options=optimizer_options))


def _fine_tuning() -> Iterator[Program]:
    for way in ("fine_tune", "unfreeze"):
        for recipe in bases("mlp", "cnn", "transformer", "residual", seeds=2, way=way):
            steps = 400 if way == "unfreeze" else recipe.steps
            yield healthy(way, dataclasses.replace(recipe, steps=steps))


def _games() -> Iterator[Program]:
    for way in ("generator", "discriminator"):
        for seed in _SEEDS:
            data = {"reconstruct": True}
            network = {"output_activation": "linear", "activation": "leaky_relu"}
            recipe = base(
                "mlp", 0, seed=seed, way=way, data_options=data, network=network, learning_rate=5e-4
            )
            yield healthy("gan", recipe, label=f"gan_{way}")


def _optimizers() -> Iterator[Program]:
    for optimizer, rate, options in (
        ("SGD", 0.1, {}),
        ("SGD", 0.05, {"momentum": 0.9, "nesterov": True}),
        ("Adam", 1e-2, {}),
        ("AdamW", 5e-3, {"weight_decay": 0.05}),
        ("RMSprop", 2e-3, {}),
        ("Adagrad", 0.05, {}),
        ("Nadam", 2e-3, {}),
        ("Lion", 3e-4, {}),
    ):
        for architecture in ("mlp", "mixer"):
            recipe = base(architecture, 0, optimizer=optimizer, learning_rate=rate, optimizer_options=options)
            label = f"{optimizer.lower()}_{rate:g}"
            yield healthy("optimizer", recipe, label=label)


def _networks() -> Iterator[Program]:
    for activation in ("tanh", "gelu", "elu", "sigmoid", "selu"):
        for architecture in ("mlp", "cnn"):
            recipe = base(architecture, 0, network={"activation": activation})
            yield healthy("activation", recipe, label=activation)
    for seed in _SEEDS:
        network = {"depth": 8}
        yield healthy("deep", base("mlp", seed, network=network))
        yield healthy("lstm", base("recurrent", seed, network={"cell": "lstm"}))
        yield healthy("autoencoder", _autoencoder(seed))
    for seed in _SEEDS:
        yield healthy("custom_loop", base("cnn", seed, way="loop"))


def _losses() -> Iterator[Program]:
    for seed in _SEEDS:
        # Few examples and many steps: the loss ends at next to nothing.
        for architecture in ("mlp", "recurrent", "residual"):
            easy = {"samples": 64}
            recipe = base(architecture, 0, seed=seed, data_options=easy, learning_rate=5e-3, steps=600)
            yield healthy("loss_near_zero", recipe)
        yield healthy("binary", base("mlp", 0, seed=seed, data="breast_cancer", loss="binary"))
        yield healthy("smoothed_labels", base("transformer", 0, seed=seed, loss="smoothed"))
        yield healthy("regression", base("mlp", 0, seed=seed, data="friedman"))
        yield healthy("robust_regression", base("transformer", 0, seed=seed, data="diabetes", loss="huber"))
        fast = {"optimizer": "SGD", "optimizer_options": {"momentum": 0.9}, "learning_rate": 0.1}
        yield healthy("fast_descent", base("mlp", 1, seed=seed, **fast))


def _autoencoder(seed: int) -> Recipe:
    return base("mlp", 0, seed=seed, data_options={"reconstruct": True}, network={"depth": 3, "width": 24})
