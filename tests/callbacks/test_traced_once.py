"""A first fit traces the step once, which without us is traced twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import tb_stability
from tb_stability import StabilityCallback
from tb_stability.measures.tensorflow.measuring import Measuring
from tests.models import BATCH_SIZE, PERCEPTRON


@pytest.mark.parametrize(
    "optimizer",
    [lambda: keras.optimizers.Adam(), lambda: keras.optimizers.SGD(0.1)],
    ids=["with variables", "without"],
)
def test_a_first_fit_is_traced_once_and_misses_no_step(
    optimizer: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: variables of the optimizer or of the metrics that the step makes; a step that is left out."""
    traced = []
    step = keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda *given: (traced.append(1), step(*given))[1])
    model = PERCEPTRON.fresh(optimizer(), metrics=["accuracy"])
    callback = StabilityCallback(tmp_path / "run", overhead=float("inf"))
    model.fit(PERCEPTRON.x, PERCEPTRON.y, batch_size=BATCH_SIZE, verbose=0, callbacks=[callback])
    (run,) = tb_stability.load(str(tmp_path))
    assert (run.report.steps.first, run.report.steps.recorded) == (0, 11)
    assert len(traced) == 1


class OwnStep(keras.Sequential):
    """What it makes in its step, nobody knows before."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def test_a_step_of_the_users_own_is_measured_in_one_of_its_two_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: adding to a trace that is thrown away."""
    written = []
    write = Measuring.write
    monkeypatch.setattr(Measuring, "write", lambda self, *given: (written.append(1), write(self, *given)))
    model = OwnStep(PERCEPTRON.build().layers)
    model.compile(keras.optimizers.Adam(), PERCEPTRON.loss)
    callback = StabilityCallback(tmp_path / "run", overhead=float("inf"))
    model.fit(PERCEPTRON.x, PERCEPTRON.y, batch_size=BATCH_SIZE, verbose=0, callbacks=[callback])
    (run,) = tb_stability.load(str(tmp_path))
    assert (run.report.steps.first, run.report.steps.recorded) == (0, 11)
    assert len(written) == 1
