"""How far batches agree: held against gradients whose signal and noise are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tb_stability.diagnosis.agreement import agreement, noise_scale, sign_agreement
from tb_stability.diagnosis.run_history import RunHistory
from tb_stability.series import Layout, StepValues, Variable

VARIABLES = 1000
LAYOUT = Layout(tuple(Variable(f"{i}/kernel", str(i), "kernel", (2, 2)) for i in range(VARIABLES)))


def steps(batch_size: int, count: int = 60, scale: float = 1.0) -> list[StepValues]:
    """Gradients with a noise scale of 20 examples: signal and noise are normally distributed."""
    random = np.random.default_rng(0)
    common = random.standard_normal(VARIABLES)
    noise = random.standard_normal((count, VARIABLES)) * math.sqrt(20 / batch_size)
    means = (scale * (common + noise)).astype(np.float32)
    return [StepValues({"loss": 1.0, "grad_norm": 1.0}, {"grad_mean": row}) for row in means]


def agreed(run: list[StepValues]) -> float:
    return agreement([sign_agreement(now, then) for then, now in itertools.pairwise(run)])


@pytest.mark.parametrize("batch_size", [2, 20, 200])
def test_the_noise_scale_is_that_of_the_gradients_whatever_the_batch_size(batch_size: int) -> None:
    found = agreed(steps(batch_size))
    assert found == pytest.approx(batch_size / (batch_size + 20), abs=0.1)
    assert noise_scale(found, batch_size) == pytest.approx(20, rel=0.5)


def test_the_unit_of_the_loss_does_not_matter() -> None:
    assert agreed(steps(20, scale=1024.0)) == agreed(steps(20))


def test_what_was_not_measured_is_not_known() -> None:
    measured, thinned = steps(20, 2)[0], StepValues({"loss": 1.0})
    broken = StepValues({}, {"grad_mean": np.full(VARIABLES, np.nan, np.float32)})
    for other in (thinned, broken):
        assert math.isnan(sign_agreement(measured, other))
        assert math.isnan(sign_agreement(other, measured))
    assert math.isnan(agreement([1.0] * 7 + [math.nan]))
    assert agreement([1.0] * 8 + [math.nan]) == 1.0
    assert math.isnan(noise_scale(-0.2, 32))


def test_the_history_has_it_of_steps_in_a_row_before_an_onset() -> None:
    history = RunHistory(LAYOUT)
    for step, values in enumerate(steps(20, 60)):
        history.update(step if step < 40 else step + 100, values)
    points = history.observed.points
    assert [p.step for p in points if math.isnan(p.agreement)] == [0, 140]  # nothing is in front of them
    assert history.observed.agreement(40) == pytest.approx(0.5, abs=0.15)
    assert math.isnan(history.observed.agreement(5))
