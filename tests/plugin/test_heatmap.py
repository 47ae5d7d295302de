"""`/heatmap`: all layers at once are what obvious loops make of each."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tb_stability.plugin import heatmap
from tb_stability.plugin.layer_series import HEATMAP_MEASURES
from tb_stability.series import (
    NORMALIZATION_MEASURES,
    VARIABLE_MEASURES,
    Layout,
    Normalization,
    StepValues,
    Variable,
)
from tests.plugin.served import frame, write_steps
from tests.plugin.server import Server

STEPS, COLUMNS = 23, 5

# The variables of a layer are not neighbours; some layers have none.
LAYOUT = Layout(
    tuple(Variable(f"v{i}", f"layer{i * 7 % 5}", "kernel", (i + 1, 2)) for i in range(11)),
    (
        Normalization("layer2", ("gamma", "beta"), 4, True),
        Normalization("only", ("beta",), 9, True, "LayerNormalization"),
        Normalization("none", (), 0, True, "UnitNormalization"),
    ),
)


@pytest.fixture(scope="module")
def values() -> list[StepValues]:
    random = np.random.default_rng(0)

    def numbers(size: int) -> np.ndarray:
        found = np.abs(random.normal(size=size)).astype(np.float32)
        found[random.random(size) < 0.1] = math.nan
        found[random.random(size) < 0.1] = math.inf
        found[random.random(size) < 0.2] = 0
        return found

    return [
        StepValues(
            {"loss": 1.0},
            {m: numbers(len(LAYOUT.variables)) for m in VARIABLE_MEASURES} if step % 4 else {},
            {m: numbers(len(LAYOUT.normalizations)) for m in NORMALIZATION_MEASURES},
        )
        for step in range(STEPS)
    ]


def value_of(values: StepValues, layer: str, measure: str) -> float | None:
    """One number, by its definition; None where there is none."""
    if measure == "bn_drift":
        for i, normalization in enumerate(LAYOUT.normalizations):
            own = [v for v in ("gamma", "beta") if v in normalization.vectors]
            if normalization.layer == layer and own:
                distances = [float(values.normalizations[f"{v}_distance"][i]) for v in own]
                furthest = math.nan if any(map(math.isnan, distances)) else max(distances)
                return furthest / math.sqrt(normalization.channels)
        return None
    own_variables = [i for i, variable in enumerate(LAYOUT.variables) if variable.layer == layer]
    if not own_variables or not values.variables:
        return None

    def norm(name: str) -> float:
        return math.sqrt(sum(float(values.variables[name][i]) ** 2 for i in own_variables))

    if measure == "nonfinite":
        entries = sum(LAYOUT.variables[i].size for i in own_variables)
        bad = [float(values.variables[m][i]) for m in ("grad_nan", "grad_inf") for i in own_variables]
        return sum(bad) / entries
    if measure == "update_ratio":
        return _quotient(norm("update_norm"), norm("weight_norm"))
    return norm(measure)


def _quotient(update: float, weight: float) -> float | None:
    return None if weight == 0 else update / weight


@pytest.mark.parametrize("at_once", [1, heatmap._NUMBERS_AT_ONCE], ids=["a layer at a time", "all at once"])
def test_all_layers_are_what_obvious_loops_make_of_each(
    tmp_path: Path, values: list[StepValues], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(heatmap, "_NUMBERS_AT_ONCE", at_once)
    write_steps(tmp_path / "exp1", values, LAYOUT, ("loss",))
    server = Server(tmp_path)
    for measure in HEATMAP_MEASURES:
        header, arrays = frame(server, "/heatmap", run="exp1", measure=measure, cols=str(COLUMNS))
        assert tuple(header["layers"]) == LAYOUT.layers
        for row, layer in enumerate(LAYOUT.layers):
            for column in range(COLUMNS):
                steps = range(arrays["first_step"][column], arrays["last_step"][column] + 1)
                found = [value_of(values[step], layer, measure) for step in steps]
                present = [value for value in found if value is not None]
                finite = [value for value in present if math.isfinite(value)]
                highest = np.float32(max(finite, default=math.nan))
                assert arrays["max"][row, column] == pytest.approx(highest, rel=1e-6, nan_ok=True)
                assert arrays["nonfinite"][row, column] == len(present) - len(finite)


def test_of_very_many_layers_there_are_fewer_columns(
    tmp_path: Path, values: list[StepValues], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heatmap, "MOST_CELLS", 3 * len(LAYOUT.layers))
    write_steps(tmp_path / "exp1", values, LAYOUT, ("loss",))
    header, arrays = frame(Server(tmp_path), "/heatmap", run="exp1", measure="grad_norm", cols="20")
    assert arrays["max"].shape == (len(header["layers"]), 3)
