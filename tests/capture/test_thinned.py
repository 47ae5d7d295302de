"""Long trainings under a tiny budget: most steps are thinned, none is missing, and training is the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_stability import StabilityCallback
from tests.capture import tiny_models
from tests.capture.oracle import by_hand
from tests.capture.recorded import RUN, read_steps
from tests.capture.training import Training
from tests.capture.ways import ADAM, ROUGH, SGD

_EPOCHS = 24
"""120 steps; the first 64 are measured in full whatever the budget."""

_TINY_BUDGET = 1e-6


def _long(*arguments: Any, **named: Any) -> Training:
    return Training(*arguments, fit={"epochs": _EPOCHS}, **named)


_TRAININGS: dict[str, Training] = {
    "dense": _long(optimizer=lambda: SGD(0.05)),
    "eager": Training(
        optimizer=lambda: SGD(0.05, clipnorm=0.3), compile={"run_eagerly": True}, fit={"epochs": _EPOCHS}
    ),
    "jit": _long(optimizer=lambda: SGD(0.05, momentum=0.5), compile={"jit_compile": True}),
    "steps_per_execution": _long(optimizer=lambda: ADAM(0.01), compile={"steps_per_execution": 4}),
    "norms": _long(tiny_models.convolutions, lambda: SGD(0.05), data=tiny_models.images),
    "embedding": _long(tiny_models.embedding, lambda: SGD(0.05, weight_decay=0.1), data=tiny_models.words),
    "accumulation": _long(optimizer=lambda: SGD(0.05, gradient_accumulation_steps=2)),
    "late": _long(tiny_models.Late, lambda: SGD(0.05, use_ema=True, ema_overwrite_frequency=7)),
    "mixed_float16": _long(optimizer=lambda: SGD(0.05), policy="mixed_float16", **ROUGH),
}


@pytest.mark.parametrize("name", _TRAININGS)
def test_a_thinned_training_has_every_step_and_is_the_same_to_the_last_bit(name: str, tmp_path: Path) -> None:
    training = _TRAININGS[name]
    alone = training.run()
    training.run(StabilityCallback(tmp_path / RUN, overhead=_TINY_BUDGET)).assert_identical(alone)
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(5 * training.fit["epochs"]))
    full = [step for step, row in enumerate(values) if row.variables]
    assert 0 < len(full) < 0.7 * len(steps), "nothing was thinned"
    every_step = {"loss", "learning_rate", "grad_norm", "batch_size"}
    if training.compile.get("jit_compile"):
        every_step -= {"grad_norm"}  # it is too dear for XLA on a CPU, and only whether it is finite is known
    for row in values:
        assert every_step <= set(row.scalars)
    early = dataclasses.replace(training, fit={})
    rtol, atol = 10 * training.rtol, training.atol
    for step, (row, truth) in enumerate(zip(values, by_hand(early, epochs=2), strict=False)):
        for scalar in every_step:
            np.testing.assert_allclose(
                row.scalars[scalar], truth.scalars[scalar], rtol, atol, err_msg=f"{step}"
            )


def test_what_looks_abnormal_is_seen_in_full_again(tmp_path: Path) -> None:
    """A loss that becomes NaN after many quiet steps: the steps from there on have their variables."""
    at = 91

    class Poison(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if int(self.model.optimizer.iterations) == at:
                self.model.layers[-1].bias.assign([np.nan] * tiny_models.CLASSES)

    callback = StabilityCallback(tmp_path / RUN, overhead=_TINY_BUDGET)
    _TRAININGS["dense"].run(Poison(), callback)
    (window,) = [w for w in callback.windows if w.kind == "non_finite" and w.series == "loss"]
    assert window.start_step == at
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(5 * _EPOCHS))
    assert any(row.variables for row in values[at:]), "no step with variables after the onset"
