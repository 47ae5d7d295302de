"""What is measured adds to a step that TensorFlow traces twice only once."""

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
def test_a_first_fit_measures_in_one_trace_and_misses_no_step(
    optimizer: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kills: adding to a trace that is thrown away; leaving out one that is not, as where nothing is made."""
    written = []
    write = Measuring.write
    monkeypatch.setattr(Measuring, "write", lambda self, *given: (written.append(1), write(self, *given)))
    model = PERCEPTRON.fresh(optimizer())
    callback = StabilityCallback(tmp_path / "run", overhead=float("inf"))
    model.fit(PERCEPTRON.x, PERCEPTRON.y, batch_size=BATCH_SIZE, verbose=0, callbacks=[callback])
    (run,) = tb_stability.load(str(tmp_path))
    assert (run.report.steps.first, run.report.steps.recorded) == (0, 11)
    assert len(written) == 1
