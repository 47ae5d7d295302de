"""Looking at activations changes neither training nor the model."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_stability.measures.tensorflow.activations import ActivationShares
from tests.layer_steps import HOW, noise, sequential, strictly, train

_STACKS: dict[str, Callable[[], list[Any]]] = {
    "dense": lambda: [layers.Dense(16, name) for name in ("relu", "tanh", "sigmoid", "hard_silu", "relu6")],
    "convolutions": lambda: [
        layers.Reshape((4, 4, 1)),
        layers.Conv2D(4, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(4, 3, activation="hard_silu"),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
        layers.Flatten(),
    ],
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("stack", _STACKS)
def test_training_is_the_same_to_the_last_bit(stack: str, how: str) -> None:
    """Kills: an operation between a layer and its consumers; outputs read without `shadow`."""
    results = []
    for observed in (False, True):
        model = sequential((16,), *_STACKS[stack](), layers.Dense(1))
        shares = ActivationShares(model, strictly) if observed else None
        train(model, noise(3, 32, 16), how, shares)
        results.append([v.numpy() for v in model.variables])
    for without, with_shares in zip(*results, strict=True):
        np.testing.assert_array_equal(without, with_shares)


def test_a_model_is_saved_cloned_and_left_as_it_is(tmp_path: Any) -> None:
    """Kills: a function of ours in the model, where a callback saves it in the middle of training."""
    model = sequential((4,), layers.Dense(3, "relu"), layers.ReLU(), layers.Dense(1))
    before = [dict(vars(layer)) for layer in model.layers]
    shares = ActivationShares(model, strictly)
    with shares.observing():
        model(np.ones((2, 4)))
        model.save(tmp_path / "model.keras")
        copies = [keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)]
        assert model.layers[0].activation is keras.activations.relu
        with pytest.raises(ValueError, match="incompatible"):
            model.layers[0](np.ones((2, 5)))
    for copy in copies:
        assert copy.layers[0].activation is keras.activations.relu
        assert "call" not in vars(copy.layers[0])
    assert [dict(vars(layer)).keys() for layer in model.layers] == [old.keys() for old in before]
    assert model.layers[0].activation is keras.activations.relu


def test_the_model_is_not_kept_alive() -> None:
    model = sequential((4,), layers.Dense(3, "relu"), layers.Dense(1))
    shares = ActivationShares(model, strictly)
    train(model, noise(1, 4, 4), "compiled", shares)
    gone = weakref.ref(model.layers[0])
    del model
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    assert gone() is None
