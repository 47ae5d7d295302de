"""The second seed document: `fit` trains, a custom loop without training=True explodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tb_stability
from tb_stability.cli.main import main
from tests.diagnosis.trainings import CustomLoop, Training, normalized

LAYERS = ["bn_1", "bn_2", "bn_3", "bn_4"]


def check(logdir: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """The JSON of the only run, and the text."""
    main(["check", str(logdir), "--format", "json"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    main(["check", str(logdir)])
    return run, capsys.readouterr().out


def test_the_cause_is_certain_by_step_20(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = CustomLoop(tmp_path / "custom_loop")
    loop.train(20)
    (diagnosis,) = loop.monitor.diagnoses
    assert (diagnosis.cause, diagnosis.confidence) == ("bn_inference_mode", "certain")
    assert (diagnosis.layer, diagnosis.first_step) == ("bn_1", 0)
    assert all(layer in diagnosis.why for layer in LAYERS)
    assert "training=True" in diagnosis.why
    assert "model(x, training=True)" in diagnosis.fix.code
    loop.monitor.close()

    (loaded,) = tb_stability.load(str(tmp_path))
    assert loaded.report.diagnoses == (diagnosis,)
    run, text = check(tmp_path, capsys)
    (written,) = run["diagnoses"]
    assert (written["cause"], written["confidence"]) == ("bn_inference_mode", "certain")
    assert written["first_step"] < 20
    assert [e["kind"] for e in written["evidence"] if e["for"]] == [
        "bn_statistics_frozen",
        "batch_statistics",
    ]
    assert "BatchNormalization in inference mode (certain), in bn_1, from step 0 on" in text
    assert "model(x, training=True)" in text


def test_the_code_of_the_fix_trains(tmp_path: Path) -> None:
    broken = CustomLoop(tmp_path / "broken")
    broken.train(60)
    (diagnosis,) = broken.monitor.diagnoses
    assert broken.monitor.verdict.status in ("diverged", "unstable")
    assert "model(x, training=True)" in diagnosis.fix.code
    loop = CustomLoop(tmp_path / "custom_loop")
    loop.train(60, training=True)  # the line that the fix changes
    assert loop.monitor.diagnoses == ()
    assert loop.monitor.verdict.status == "healthy"


def test_layers_frozen_on_purpose_are_no_diagnosis(tmp_path: Path) -> None:
    loop = CustomLoop(tmp_path / "custom_loop", frozen=True)
    loop.train(20)
    assert [d for d in loop.monitor.diagnoses if d.cause == "bn_inference_mode"] == []


def test_the_same_model_in_fit_is_no_diagnosis(tmp_path: Path) -> None:
    callback, _ = Training(build=normalized, steps=60).run(tmp_path / "fit")
    assert callback.diagnoses == ()
    assert callback.verdict.status == "healthy"
