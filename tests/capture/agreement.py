"""Whether what was recorded is what the oracle measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tb_stability.measures import reference
from tb_stability.series import (
    HISTOGRAM_BINS,
    NORMALIZATION_MEASURES,
    VARIABLE_MEASURES,
    Layout,
    StepValues,
)
from tests.capture.oracle import OracleStep

_NEVER_KNOWN = {"step_seconds"}
"""What no oracle can know: wall time."""

_COUNTS = ("grad_nan", "grad_inf", "batch_statistics")
"""Measures that are exact."""

_GIVEN_ENTRIES_PER_RTOL = 10
"""Share of a gradient's entries that may be in the bin beside, by tolerance: they lie on its edge."""


def assert_agreement(
    values: Sequence[StepValues],
    oracle: Sequence[OracleStep],
    *,
    rtol: float,
    atol: float,
    without: frozenset[str] = frozenset(),
    histograms: bool = True,
) -> None:
    """Fails at the first measure of the first step that is not as defined.

    Args:
      values: The recorded steps.
      oracle: The same steps, measured by hand.
      rtol: Relative to the largest entry of the measure at that step, as float32 rounds sums.
      atol: The same in absolute terms.
      without: Scalars that this way of training cannot know.
      histograms: Whether every step must have them.
    """
    assert len(values) == len(oracle)
    for step, (row, truth) in enumerate(zip(values, oracle, strict=True)):
        known = {name: x for name, x in truth.scalars.items() if name not in without}
        assert set(row.scalars) - _NEVER_KNOWN - without == set(known), f"scalars of step {step}"
        for name, wanted in known.items():
            np.testing.assert_allclose(row.scalars[name], wanted, rtol, atol, err_msg=f"step {step}: {name}")
        # Of a gradient that is 0 but for rounding, the share of zeros and the histogram are those of noise.
        noise = np.array([variable["grad_norm"] < atol for variable in truth.variables])
        for measure in VARIABLE_MEASURES:
            wanted_column = np.array([variable[measure] for variable in truth.variables])
            got = row.variables[measure]
            if measure == "grad_zero_share":
                got, wanted_column = np.where(noise, 0, got), np.where(noise, 0, wanted_column)
            assert_close(got, wanted_column, rtol, atol, measure, f"step {step}: {measure} of variables")
        if truth.normalizations:
            for measure in NORMALIZATION_MEASURES:
                wanted_column = np.array([layer.get(measure, np.nan) for layer in truth.normalizations])
                got = row.normalizations[measure]
                assert_close(got, wanted_column, rtol, atol, measure, f"step {step}: {measure} of layers")
        if histograms:
            _assert_histograms(row, truth, noise, rtol, step)


def assert_close(
    got: npt.NDArray[np.float32], wanted: np.ndarray, rtol: float, atol: float, measure: str, message: str
) -> None:
    """Compares one measure of all variables or layers; counts exactly."""
    if measure in _COUNTS:
        np.testing.assert_array_equal(got, wanted, err_msg=message)
    else:
        np.testing.assert_allclose(got, wanted, rtol, atol, err_msg=message)


def _assert_histograms(
    row: StepValues, truth: OracleStep, noise: npt.NDArray[np.bool_], rtol: float, step: int
) -> None:
    assert row.histograms is not None, f"step {step} has no histograms"
    assert row.histograms.shape == (len(truth.gradients), HISTOGRAM_BINS)
    for place, gradient in enumerate(truth.gradients):
        if gradient is None or noise[place]:
            continue
        wanted = reference.histogram(gradient).astype(int)
        got = row.histograms[place].astype(int)
        assert got.sum() == wanted.sum(), f"step {step}: entries in histogram {place}"
        moved = np.abs(np.cumsum(got - wanted)).sum()  # bins that entries moved by, all together
        assert moved <= 1 + _GIVEN_ENTRIES_PER_RTOL * rtol * wanted.sum(), f"step {step}: histogram {place}"


def assert_names(layout: Layout, paths: Sequence[str]) -> None:
    """Fails where the recorded variables are not these, in this order, as far as their names say."""
    assert len(layout.variables) == len(paths)
    for variable, path in zip(layout.variables, paths, strict=True):
        name = variable.name.replace("#2", "").replace("#3", "")
        assert path.endswith(name), f"{variable.name} stands where {path} belongs"
