"""The fix for runs that differ by chance is code that runs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_stability.diagnosis.repeats import Repeats
from tb_stability.diagnosis.run_to_run_variance import suspect
from tb_stability.model_facts import ModelFacts, OptimizerFacts
from tb_stability.report import Final, RunReport, Status, Steps, Verdict


def _run(status: Status, optimizer: OptimizerFacts, loss: float) -> RunReport:
    verdict = Verdict(status, "", "", "")
    final = Final(2.3, loss, 0.01)
    return RunReport(
        Steps(0, 99, 100, 100), (), verdict, (), model=ModelFacts("fit", optimizer=optimizer), final=final
    )


@pytest.mark.parametrize(
    ("optimizer", "statuses", "expected"),
    [
        (OptimizerFacts("SGD", 0.3, momentum=0.9), ("healthy", "diverged"), {"learning_rate": 0.1}),
        (OptimizerFacts("Adam", 0.3, "CosineDecay"), ("healthy", "diverged"), {"clipnorm": 1.0}),
        (OptimizerFacts("SGD", 0.3), ("healthy", "healthy"), {"learning_rate": 0.3}),  # as it was
    ],
)
def test_the_code_of_the_fix_runs(
    monkeypatch: pytest.MonkeyPatch,
    optimizer: OptimizerFacts,
    statuses: tuple[Status, Status],
    expected: dict[str, float],
) -> None:
    asked: list[bool] = []
    experimental = tf.config.experimental
    monkeypatch.setattr(experimental, "enable_op_determinism", lambda: asked.append(True))
    one, other = statuses
    runs = {"seed_1": _run(one, optimizer, 0.3), "seed_2": _run(other, optimizer, 0.9)}
    found = suspect(Repeats(runs))
    assert found is not None
    drawn = []
    for _ in range(2):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.3), "mse")
        exec(found.diagnosis.fix.code, {"keras": keras, "model": model})
        drawn.append(np.random.rand())
    assert drawn[0] == drawn[1]  # seeded
    assert asked == [True, True]
    config = model.optimizer.get_config()
    assert {name: pytest.approx(config[name]) for name in expected} == expected
