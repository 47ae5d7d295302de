"""Faults planted at each of our own seams: one warning, and training ends as it would without us."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tb_stability import StabilityCallback, StabilityMonitor
from tb_stability.budget import Budget
from tb_stability.detectors.exploding_gradient import ExplodingGradient
from tb_stability.detectors.loss_spike import LossSpike
from tb_stability.measures.tensorflow import layout
from tb_stability.measures.tensorflow.activations import ActivationShares
from tb_stability.measures.tensorflow.applied import Applied
from tb_stability.measures.tensorflow.batch import Batch
from tb_stability.measures.tensorflow.measuring import Measuring
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors
from tb_stability.measures.tensorflow.rows import Rows
from tb_stability.monitor import Monitor
from tb_stability.recorder import Recorder
from tb_stability.writers.event_file import EventFileWriter
from tests.capture import tiny_models
from tests.capture.training import Outcome, Training
from tests.capture.ways import SGD

_TRAINING = Training(tiny_models.frozen, lambda: SGD(0.1, momentum=0.9, clipvalue=0.1), fit={"epochs": 3})


def _full(*_: Any, **__: Any) -> None:
    raise OSError(28, "planted: No space left on device")


def _broken(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError("planted")


def _after(calls: int, owner: Any, name: str) -> Callable[..., Any]:
    """The method as it is for some calls, and broken from there on."""
    original, made = getattr(owner, name), [0]

    def method(*args: Any, **kwargs: Any) -> Any:
        made[0] += 1
        if made[0] > calls:
            raise OSError(28, "planted: No space left on device")
        return original(*args, **kwargs)

    return method


_SEAMS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "open": (EventFileWriter, "__init__", _full),
    "write_layout": (EventFileWriter, "write_layout", _full),
    "write_rows": (EventFileWriter, "write_rows", _full),
    "write_histograms": (EventFileWriter, "write_histograms", _full),
    "write_report": (EventFileWriter, "write_report", _full),
    "flush": (EventFileWriter, "flush", _full),
    "close": (EventFileWriter, "close", _full),
    "disk_full_later": (EventFileWriter, "_write", _after(4, EventFileWriter, "_write")),
    "detector": (LossSpike, "update", _broken),
    "detector_of_layers": (ExplodingGradient, "update", _broken),
    "report": (Monitor, "report", _broken),
    "record": (Recorder, "record", _broken),
    "budget": (Budget, "plan", _broken),
    "decode": (Rows, "drain", _broken),
    "before_the_update": (Applied, "__init__", _broken),
    "after_the_update": (Applied, "finish", _broken),
    "scalars_of_the_update": (Applied, "scalars", _broken),
    "reduce": (Measuring, "_write_full", _broken),
    "batch_loss": (Batch, "take", _broken),
    "normalizations": (NormalizationVectors, "measure", _broken),
    "activations": (ActivationShares, "measure", _broken),
    "layout": (layout, "describe", _broken),
}
"""Where each fault is planted: owner, name, and what stands there instead."""


@pytest.fixture(scope="module")
def alone() -> Outcome:
    return _TRAINING.run()


def _ours(caught: list[warnings.WarningMessage]) -> list[str]:
    return [f"{w.category.__name__}: {w.message}" for w in caught if "Stability" in str(w.message)]


@pytest.mark.parametrize("seam", _SEAMS)
def test_a_fault_in_fit_is_one_warning(
    seam: str, alone: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, fault = _SEAMS[seam]
    monkeypatch.setattr(owner, name, fault)
    _assert_one_warning(alone, tmp_path)


def _assert_one_warning(alone: Outcome, log_dir: Path) -> None:
    callback = StabilityCallback(log_dir, overhead=math.inf)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = _run(callback)
    messages = _ours(caught)
    assert len(messages) == 1, "\n".join(messages)
    (ours,) = messages
    assert ours.startswith("RuntimeWarning: Stability ")
    assert "training goes on" in ours
    outcome.assert_identical(alone)


def _run(callback: StabilityCallback) -> Outcome:
    """As `Training.run`, without making an error of our warnings."""
    model = _TRAINING.fresh()
    x, y = _TRAINING.arrays()
    arguments = {"batch_size": tiny_models.BATCH_SIZE, "shuffle": False, "verbose": 0, "epochs": 3}
    return Outcome.of(model, model.fit(x, y, callbacks=[callback], **arguments).history)


def test_a_log_dir_that_cannot_be_made_is_one_warning(alone: Outcome, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    _assert_one_warning(alone, tmp_path / "file" / "run")


@pytest.mark.parametrize("seam", ["open", "write_rows", "detector", "record", "after_the_update"])
def test_a_fault_in_a_loop_is_one_warning(seam: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, fault = _SEAMS[seam]
    monkeypatch.setattr(owner, name, fault)
    model = _TRAINING.fresh()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with StabilityMonitor(tmp_path, model=model, optimizer=model.optimizer) as monitor:
            for x, y, _ in _TRAINING.batches():
                monitor.on_step(model.train_step((x, y))["loss"])
    assert len(_ours(caught)) == 1, _ours(caught)
    assert int(model.optimizer.iterations) == 5
