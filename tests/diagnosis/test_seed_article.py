"""The first seed document: its causes, each trained for real and told by name, and its fixes applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_stability.callbacks.keras_facts import collect_facts
from tb_stability.cli.main import main
from tb_stability.preflight import inspect
from tb_stability.preflight.premises import Premises
from tests.diagnosis.trainings import Training, digits, normalized, perceptron


def pixels() -> tuple[np.ndarray, np.ndarray]:
    x, y = digits()
    return (255 * (x - x.min()) / (x.max() - x.min())).astype("float32"), y


@keras.saving.register_keras_serializable("tests")
class Swinging(keras.optimizers.schedules.LearningRateSchedule):
    """Three hundred times the rate for 5 of 40 steps, after the first 40."""

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "int32")
        return keras.ops.where((step >= 40) & (step % 40 < 5), 0.6, 2e-3)

    def get_config(self) -> dict[str, Any]:
        return {}


FAULTS: Mapping[str, tuple[Training, str]] = {
    "improper weight initialization, exploding": (
        Training(
            build=lambda: perceptron(
                6, "relu", initializer=lambda i: keras.initializers.RandomNormal(stddev=1.0, seed=i)
            ),
            optimizer=lambda: keras.optimizers.SGD(0.01),
        ),
        "initialization_mismatch",
    ),
    "improper weight initialization, vanishing": (
        Training(
            build=lambda: perceptron(
                8, "tanh", initializer=lambda i: keras.initializers.RandomNormal(stddev=0.01, seed=i)
            ),
            optimizer=lambda: keras.optimizers.SGD(0.1),
        ),
        "initialization_mismatch",
    ),
    "vanishing gradients through depth": (
        Training(build=lambda: perceptron(10, "sigmoid"), optimizer=lambda: keras.optimizers.SGD(0.1)),
        "vanishing_gradient",
    ),
    "learning rate too high": (
        Training(optimizer=lambda: keras.optimizers.SGD(3.0)),
        "learning_rate_too_high",
    ),
    "learning rate oscillation": (
        Training(optimizer=lambda: keras.optimizers.Adam(Swinging()), steps=250),
        "learning_rate_oscillation",
    ),
    "learning rate too low, a plateau": (
        Training(optimizer=lambda: keras.optimizers.Adam(1e-8), steps=250),
        "learning_rate_too_low",
    ),
    "inputs that are not scaled": (
        Training(data=pixels, optimizer=lambda: keras.optimizers.SGD(0.02, momentum=0.9)),
        "unscaled_inputs",
    ),
    "dying ReLU": (
        Training(build=lambda: perceptron(bias_initializer=keras.initializers.Constant(-30.0))),
        "dying_relu",
    ),
    "saturated activations": (
        Training(
            build=lambda: perceptron(3, "tanh", bias_initializer=keras.initializers.Constant(4.0)),
            optimizer=lambda: keras.optimizers.SGD(0.05),
        ),
        "saturated_activation",
    ),
    "batches too small": (
        Training(optimizer=lambda: keras.optimizers.SGD(0.2), batch_size=1, steps=300),
        "batch_size_too_small",
    ),
    "BatchNormalization with a momentum for longer runs": (
        Training(
            build=lambda: normalized(2, momentum=0.9999),
            optimizer=lambda: keras.optimizers.Adam(3e-3),
            steps=450,
            validates=True,
        ),
        "bn_momentum",
    ),
    "output that does not fit the loss": (
        Training(
            loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=False),
            optimizer=lambda: keras.optimizers.SGD(0.1),
        ),
        "output_loss_mismatch",
    ),
    "NaN in the data": (
        Training(data=lambda: (np.where(digits()[0] > 1.8, np.nan, digits()[0]), digits()[1])),
        "invalid_inputs",
    ),
}
"""Faults with the cause that is to be told."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_by_name_and_its_fix_works(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training, cause = FAULTS[fault]
    callback, _ = training.run(tmp_path / "broken")
    first = callback.diagnoses[0]
    assert (first.cause, first.confidence in ("likely", "certain")) == (cause, True), [
        (d.cause, d.confidence, d.evidence) for d in callback.diagnoses
    ]
    main(["check", str(tmp_path), "--format", "json"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["diagnoses"][0]["cause"] == cause
    assert run["verdict"]["status"] not in ("healthy", "unknown")

    callback, history = training.run(tmp_path / "fixed", fix=first.fix.code)
    causes = [d.cause for d in callback.diagnoses if d.confidence != "possible"]
    assert cause not in causes
    assert callback.verdict.status in ("healthy", "warning"), callback.verdict
    assert history["loss"][-1] < history["loss"][0]


def test_batches_too_small_for_batch_normalization(tmp_path: Path) -> None:
    training = Training(
        build=normalized, optimizer=lambda: keras.optimizers.Adam(0.05), batch_size=2, steps=700
    )
    callback, _ = training.run(tmp_path)
    assert [(d.cause, d.confidence) for d in callback.diagnoses][:1] == [("bn_small_batch", "likely")]


def test_the_checks_of_the_article_are_findings() -> None:
    model = perceptron(2, "relu", initializer=lambda i: "glorot_uniform")
    model.compile(keras.optimizers.Adam(0.5, clipvalue=1e-4), "sparse_categorical_crossentropy")
    facts = collect_facts(model, model.optimizer, way="fit", steps_per_epoch=10, epochs=2)
    kinds = {f.kind for f in inspect(Premises(facts, batch_size=2))}
    assert kinds == {
        "initializer_activation_mismatch",  # He for ReLU
        "output_loss_mismatch",
        "learning_rate_unusual",
        "clipping_tight",
        "batch_size_small",
    }
