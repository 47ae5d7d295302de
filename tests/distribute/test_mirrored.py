"""Training on two devices with `MirroredStrategy` is recorded as on one, and stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_stability.series import VARIABLE_MEASURES, StepValues
from tests.capture.recorded import column, read_steps
from tests.distribute import cases
from tests.distribute.agreement import assert_same_steps, require_mean_of_replicas
from tests.distribute.processes import outcomes, run_together

_SAME_AS_ON_ONE_DEVICE = ("dense", "embedding", "with_a_nan")
"""Clipping and BatchNormalization look at the batch of one replica, so training itself differs there."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the trainings left."""
    directory = tmp_path_factory.mktemp("mirrored")
    run_together("tests.distribute.mirrored", [directory], [{}])
    return directory


@pytest.fixture(scope="module")
def ended(directory: Path) -> dict[str, Any]:
    """How the trainings ended."""
    return outcomes(directory)


@pytest.mark.parametrize("training", [*(f"fit {name}" for name in cases.CASES), "loop clipped"])
def test_training_is_bit_identical_with_and_without_us(ended: dict[str, Any], training: str) -> None:
    """Kills: measuring what a replica assigned by assigning it, or summing gradients in place."""
    observed, alone = ended[training], ended[f"{training} alone"]
    assert observed["state"] == alone["state"]
    assert observed.get("history") == alone.get("history")
    assert observed["warnings"] == observed["left_behind"] == []


@pytest.mark.parametrize("name", _SAME_AS_ON_ONE_DEVICE)
def test_rows_are_those_of_one_device(directory: Path, tmp_path: Path, name: str) -> None:
    """Kills: the gradient, the loss or the batch size of one replica in place of the sum of all."""
    require_mean_of_replicas()
    cases.fit(cases.CASES[name], None, tmp_path / "run")
    assert_same_steps(read_steps(directory / "fit" / name), read_steps(tmp_path))


def test_an_alarm_in_the_part_of_one_replica_is_an_alarm(ended: dict[str, Any]) -> None:
    assert ended["fit with_a_nan"]["windows"] == [["non_finite", 2]]


@pytest.mark.parametrize("way", ["fit", "loop"])
def test_clipping_is_told_apart_from_the_gradient(directory: Path, tmp_path: Path, way: str) -> None:
    """Kills: the gradient behind the clipping, and the clipped norm of one replica in place of the sum."""
    require_mean_of_replicas()
    _, _, steps = read_steps(directory / way / "clipped")
    cases.fit(cases.CASES["clipped"], None, tmp_path / "run")
    _, _, single = read_steps(tmp_path)
    np.testing.assert_allclose(steps[0].scalars["grad_norm"], single[0].scalars["grad_norm"], rtol=1e-5)
    updates = [np.linalg.norm(step.variables["update_norm"]) for step in steps]
    clipped = np.array(column(steps, "clipped_grad_norm"))
    np.testing.assert_allclose(updates, cases.LEARNING_RATE * clipped, rtol=1e-4)
    assert all(clipped < column(steps, "grad_norm"))


def test_batch_normalization_is_that_of_the_first_replica(directory: Path, ended: dict[str, Any]) -> None:
    """It is the one that a saved model has. Kills: moving statistics of another replica."""
    _, _, steps = read_steps(directory / "fit" / "norms")
    state = ended["fit norms"]["state"]
    for vector in ("moving_mean", "moving_variance"):
        saved = [bytes.fromhex(value) for path, value in state.items() if path.endswith(vector)]
        norms = [np.linalg.norm(np.frombuffer(value, np.float32)) for value in saved]
        np.testing.assert_allclose(_last(steps).normalizations[f"{vector}_norm"], norms, rtol=1e-5)
    assert set(_last(steps).normalizations["batch_statistics"]) == {1.0}


def test_a_fault_of_ours_is_a_warning(ended: dict[str, Any]) -> None:
    """Kills: an error in one replica, and not in the other, between two sums."""
    assert ended["fault"]["state"] == ended["fit dense alone"]["state"]
    assert "a fault of ours" in ended["fault"]["warnings"][0]


def test_an_error_of_the_users_in_one_replica_stays_what_it_is(ended: dict[str, Any]) -> None:
    """Kills: taking the end of the replica that waits, inside of a sum of ours, for a fault of ours."""
    assert "the second replica is broken" in ended["broken"]["error"]
    assert ended["broken"]["warnings"] == ended["broken"]["left_behind"] == []


def _last(steps: list[StepValues]) -> StepValues:
    assert set(steps[-1].variables) == set(VARIABLE_MEASURES)
    return steps[-1]
