"""Logs that something else wrote: their loss is replayed, and what is missing is said."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.event_logs import losses, write_run, write_scalars
from tests.plugin.frame import decode_frame
from tests.plugin.server import Server


def test_a_log_of_keras_is_judged_by_its_loss(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    model.fit(
        x,
        x[:, :1],
        validation_split=0.5,
        epochs=12,
        verbose=0,
        callbacks=[keras.callbacks.TensorBoard(tmp_path / "exp1")],
    )
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert (run["run"], run["state"]) == ("exp1", "foreign")
    assert run["verdict"]["status"] == "healthy"
    assert run["source"] == {"recorded": False, "sampled": False, "kept": 12, "of": 12}
    assert 'StabilityCallback("logs/exp1")' in run["problems"][0]
    assert "epochs" in run["problems"][1]


@pytest.mark.parametrize("tag", ["loss", "train/loss", "Loss/train", "train_loss"])
def test_the_usual_names_of_a_loss_are_found(tmp_path: Path, tag: str) -> None:
    write_scalars(tmp_path / "exp1", tag, [*losses(50), (50, math.nan), (51, math.nan)])
    server = Server(tmp_path)
    (run,) = server.get("/runs").get_json()["runs"]
    assert run["verdict"]["status"] == "diverged"
    assert (run["windows"][0]["kind"], run["windows"][0]["start_step"]) == ("non_finite", 50)
    _, arrays = decode_frame(server.get("/steps", run="exp1").get_data())
    assert arrays["loss/nan"].sum() == 2
    assert server.get("/layout", run="exp1").get_json()["layers"] == []


def test_a_learning_rate_is_taken_where_it_was_written_at_the_same_step(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1", "loss", losses(4))
    write_scalars(tmp_path / "exp1", "learning_rate", [(1, 0.5), (3, 0.25)])
    _, arrays = decode_frame(Server(tmp_path).get("/steps", run="exp1").get_data())
    np.testing.assert_array_equal(arrays["learning_rate/max"], np.float32([math.nan, 0.5, math.nan, 0.25]))
    assert arrays["learning_rate/nan"].sum() == 0


def test_a_run_that_we_recorded_beside_keras_is_listed_once_as_recorded(tmp_path: Path) -> None:
    write_run(tmp_path / "exp1")
    for folder in ("train", "validation"):
        write_scalars(tmp_path / "exp1" / folder, "epoch_loss", losses(5))
    write_scalars(tmp_path / "exp2" / "train", "epoch_loss", losses(5))
    runs = Server(tmp_path).get("/runs").get_json()["runs"]
    assert [(r["run"], r["source"]["recorded"]) for r in runs] == [("exp1", True), ("exp2", False)]


def test_a_validation_folder_alone_is_no_run(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1" / "validation", "epoch_loss", losses(5))
    assert Server(tmp_path).get("/runs").get_json()["runs"] == []


def test_other_scalars_are_no_run(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1", "accuracy", losses(5))
    assert Server(tmp_path).get("/runs").get_json()["runs"] == []


def test_after_a_restart_the_newer_points_win(tmp_path: Path) -> None:
    write_scalars(
        tmp_path / "exp1", "loss", [*losses(40), *((s, math.nan) for s in range(40, 60)), *losses(50)[30:]]
    )
    server = Server(tmp_path)
    (run,) = server.get("/runs").get_json()["runs"]
    assert (run["steps"]["last"], run["source"]["kept"], run["windows"]) == (49, 50, [])


def test_a_loss_of_which_tensorboard_dropped_points_is_sampled(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1", "loss", losses(120))
    (run,) = Server(tmp_path, {"scalars": 100}).get("/runs").get_json()["runs"]
    assert run["source"] == {"recorded": False, "sampled": True, "kept": 100, "of": None}
