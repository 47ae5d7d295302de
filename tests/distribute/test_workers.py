"""Two processes that train together with `MultiWorkerMirroredStrategy`: the first one writes the log."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from tests.capture.recorded import read_steps
from tests.distribute import cases
from tests.distribute.agreement import assert_same_steps, require_mean_of_replicas
from tests.distribute.processes import cluster, outcomes, run_together

_FIRST, _SECOND = 0, 1


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What each worker left."""
    directories = [tmp_path_factory.mktemp("worker") for _ in range(2)]
    run_together("tests.distribute.worker", directories, cluster(len(directories)))
    return directories


@pytest.mark.parametrize("training", ["fit dense", "loop clipped"])
def test_training_is_bit_identical_with_and_without_us(workers: list[Path], training: str) -> None:
    for worker in workers:
        ended = outcomes(worker)
        assert ended[training]["state"] == ended[f"{training} alone"]["state"]
        assert ended[training].get("history") == ended[f"{training} alone"].get("history")
        assert ended[training]["warnings"] == ended[training]["left_behind"] == []


@pytest.mark.parametrize("name", ["dense", "with_a_nan"])
def test_rows_are_those_of_one_device(workers: list[Path], tmp_path: Path, name: str) -> None:
    """Kills: the loss, the batch size or the gradient of one worker in place of the sum of both."""
    require_mean_of_replicas()
    cases.fit(
        cases.CASES[name], None, tmp_path / "run", lambda model: keras.Model(model.inputs, model.outputs)
    )
    assert_same_steps(read_steps(workers[_FIRST] / "fit" / name), read_steps(tmp_path))


def test_a_loop_is_recorded(workers: list[Path]) -> None:
    _, steps, values = read_steps(workers[_FIRST] / "loop" / "clipped")
    assert steps == list(range(6))
    assert all(value.scalars["clipped_grad_norm"] < value.scalars["grad_norm"] for value in values)


def test_the_second_worker_writes_nothing(workers: list[Path]) -> None:
    """Kills: two logs of one run in one directory, which readers take for a restart."""
    assert [path.name for path in workers[_SECOND].iterdir() if path.is_dir()] == []


def test_a_callback_on_the_first_worker_alone_does_not_stop_training(workers: list[Path]) -> None:
    """Kills: sums in the step of one worker that the other one waits for, and will never see."""
    for worker in workers:
        ended = outcomes(worker)
        assert ended["lonely"]["state"] == ended["fit dense alone"]["state"]
    assert "Give it to every worker" in outcomes(workers[_FIRST])["lonely"]["warnings"][0]


def test_the_second_worker_sees_the_same_windows(workers: list[Path]) -> None:
    """The NaN is in the part of one of them."""
    for worker in workers:
        ended = outcomes(worker)["fit with_a_nan"]
        assert ended["windows"] == [["non_finite", 2]]
        assert ended["verdict"] == "diverged"
