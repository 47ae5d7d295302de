"""Training is the same to the last bit with and without the observer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from tb_stability.measures.tensorflow.measuring import Detail
from tb_stability.measures.tensorflow.observer import Observer
from tests.models import BATCH_SIZE, CASES

_OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    "adamw_clipnorm": lambda: keras.optimizers.AdamW(1e-3, clipnorm=1.0),
}


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("perceptron", "sgd"),
        ("perceptron", "adamw_clipnorm"),
        ("convolutions", "adamw_clipnorm"),
        ("recurrent", "sgd"),
        ("attention", "sgd"),
    ],
)
def test_weights_optimizer_state_and_metrics_are_bit_identical(name: str, optimizer: str) -> None:
    """Kills: reading gradients without `shadow` (the optimizer of graphs then reorders products).

    With XLA, and with every other optimizer, smaller models are compared in `tests/capture/test_fit.py`.
    """
    case = CASES[name]
    results = []
    for observed in (False, True):
        model = case.fresh(_OPTIMIZERS[optimizer](), jit_compile=False, metrics=["accuracy"])
        observer = Observer([model.optimizer], model, capacity=64, observe_loss=True)
        arguments: dict[str, Any] = {"batch_size": BATCH_SIZE, "epochs": 2, "verbose": 0}
        if observed:
            with observer.attached(Detail.FULL):
                history = model.fit(case.x, case.y, **arguments)
            assert len(observer.measuring.drain().values) == 22
        else:
            history = model.fit(case.x, case.y, **arguments)
        state = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
        results.append((state, history.history))
    for without, with_observer in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_array_equal(without, with_observer)
    assert results[0][1] == results[1][1]
