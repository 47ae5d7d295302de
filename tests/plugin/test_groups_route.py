"""Repeated runs, the summary and the configuration in `/runs`, in `load`, and from real trainings."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np

import tb_stability
from tb_stability import StabilityCallback
from tb_stability.model_facts import ModelFacts, OptimizerFacts
from tb_stability.plugin.run import runs_document
from tb_stability.report import Final, RunReport, Steps, TensorRange, Verdict
from tb_stability.writers.event_file import EventFileWriter
from tests.event_logs import DIVERGED, losses, write_run, write_scalars
from tests.plugin.server import Server

_BATCH = (TensorRange("input", "", (32, 4), "float32", 0.0, 1.0, 0.5, 0, 0),)
_REPORT = RunReport(
    steps=Steps(0, 99, 100, 100),
    windows=(),
    verdict=Verdict("healthy", "text", "why", "next"),
    checks=(),
    first_batch=_BATCH,
    model=ModelFacts("fit", optimizer=OptimizerFacts("SGD", 0.1), steps_per_epoch=10, digest="abc"),
    final=Final(2.3, 0.3, 0.01, batch_size=32),
)


def _write(log_dir: Path, report: RunReport) -> None:
    writer = EventFileWriter(str(log_dir))
    writer.write_report(99, report, state="ended")
    writer.close()


def test_repeated_runs_are_served_as_a_group(tmp_path: Path) -> None:
    for seed, loss in enumerate((0.3, 0.31, 0.9)):
        final = Final(2.3, loss, 0.01, batch_size=32)
        _write(tmp_path / f"seed_{seed}", dataclasses.replace(_REPORT, final=final))
    document = Server(tmp_path).get("/runs").get_json()
    (group,) = document["groups"]
    assert (group["name"], group["runs"]) == ("seed_*", ["seed_0", "seed_1", "seed_2"])
    assert group["verdict"]["text"] == "3 repeated runs end differently: final loss 0.3 to 0.9."
    (diagnosis,) = group["diagnoses"]
    assert (diagnosis["cause"], diagnosis["confidence"]) == ("run_to_run_variance", "likely")
    assert [e["for"] for e in diagnosis["evidence"]] == [True, True]
    runs = tb_stability.load(tmp_path)
    assert (runs.groups[0].name, runs.groups[0].verdict.text) == ("seed_*", group["verdict"]["text"])
    assert json.loads(json.dumps(runs_document(str(tmp_path), runs), allow_nan=False)) == document


def test_a_run_has_its_configuration_and_its_end(tmp_path: Path) -> None:
    _write(tmp_path / "exp1", dataclasses.replace(_REPORT, stop_step=83))
    (run,) = Server(tmp_path).get("/runs").get_json()["runs"]
    assert run["configuration"]["optimizer"] == "SGD"
    assert run["configuration"]["learning_rate"] == 0.1
    assert (run["configuration"]["batch_size"], run["configuration"]["input"]) == (32, "4 float32")
    assert run["configuration"]["loss"] is None
    assert len(run["fingerprint"]) == 12
    assert run["final"]["loss"] == 0.3
    assert (run["final"]["val_loss"], run["final"]["learning_rate"]) == ("NaN", "NaN")
    assert run["stop_step"] == 83


def test_what_was_recorded_without_a_model_has_neither_and_is_in_no_group(tmp_path: Path) -> None:
    for name in ("old_1", "old_2"):
        write_run(tmp_path / name)
        write_scalars(tmp_path / f"foreign_{name}", "loss", losses(100))
    document = Server(tmp_path).get("/runs").get_json()
    assert document["groups"] == []
    for run in document["runs"]:
        assert (run["configuration"], run["fingerprint"], run["final"]) == (None, None, None)


def test_the_whole_directory_is_summed_up(tmp_path: Path) -> None:
    write_run(tmp_path / "bad", losses=DIVERGED)
    write_run(tmp_path / "good")
    document = Server(tmp_path).get("/runs").get_json()
    assert document["summary"] == {
        "text": "1 of 2 runs diverged: bad.",
        "counts": {"diverged": 1, "healthy": 1},
    }
    summary = tb_stability.load(tmp_path).summary
    assert (summary.text, dict(summary.counts)) == (
        document["summary"]["text"],
        document["summary"]["counts"],
    )


def test_the_same_training_with_other_seeds_is_a_group_and_with_another_batch_size_it_is_not(
    tmp_path: Path,
) -> None:
    x = np.random.default_rng(0).normal(size=(120, 2)).astype(np.float32)
    for name, batch_size in (("seed_1", 4), ("seed_2", 4), ("seed_3", 4), ("larger", 5)):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.05), "mse", run_eagerly=True)
        callback = StabilityCallback(tmp_path / name)
        model.fit(x, x.sum(axis=1), batch_size=batch_size, verbose=0, callbacks=[callback])
    runs = tb_stability.load(tmp_path)
    (group,) = runs.groups
    assert group.runs == ("seed_1", "seed_2", "seed_3")
    assert group.verdict.text.startswith("3 repeated runs agree: final loss "), group.verdict
    assert group.diagnoses == ()
    settings = [run.configuration for run in runs]
    assert [s["batch_size"] for s in settings if s is not None] == [5, 4, 4, 4]
    final = runs[1].report.final
    assert final is not None
    assert 0.0 < final.loss < 0.5 * final.first_loss
    assert final.loss_error > 0.0
