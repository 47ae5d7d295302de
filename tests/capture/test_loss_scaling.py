"""Loss scaling: rows have unscaled gradients, and a scale that is lowered is no alarm."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_stability import StabilityCallback
from tests.capture.recorded import RUN, column, read_steps
from tests.capture.training import Training
from tests.capture.ways import SGD

_TOO_LARGE = 2.0**24
"""A loss scale with which gradients in half precision overflow, until it was halved some times."""


def _scaled(**arguments: Any) -> Training:
    return Training(
        optimizer=lambda: keras.optimizers.LossScaleOptimizer(
            SGD(0.1), initial_scale=_TOO_LARGE, dynamic_growth_steps=4
        ),
        policy="mixed_float16",
        fit={"epochs": 3},
        **arguments,
    )


class _Skips(keras.callbacks.Callback):
    """The loss scale before every batch, and whether the batch changed no weight."""

    def __init__(self) -> None:
        super().__init__()
        self.scales: list[float] = []
        self.skipped: list[bool] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        self.scales.append(float(optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale))
        self._before = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = self.model.get_weights()
        self.skipped.append(all((a == b).all() for a, b in zip(self._before, now, strict=True)))


@pytest.mark.parametrize("compile_arguments", [{}, {"run_eagerly": True}, {"jit_compile": True}])
def test_updates_that_were_skipped_are_no_alarm(compile_arguments: dict[str, Any], tmp_path: Path) -> None:
    training = _scaled(compile=compile_arguments)
    alone = training.run()
    truth = _Skips()
    callback = StabilityCallback(tmp_path / RUN, overhead=math.inf)
    training.run(truth, callback).assert_identical(alone)
    assert sum(truth.skipped) > 4
    _, _, values = read_steps(tmp_path)
    assert [w.kind for w in callback.windows if w.kind == "non_finite"] == []
    kept = [scale for scale, skipped in zip(truth.scales, truth.skipped, strict=True) if not skipped]
    updated = [row for row in values if row.variables["update_norm"].any()]
    np.testing.assert_allclose(column(updated, "loss_scale"), kept)
    assert np.isfinite(column(updated, "grad_norm")).all()
    assert max(column(updated, "grad_norm")) < 10, "gradients are still scaled"


def test_an_overflow_at_every_scale_is_an_alarm(tmp_path: Path) -> None:
    """Gradients that are NaN for their own reasons stay NaN however far the scale goes down."""
    x, y = Training().arrays()
    training = Training(
        optimizer=lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=16.0),
        data=lambda: (np.where(np.arange(len(x))[:, None] >= 8, np.nan, x).astype("float32"), y),
        fit={"epochs": 4},
    )
    callback = StabilityCallback(tmp_path / RUN, overhead=math.inf)
    training.run(callback)
    (window,) = [w for w in callback.windows if w.kind == "non_finite" and w.series == "loss"]
    assert window.severity == "critical"


def test_a_constant_factor_is_taken_out(tmp_path: Path) -> None:
    norms = []
    for factor in (None, 2.0**10):
        training = Training(optimizer=lambda factor=factor: SGD(0.1, loss_scale_factor=factor))
        training.run(StabilityCallback(tmp_path / str(factor), overhead=math.inf))
        _, _, values = read_steps(tmp_path, str(factor))
        norms.append(column(values, "grad_norm"))
    np.testing.assert_allclose(norms[1], norms[0], rtol=1e-5)
    assert column(values, "loss_scale") == [2.0**10] * len(values)


def test_the_first_batch_of_an_unbuilt_optimizer_has_the_initial_scale(tmp_path: Path) -> None:
    training = Training(
        optimizer=lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=8.0),
        compile={"run_eagerly": True},
    )
    training.run(StabilityCallback(tmp_path / RUN, overhead=math.inf))
    assert read_steps(tmp_path)[2][0].scalars["loss_scale"] == 8.0
