"""Named runs with a known truth, small enough to check by eye.

A run is a list of `StepValues`; steps are their positions. Curves of losses come
first, then networks with gradients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tb_stability.series import NORMALIZATION_VECTORS, Layout, Normalization, StepValues, Variable

Curve = npt.NDArray[np.float64]


def steady(*, steps: int = 400, level: float = 2.0, noise: float = 0.05, seed: int = 0) -> Curve:
    """A loss that stays where it is."""
    return level + noise * np.random.default_rng(seed).standard_normal(steps)


def learning(*, steps: int = 400, start: float = 2.3, end: float = 0.1, seed: int = 0) -> Curve:
    """A loss that falls exponentially, with noise in proportion."""
    rng = np.random.default_rng(seed)
    fall = end + (start - end) * np.exp(-np.arange(steps) / (steps / 6))
    return fall * np.exp(0.1 * rng.standard_normal(steps))


def heavy_tailed(*, steps: int = 2000, seed: int = 0) -> Curve:
    """A converged batch-size-4 classifier: nearly always 1e-4, now and then a hundred times that."""
    rng = np.random.default_rng(seed)
    converged = 1e-4 * np.exp(1.5 * rng.standard_normal(steps))
    early = 2.3 * np.exp(-np.arange(steps) / 60) * np.exp(0.4 * rng.standard_normal(steps))
    return early + converged


def diverging(*, at: int, steps: int = 40, seed: int = 0) -> Curve:
    """Learns until step `at`, then triples at every step."""
    loss = learning(steps=at + steps, seed=seed)
    loss[at:] = loss[max(at - 1, 0)] * 3.0 ** np.arange(1, steps + 1)
    return np.minimum(loss, 1e30)


def of_losses(losses: Curve | list[float]) -> list[StepValues]:
    """A run of which only the loss is known."""
    return [StepValues({"loss": float(loss)}) for loss in losses]


def layout(depth: int = 6, *, normalized: bool = False) -> Layout:
    """`depth` Dense(64) layers, each with BatchNormalization if `normalized`."""
    variables: list[Variable] = []
    normalizations = []
    for i in range(depth):
        variables += [
            Variable(f"dense_{i}/kernel", f"dense_{i}", "kernel", (64, 64)),
            Variable(f"dense_{i}/bias", f"dense_{i}", "bias", (64,)),
        ]
        if normalized:
            variables += [Variable(f"bn_{i}/{role}", f"bn_{i}", role, (64,)) for role in ("gamma", "beta")]
            normalizations.append(Normalization(f"bn_{i}", NORMALIZATION_VECTORS, 64, True))
    return Layout(tuple(variables), tuple(normalizations))


def network(
    losses: Curve | list[float],
    of: Layout,
    *,
    learning_rate: float = 0.1,
    gradient: float = 0.1,
    update_ratio: float = 1e-3,
    seed: int = 0,
) -> list[StepValues]:
    """A run with gradients of one size everywhere, and moving statistics that move."""
    rng = np.random.default_rng(seed)
    count, layers = len(of.variables), len(of.normalizations)
    run = []
    for loss in losses:
        noise = np.exp(0.2 * rng.standard_normal(count))
        norms = (gradient * noise).astype(np.float32)
        weights = np.full(count, 8.0, np.float32)
        variables = {
            "grad_norm": norms,
            "grad_max": norms / 4,
            "grad_mean": norms / 100,
            "grad_zero_share": np.zeros(count, np.float32),
            "grad_nan": np.zeros(count, np.float32),
            "grad_inf": np.zeros(count, np.float32),
            "weight_norm": weights,
            "update_norm": (8.0 * update_ratio * noise).astype(np.float32),
        }
        normalizations = {
            f"{vector}_{statistic}": np.full(layers, value, np.float32)
            for vector in NORMALIZATION_VECTORS
            for statistic, value in (
                ("norm", 8.0),
                ("min", 0.9),
                ("max", 1.1),
                ("distance", 0.1),
                ("change", 0.01),
            )
        }
        scalars = {"loss": float(loss), "learning_rate": learning_rate, "batch_size": 32.0}
        run.append(StepValues(scalars, variables, normalizations if layers else {}))
    return run


def change(
    run: list[StepValues], measure: str, values: npt.ArrayLike, *, since: int = 0, until: int | None = None
) -> None:
    """Sets a measure of variables or normalizations from step `since` to before `until`."""
    for step in run[since:until]:
        group = step.variables if measure in step.variables else step.normalizations
        group[measure][...] = values  # type: ignore[index]
