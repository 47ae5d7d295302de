"""Logs of the real libraries: Keras's of this run, the others' recorded by `tests/foreign_logs/record.py`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.event_logs import losses, write_scalars
from tests.plugin.frame import decode_frame
from tests.plugin.histogram_logs import write_histograms
from tests.plugin.server import Server
from tests.tensorboard_process import StartTensorBoard

RECORDED = Path(__file__).parents[1] / "foreign_logs"
NAN_STEP = 50  # of the recorded logs
RUNS = "data/plugin/stability/runs"
LONG, LONG_STEPS = "long", 1500  # of a scalar TensorBoard keeps 1000, and each loader others


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of all writers; Keras's has both axes, and weights that become NaN in epoch 12."""
    keras = pytest.importorskip("keras")
    folder = tmp_path_factory.mktemp("foreign")
    shutil.copytree(RECORDED, folder, dirs_exist_ok=True)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse")
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    broken = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: (
            model.layers[-1].kernel.assign(np.full((4, 1), np.nan, np.float32)) if epoch == 12 else None
        )
    )
    writing = keras.callbacks.TensorBoard(folder / "keras", histogram_freq=1, update_freq=1)
    model.fit(
        x, x[:, :1], batch_size=8, epochs=15, verbose=0, validation_split=0.5, callbacks=[broken, writing]
    )
    write_histograms(folder / "weights", "dense/kernel", [np.ones(8), np.ones(8), np.full(8, np.nan)])
    write_scalars(folder / LONG, "loss", losses(LONG_STEPS))
    return folder


@pytest.fixture(scope="module")
def server(logdir: Path) -> Server:
    return Server(logdir)


@pytest.fixture(scope="module")
def runs(server: Server) -> dict[str, dict[str, Any]]:
    return {run["run"]: run for run in server.get("/runs").get_json()["runs"]}


def onsets(run: dict[str, Any]) -> set[tuple[str, str, int]]:
    return {(w["kind"], w["series"], w["start_step"]) for w in run["windows"]}


def test_every_writer_has_its_runs(runs: dict[str, dict[str, Any]]) -> None:
    assert list(runs) == [
        "keras",
        "keras (epochs)",
        "lightning/lightning_logs/version_0",
        LONG,
        "tensorboardx/exp",
        "torch/epochs",
        "torch/exp",
        "torch/split",
        "weights",
    ]
    assert {run["state"] for run in runs.values()} == {"foreign"}
    assert not any(run["source"]["recorded"] for run in runs.values())


@pytest.mark.parametrize(
    ("name", "tags", "histograms"),
    [
        (
            "lightning/lightning_logs/version_0",
            {
                "loss": "train_loss_step",
                "val_loss": "val_loss",
                "learning_rate": "lr-SGD",
                "grad_norm": "grad_2.0_norm_total",
            },
            0,
        ),
        *(
            (
                name,
                {
                    "loss": "Loss/train",
                    "val_loss": "Loss/val",
                    "learning_rate": "lr",
                    "grad_norm": "grad_norm",
                },
                12,
            )
            for name in ("tensorboardx/exp", "torch/exp", "torch/epochs")
        ),
    ],
)
def test_the_nan_of_each_writer_is_found_where_it_is(
    runs: dict[str, dict[str, Any]], name: str, tags: dict[str, str], histograms: int
) -> None:
    run = runs[name]
    assert (run["source"]["tags"], run["source"]["histograms"]) == (tags, histograms)
    assert (run["source"]["kept"], run["source"]["of"]) == (60, 60)
    assert run["verdict"]["status"] == "diverged"
    assert onsets(run) == {("non_finite", "loss", NAN_STEP)}


@pytest.mark.parametrize("name", ["tensorboardx/exp", "torch/exp"])
def test_layers_of_pytorch_are_in_the_order_of_the_network(
    server: Server, runs: dict[str, dict[str, Any]], name: str
) -> None:
    layout = server.get("/layout", run=name).get_json()
    assert [layer["name"] for layer in layout["layers"]] == ["fc1", "bn1", "fc2"]
    assert layout["layers"][0]["variables"] == [
        {"name": "fc1/weight", "role": "weight", "shape": [4, 8]},
        {"name": "fc1/bias", "role": "bias", "shape": [8]},
    ]
    assert layout["layers"][1]["normalization"]["vectors"] == ["gamma", "beta"]
    assert layout["heatmap_measures"] == ["grad_norm", "weight_norm", "bn_drift"]
    _, arrays = decode_frame(server.get("/heatmap", run=name, measure="grad_norm").get_data())
    is_shown = np.isfinite(arrays["max"][0])
    assert arrays["first_step"][is_shown].tolist() == list(range(0, NAN_STEP, 5))
    assert (arrays["nonfinite"].sum(axis=1) == 2).all()  # steps 50 and 55
    # The norm over all layers was logged as a scalar, exactly; the histograms are coarse.
    _, scalars = decode_frame(server.get("/steps", run=name).get_data())
    total = np.sqrt(np.square(arrays["max"].astype(float)).sum(axis=0))[is_shown]
    np.testing.assert_allclose(total, scalars["grad_norm/max"][is_shown], rtol=0.2)


def test_histograms_by_epoch_are_put_where_the_loss_was(
    server: Server, runs: dict[str, dict[str, Any]]
) -> None:
    assert "12 of 12 histograms count other steps" in str(runs["torch/epochs"]["problems"])
    _, arrays = decode_frame(server.get("/heatmap", run="torch/epochs", measure="weight_norm").get_data())
    has = np.isfinite(arrays["max"][0]) | (arrays["nonfinite"][0] > 0)
    # They are written after the loss of the step before.
    assert arrays["first_step"][has].tolist() == [8, 18, 28, 38, 48, 58]


def test_the_parts_of_add_scalars_are_one_run(runs: dict[str, dict[str, Any]]) -> None:
    assert runs["torch/split"]["source"]["tags"] == {"loss": "Loss", "val_loss": "Loss_val/Loss"}


def test_batches_and_epochs_of_keras_are_kept_apart(runs: dict[str, dict[str, Any]]) -> None:
    batches, epochs = runs["keras"], runs["keras (epochs)"]
    assert (batches["source"]["axis"], batches["source"]["tags"]["loss"]) == ("batch", "batch_loss")
    assert (epochs["source"]["axis"], epochs["source"]["tags"]["loss"]) == ("epoch", "epoch_loss")
    assert epochs["source"]["tags"]["val_loss"] == "validation/epoch_loss"
    assert (batches["source"]["kept"], batches["source"]["histograms"]) == (60, 0)
    assert (epochs["source"]["kept"], epochs["source"]["histograms"]) == (15, 8)
    assert 'StabilityCallback("logs/keras")' in epochs["problems"][0]
    # Four batches an epoch, and Keras counts them from 1.
    assert {(w["kind"], w["start_step"]) for w in epochs["windows"]} >= {("non_finite", 12)}
    assert {(w["kind"], w["start_step"]) for w in batches["windows"]} >= {("non_finite", 49)}


def test_histograms_of_keras_show_weights_and_how_far_gamma_went(server: Server) -> None:
    layout = server.get("/layout", run="keras (epochs)").get_json()
    (bn,) = [layer["normalization"] for layer in layout["layers"] if layer["normalization"]]
    assert bn["vectors"] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert (bn["kind"], bn["channels"]) == ("BatchNormalization", 4)
    header, arrays = decode_frame(server.get("/heatmap", run="keras (epochs)", measure="bn_drift").get_data())
    drift = arrays["max"][next(i for i, name in enumerate(header["layers"]) if "batch_norm" in name)]
    assert drift[0] == 0
    assert drift[11] > 0.01
    assert (arrays["nonfinite"][:, :12] == 0).all()


@pytest.mark.parametrize("load_fast", ["true", "false"])
def test_both_loaders_find_the_same(
    logdir: Path, runs: dict[str, dict[str, Any]], tensorboard_server: StartTensorBoard, load_fast: str
) -> None:
    server = tensorboard_server(logdir, "--stability_tags=loss=my/objective", load_fast=load_fast)

    def ready(document: Any) -> bool:
        found = {run["run"]: run["source"]["kept"] for run in document["runs"]}
        return found == {name: run["source"]["kept"] for name, run in runs.items()}

    found = {run["run"]: run for run in server.get_when(RUNS, ready)["runs"]}
    long = found.pop(LONG)["source"]
    assert (long["sampled"], long["kept"]) == (True, 1000)
    assert LONG_STEPS - 10 <= long["of"] <= LONG_STEPS
    for name, run in found.items():
        for member in ("windows", "verdict", "source", "problems", "checks"):
            assert run[member] == runs[name][member], (name, member)
    assert onsets(found["weights"]) == {("non_finite", "grad_norm/dense/kernel", 2)}
