"""The names of layers and variables, and what is known of normalization layers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_stability.measures.tensorflow import layout as layouts
from tests.layer_steps import all_normalizations


def test_every_kind_is_described_by_the_names_of_its_variables() -> None:
    """Kills: the path of moving_mean; gamma of RMSNormalization by its name in other kinds."""
    model = all_normalizations()
    described = layouts.describe(
        model, model.trainable_variables, layouts.normalization_layers(model)
    ).normalizations
    assert [(n.layer, n.kind, n.vectors, n.channels) for n in described] == [
        ("bn", "BatchNormalization", ("gamma", "beta", "moving_mean", "moving_variance"), 8),
        ("ln", "LayerNormalization", ("gamma", "beta"), 32),
        ("gn", "GroupNormalization", ("gamma",), 8),
        ("un", "UnitNormalization", (), 0),
        ("bare", "LayerNormalization", (), 0),
        ("rms", "RMSNormalization", ("gamma",), 8),
        ("sync", "BatchNormalization", ("beta", "moving_mean", "moving_variance"), 8),
    ]


def test_nested_layers_come_in_network_order_and_by_the_names_on_the_way() -> None:
    """Kills: the order of `_flatten_layers`, which turns nested models around; a name without its block."""
    keras.utils.clear_session(free_memory=False)
    block = [layers.BatchNormalization(name="bn"), layers.UnitNormalization(name="un")]
    inputs = keras.Input((3,))
    outputs = keras.Sequential(block, name="block")(layers.UnitNormalization(name="first")(inputs))
    model = keras.Model(inputs, layers.UnitNormalization(name="last")(outputs))
    described = layouts.describe(model, model.trainable_variables, layouts.normalization_layers(model))
    names = [n.layer for n in described.normalizations]
    assert names == ["first", "block/bn", "block/un", "last"]
    assert [v.name for v in described.variables] == ["block/bn/gamma", "block/bn/beta"]


@pytest.mark.parametrize("frozen", [None, 0, 1])
def test_layers_of_one_path_are_numbered_like_their_variables(frozen: int | None) -> None:
    """Kills: numbers of their own; one name for two layers where one has no variable that trains."""
    keras.utils.clear_session(free_memory=False)

    class Towers(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.towers = [
                keras.Sequential([layers.BatchNormalization(name="bn", trainable=i != frozen)], name="tower")
                for i in range(2)
            ]

        def call(self, x: Any) -> Any:
            return sum(tower(x) for tower in self.towers)

    model = Towers()
    model(np.ones((2, 3)))
    described = layouts.describe(model, model.trainable_variables, layouts.normalization_layers(model))
    names = [n.layer for n in described.normalizations]
    assert sorted(names) == ["tower/bn", "tower/bn#2"]
    assert [name for i, name in enumerate(names) if i != frozen] == [
        v.layer for v in described.variables[::2]
    ]
