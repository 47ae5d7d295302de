"""Real regressions that go wrong for a cause of their own, and are sound after its fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_stability import StabilityCallback


def fit(log_dir: Path, scope: dict[str, Any]) -> StabilityCallback:
    callback = StabilityCallback(str(log_dir))
    scope["model"].fit(
        scope["x"], scope["y"], batch_size=32, epochs=4, shuffle=False, verbose=0, callbacks=[callback]
    )
    return callback


def scope_of(unit: float, spread: float = 1.0, **options: Any) -> dict[str, Any]:
    """Prices of about 4 units that depend on two inputs of some spread, and a model; what a fix sees."""
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).standard_normal((960, 10)).astype("float32")
    hidden = layers.Dense(16, "relu", kernel_initializer="he_normal")
    model = keras.Sequential([keras.Input((10,)), hidden, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01, **options), "mse")
    y = unit * (4.0 + x[:, :1] + x[:, 1:2])
    return {"keras": keras, "model": model, "x": spread * (1.0 + x), "y": y}


@pytest.mark.parametrize(
    ("unit", "options", "cause"),
    [
        (5e4, {}, "unscaled_targets"),
        (1.0, {"global_clipnorm": 1e-4}, "clipping_too_tight"),
        (1.0, {"spread": 300.0}, "unscaled_inputs"),
    ],
)
def test_a_regression_is_sound_after_its_fix(
    unit: float, options: dict[str, Any], cause: str, tmp_path: Path
) -> None:
    broken = fit(tmp_path / "broken", scope_of(unit, **options))
    first = broken.diagnoses[0]
    assert (first.cause, first.confidence) == (cause, "likely")
    mended = scope_of(unit, **options)
    exec(first.fix.code, mended)
    verdict = fit(tmp_path / "mended", mended).verdict
    assert verdict.status == "healthy", verdict


def test_a_model_that_is_frozen_as_a_whole_has_no_weight_that_changes(tmp_path: Path) -> None:
    scope = scope_of(1.0)
    scope["model"].trainable = False
    scope["model"].compile("adam", "mse")
    with pytest.warns(RuntimeWarning, match="saw no update"):
        callback = fit(tmp_path, scope)
    assert callback.verdict.text == "The model is not learning: no weight has changed since step 0."
    assert [(d.cause, d.confidence) for d in callback.diagnoses] == [("no_update", "certain")]
