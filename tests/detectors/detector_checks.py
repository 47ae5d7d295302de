"""What every detector must do. Each check is named by its rule and raises where it is broken."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Sequence

import numpy as np

from tb_stability.detectors.detector import Detector
from tb_stability.detectors.run_loss import RunLoss
from tb_stability.series import Layout, StepValues

Make = Callable[[Layout, RunLoss], Detector]


class Bench:
    """A detector with the run's loss that it consults; both learn a step together."""

    def __init__(self, make: Make, layout: Layout) -> None:
        self.loss = RunLoss(layout)
        self.detector = make(layout, self.loss)

    def update(self, values: StepValues) -> list[float]:
        self.loss.update(values)
        score = self.detector.update(values)
        count = len(self.detector.targets)
        scores = [score] * count if isinstance(score, float) else [float(s) for s in score]
        assert len(scores) == count, f"{count} targets, but {len(scores)} scores"
        return scores

    def scores(self, run: Sequence[StepValues]) -> list[list[float]]:
        return [self.update(values) for values in run]


def same(a: list[list[float]], b: list[list[float]], *, rel: float = 0.0) -> bool:
    return bool(np.allclose(np.array(a), np.array(b), rtol=rel, atol=0.0, equal_nan=True))


def check_a_fresh_instance_gives_the_same_scores(
    make: Make, layout: Layout, run: Sequence[StepValues]
) -> None:
    assert same(Bench(make, layout).scores(run), Bench(make, layout).scores(run))


def check_it_pickles_mid_stream(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    half = len(run) // 2
    bench = Bench(make, layout)
    bench.scores(run[:half])
    thawed = pickle.loads(pickle.dumps(bench))
    assert same(thawed.scores(run[half:]), bench.scores(run[half:]))


def check_it_never_looks_ahead(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    half = len(run) // 2
    other_future = [scaled(values, 64.0) for values in run[half:]]
    assert same(
        Bench(make, layout).scores(run)[:half],
        Bench(make, layout).scores([*run[:half], *other_future])[:half],
    )


def check_it_does_not_change_what_it_is_given(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    before = copy.deepcopy(list(run))
    Bench(make, layout).scores(run)
    for old, new in zip(before, run, strict=True):
        for group in ("variables", "normalizations", "activations"):
            for measure, value in getattr(old, group).items():
                assert np.array_equal(value, getattr(new, group)[measure], equal_nan=True)


def check_warm_up_scores_are_not_abnormal(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    bench = Bench(make, layout)
    if bench.detector.kind != "non_finite":
        for scores in bench.scores(run[: bench.detector.warmup]):
            assert not any(score > 1.0 for score in scores)


def check_the_unit_of_the_loss_does_not_matter(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    expected = Bench(make, layout).scores(run)
    for factor in (0.25, 1024.0):
        assert same(expected, Bench(make, layout).scores([scaled(v, factor) for v in run]), rel=1e-9)


def check_nan_and_inf_are_data(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    for bad in (math.nan, math.inf, -math.inf):
        for position in (0, 1, len(run) // 2, len(run) - 1):
            bench = Bench(make, layout)
            for step, values in enumerate(run):
                scores = bench.update(filled(values, bad) if step == position else values)
                if step == position and bench.detector.kind != "non_finite":
                    assert not any(score >= 1.0 for score in scores), f"{bad} at step {step} is abnormal"


def check_memory_is_bounded(make: Make, layout: Layout, run: Sequence[StepValues]) -> None:
    bench = Bench(make, layout)
    bench.scores(list(run) * (1000 // len(run) + 1))
    size = len(pickle.dumps(bench))
    bench.scores(list(run) * (4000 // len(run) + 1))
    assert len(pickle.dumps(bench)) < 1.1 * size + 500


CHECKS = [value for name, value in sorted(globals().items()) if name.startswith("check_")]


def scaled(values: StepValues, factor: float) -> StepValues:
    """The same step with the loss in another unit: the gradients scale with it."""
    scalars = {
        k: factor * v if k in ("loss", "val_loss", "grad_norm") else v for k, v in values.scalars.items()
    }
    gradients = {"grad_norm", "grad_max"}
    variables = {k: np.float32(factor) * v if k in gradients else v for k, v in values.variables.items()}
    return StepValues(scalars, variables, values.normalizations, values.activations)


def filled(values: StepValues, value: float) -> StepValues:
    """The same step with `value` in the place of every number but the learning rate."""
    return StepValues(
        {k: v if k == "learning_rate" else value for k, v in values.scalars.items()},
        {k: np.full_like(v, value) for k, v in values.variables.items()},
        {k: np.full_like(v, value) for k, v in values.normalizations.items()},
        {k: np.full_like(v, value) for k, v in values.activations.items()},
    )
