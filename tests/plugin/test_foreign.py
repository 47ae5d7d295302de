"""Logs that something else wrote: their loss is replayed, and what is missing is said."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from tests.event_logs import losses, write_run, write_scalars
from tests.plugin.frame import decode_frame
from tests.plugin.histogram_logs import write_histograms
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
    assert run["source"] == {
        "recorded": False,
        "sampled": False,
        "kept": 12,
        "of": 12,
        "axis": "epoch",
        "tags": {
            "loss": "epoch_loss",
            "val_loss": "validation/epoch_loss",
            "learning_rate": "epoch_learning_rate",
        },
        "histograms": 0,
    }
    assert 'StabilityCallback("logs/exp1")' in run["problems"][0]
    assert "epochs" in run["problems"][1]


@pytest.mark.parametrize(
    "tag", ["loss", "train/loss", "Loss/train", "train_loss", "Training Loss", "train/total_loss"]
)
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
    source = run["source"]
    assert (source["sampled"], source["kept"]) == (True, 100)
    assert 119 <= source["of"] <= 120  # the first point may be among those that were dropped
    assert f"kept 100 of about {source['of']} points" in run["problems"][0]


def test_names_that_a_user_added_are_taken_first(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1", "my/objective", losses(20))
    write_scalars(tmp_path / "exp2", "loss", losses(30))
    write_scalars(tmp_path / "exp2", "my/objective", losses(20))
    assert [r["run"] for r in Server(tmp_path).get("/runs").get_json()["runs"]] == ["exp2"]
    runs = Server(tmp_path, tags="loss=my/objective").get("/runs").get_json()["runs"]
    assert [(r["run"], r["source"]["tags"]["loss"]) for r in runs] == [
        ("exp1", "my/objective"),
        ("exp2", "my/objective"),
    ]


def test_histograms_without_a_loss_are_a_run_that_says_what_it_lacks(tmp_path: Path) -> None:
    write_histograms(tmp_path / "exp1", "dense/kernel", [np.ones(8), np.ones(8), np.full(8, math.nan)])
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert [(w["kind"], w["series"], w["start_step"]) for w in run["windows"]] == [
        ("non_finite", "grad_norm/dense/kernel", 2)
    ]
    assert "--stability_tags" in run["problems"][1]


def test_a_gamma_that_suddenly_moves_much_faster_drifts_and_one_that_keeps_its_pace_does_not(
    tmp_path: Path,
) -> None:
    start = np.linspace(0.5, 1.5, 64)
    steps = np.arange(60)
    paces = {"steady": np.full(60, 0.01), "fast": np.where(steps < 45, 0.01, 0.3 * 1.2 ** (steps - 45))}
    for name, pace in paces.items():
        write_scalars(tmp_path / name, "loss", losses(60))
        write_histograms(tmp_path / name, "bn/gamma", [start + moved for moved in np.cumsum(pace)])
        write_histograms(tmp_path / name, "bn/moving_mean", [start + 0.01 * step for step in range(60)])
    fast, steady = Server(tmp_path).get("/runs").get_json()["runs"]
    assert steady["windows"] == []
    (window,) = fast["windows"]
    assert (window["kind"], window["layer"], window["start_step"]) == ("bn_drift", "bn", 45)


def test_histograms_of_activations_are_not_taken_for_weights(tmp_path: Path) -> None:
    write_histograms(tmp_path / "exp1", "dense/outputs", [np.full(8, math.nan)])
    assert Server(tmp_path).get("/runs").get_json()["runs"] == []


def test_a_series_of_other_steps_is_put_where_the_loss_was(tmp_path: Path) -> None:
    (tmp_path / "exp1").mkdir()
    writer = EventFileWriter(str(tmp_path / "exp1"))
    for step, loss in losses(100):
        _write_scalar(writer, "loss", loss, step, time=1000.0 + step)
        if step % 20 == 19:
            _write_scalar(writer, "val_loss", step, step // 20, time=1000.5 + step)
    writer.close()
    server = Server(tmp_path)
    (run,) = server.get("/runs").get_json()["runs"]
    assert "'val_loss' counts other steps than 'loss'" in str(run["problems"])
    _, arrays = decode_frame(server.get("/steps", run="exp1").get_data())
    is_there = np.isfinite(arrays["val_loss/max"])
    assert arrays["first_step"][is_there].tolist() == [19, 39, 59, 79, 99]
    assert arrays["val_loss/max"][is_there].tolist() == [19, 39, 59, 79, 99]


def _write_scalar(writer: EventFileWriter, tag: str, value: float, step: int, *, time: float) -> None:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    writer.add_event(Event(wall_time=time, step=step, summary=summary))


def test_steps_that_no_run_can_have_are_left_out_and_said(tmp_path: Path) -> None:
    write_scalars(tmp_path / "exp1", "loss", [(-5, 9.0), *losses(50), (2**40, 0.5)])
    write_histograms(tmp_path / "exp1", "dense/kernel", [np.arange(4.0)] * 3)
    server = Server(tmp_path)
    (run,) = server.get("/runs").get_json()["runs"]
    assert (run["source"]["kept"], run["steps"]["first"], run["steps"]["last"]) == (50, 0, 49)
    assert "2 points are at steps that no run can have, and were left out." in run["problems"]
    _, arrays = decode_frame(server.get("/steps", run="exp1").get_data())
    assert (arrays["first_step"][0], arrays["last_step"][-1]) == (0, 49)
