"""What is kept of a run for its diagnosis: the right numbers, in bounded memory."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

from tb_stability.diagnosis.observed import Observed, Point
from tb_stability.diagnosis.run_history import RunHistory
from tb_stability.series import Layout, Normalization, StepValues, Variable

LAYOUT = Layout(
    (Variable("a/kernel", "a", "kernel", (2, 2)), Variable("b/kernel", "b", "kernel", (2, 2))),
    (Normalization("bn", ("gamma", "beta"), 2, True),),
)


def step(
    update: float = 1e-3, nan: tuple[int, int] = (0, 0), used: float = math.nan, **scalars: float
) -> StepValues:
    """A step of two kernels; the update of the second is a tenth of that of the first."""
    array: Any = lambda *x: np.array(x, np.float32)  # noqa: E731
    return StepValues(
        {"loss": 2.0, "grad_norm": 1.0, "learning_rate": 0.1} | scalars,
        {
            "update_norm": array(update, update / 10),
            "weight_norm": array(1.0, 1.0),
            "grad_nan": array(*nan),
            "grad_inf": array(0, 0),
        },
        {"batch_statistics": array(used)},
    )


def seen(*steps: StepValues) -> Observed:
    history = RunHistory(LAYOUT)
    for i, values in enumerate(steps):
        history.update(i, values)
    return history.observed


def test_the_first_steps_are_all_kept_and_later_ones_thinned() -> None:
    history = RunHistory(LAYOUT)
    sizes = []
    for i in range(20_000):
        history.update(i, step())
        if i in (999, 19_999):
            sizes.append(len(pickle.dumps(history.observed)))
    points = history.observed.points
    assert [p.step for p in points[:64]] == list(range(64))
    assert len(points) <= 64 + 257
    assert points[-1].step > 19_000  # and none of them is old
    assert sizes[1] < 1.5 * sizes[0]


def test_the_steps_before_an_alarm_are_kept() -> None:
    history = RunHistory(LAYOUT)
    for i in range(5_000):
        history.update(i, step(loss=float(i)), alarmed=i == 3_333)
    steps = [p.step for p in history.observed.points]
    assert set(range(3_318, 3_334)) <= set(steps)
    assert steps == sorted(set(steps))


def test_the_first_value_that_is_not_finite_is_described() -> None:
    found = seen(step(), step(nan=(0, 3), loss=1.5, grad_norm=math.nan), step(loss=math.nan)).not_finite
    assert found is not None
    assert (found.step, found.loss, found.layers, found.all_layers) == (1, 1.5, ("b",), False)
    assert found.weights_were_finite
    found = seen(step(nan=(1, 1), loss=math.inf)).not_finite
    assert found is not None
    assert (found.loss, found.layers, found.all_layers) == (math.inf, ("a", "b"), True)
    assert seen(step()).not_finite is None


def test_what_batch_normalization_used_is_counted() -> None:
    observed = seen(step(used=0.0), step(used=0.0), step(used=1.0), step())
    assert (observed.inference_steps, observed.batch_steps) == ({"bn": 2}, {"bn": 1})


def test_the_update_ratio_is_that_of_the_fastest_kernel() -> None:
    observed = seen(*(step(update) for update in (0.5, 0.1, 0.2, 0.3)))
    assert [p.update_ratio for p in observed.points] == pytest.approx([0.5, 0.1, 0.2, 0.3])
    assert observed.healthy(lambda p: p.update_ratio, 3) == pytest.approx(0.1)  # without the very first
    assert observed.peak(lambda p: p.update_ratio, 1) == pytest.approx(0.3)
    assert math.isnan(observed.peak(lambda p: p.update_ratio, 9))


def test_rises_of_the_learning_rate_are_found_and_a_decay_is_none() -> None:
    cyclic = seen(*(step(learning_rate=0.1 if i % 40 < 5 else 0.001) for i in range(130)))
    assert cyclic.rate_rises == (40, 80, 120)
    rise = cyclic.rise_before(43)
    assert rise is not None
    assert (rise.before, rise.after, rise.step) == (0.001, 0.1, 40)
    assert cyclic.rise_before(70) is None
    assert seen(*(step(learning_rate=0.9**i) for i in range(60))).rate_rises == ()
    warm_up = seen(*(step(learning_rate=min(1.0, (i + 1) / 50)) for i in range(100)))
    assert warm_up.rate_rises == (2,)  # one, however long it goes on


def test_loss_scale_batch_size_and_validation() -> None:
    observed = seen(
        step(loss_scale=1024.0, batch_size=32.0),
        step(loss_scale=512.0, batch_size=32.0, val_loss=0.5),
        step(batch_size=7.0),
    )
    assert (observed.loss_scale, observed.loss_scale_cuts, observed.batch_size) == (512.0, 1, 32)
    assert observed.validation == ((1, 0.5),)


def test_the_noise_of_the_loss_is_that_from_batch_to_batch() -> None:
    observed = Observed(tuple(Point(i, loss) for i, loss in enumerate((1.0, 2.0, 1.0, 2.0))))
    assert observed.loss_noise == pytest.approx(0.5)  # 1, over the median of 2, 1, 2
    assert math.isnan(Observed((Point(0, 1.0), Point(9, 2.0))).loss_noise)  # not in a row


def test_other_variables_are_followed() -> None:
    history = RunHistory(LAYOUT)
    history.update(0, step(), alarmed=True)
    history.change_layout(Layout())
    history.update(1, StepValues({"loss": 1.0}), alarmed=True)
    assert [p.loss for p in history.observed.points] == [2.0, 1.0]


def test_the_first_validation_is_remembered_when_the_others_are_forgotten() -> None:
    history = RunHistory()
    losses = [math.nan, 21.0, *np.linspace(9.0, 5.0, 100)]
    for step, loss in enumerate(losses):
        history.update(step, StepValues({"loss": 1.0, "val_loss": float(loss)}))
    observed = history.observed
    assert (len(observed.validation), observed.first_validation) == (64, 21.0)
    assert observed.best_validation == 5.0
    assert not observed.saw_updates
    updated = RunHistory()
    updated.update(0, StepValues({"loss": 1.0, "grad_norm": 0.0}))
    assert updated.observed.saw_updates
