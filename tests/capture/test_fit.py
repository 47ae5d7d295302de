"""Every way to train with `fit`: recorded as defined, and the same to the last bit as without us."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from tb_stability import StabilityCallback
from tests.capture.agreement import assert_agreement, assert_names
from tests.capture.oracle import by_hand
from tests.capture.recorded import RUN, read_steps
from tests.capture.training import Training
from tests.capture.ways import OPTIMIZERS, WAYS

CASES = {**WAYS, **OPTIMIZERS}


@pytest.mark.parametrize("name", CASES)
def test_it_is_recorded_as_defined_and_trains_as_without_us(name: str, tmp_path: Path) -> None:
    """Kills, among others: gradients after clipping, or still scaled; updates without decay or constraint."""
    training = CASES[name]
    alone = training.run()
    training.run(StabilityCallback(tmp_path / RUN, overhead=math.inf)).assert_identical(alone)
    _assert_as_defined(training, tmp_path)


@pytest.mark.parametrize("name", ["ragged_embedding", "mixed_float16_norms", "late"])
def test_it_trains_as_without_us_at_the_default(name: str, tmp_path: Path) -> None:
    training = dataclasses.replace(CASES[name], fit={"epochs": 3})
    alone = training.run()
    training.run(StabilityCallback(tmp_path / RUN)).assert_identical(alone)


def _assert_as_defined(training: Training, logdir: Path) -> None:
    layout, steps, values = read_steps(logdir)
    model = training.fresh()
    starts_late = bool(training.compile.get("run_eagerly")) and not model.built
    oracle = by_hand(training, model=model, starts_late=starts_late)
    assert steps == list(range(len(oracle)))
    assert_names(layout, [v.path for v in model.trainable_variables])
    without = {"val_loss"} if "validation_data" in training.fit else set()
    assert_agreement(values, oracle, rtol=training.rtol, atol=training.atol, without=frozenset(without))
