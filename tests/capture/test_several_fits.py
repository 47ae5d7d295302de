"""More than one fit: the run goes on, whatever was changed between them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_stability import StabilityCallback
from tb_stability.series import StepValues
from tests.capture import tiny_models
from tests.capture.agreement import assert_agreement
from tests.capture.oracle import OracleStep, by_hand
from tests.capture.recorded import RUN, read_steps
from tests.capture.tiny_models import BATCH_SIZE
from tests.capture.training import Outcome, Training
from tests.capture.ways import ADAM, SGD

_DENSE = Training(optimizer=lambda: ADAM(0.01))
_NORMS = Training(tiny_models.convolutions, lambda: SGD(0.1, momentum=0.9), data=tiny_models.images)


def _fit(
    training: Training, model: keras.Model, *callbacks: keras.callbacks.Callback, **arguments: Any
) -> None:
    x, y = training.arrays()
    model.fit(x, y, batch_size=BATCH_SIZE, shuffle=False, verbose=0, callbacks=list(callbacks), **arguments)


def _assert(training: Training, values: list[StepValues], oracle: list[OracleStep]) -> None:
    assert_agreement(values, oracle, rtol=training.rtol, atol=training.atol)


@pytest.mark.parametrize("training", [_DENSE, _NORMS], ids=["dense", "norms"])
def test_a_second_fit_with_the_same_callback_continues_the_run(training: Training, tmp_path: Path) -> None:
    """Distances of the second fit are from the start of the run, too."""
    model = training.fresh()
    callback = StabilityCallback(tmp_path / RUN, overhead=math.inf)
    for _ in range(2):
        _fit(training, model, callback)
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(10))
    _assert(training, values, by_hand(training, epochs=2))


def test_a_fit_that_begins_at_a_later_epoch_counts_updates(tmp_path: Path) -> None:
    model = _DENSE.fresh()
    _fit(_DENSE, model, StabilityCallback(tmp_path / RUN, overhead=math.inf), epochs=4, initial_epoch=2)
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(10))
    _assert(_DENSE, values, by_hand(_DENSE, epochs=2))


def test_a_new_callback_on_a_trained_model_counts_on_from_its_updates(tmp_path: Path) -> None:
    model = _DENSE.fresh()
    _fit(_DENSE, model)
    _fit(_DENSE, model, StabilityCallback(tmp_path / RUN, overhead=math.inf))
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(5, 10))
    _assert(_DENSE, values, by_hand(_DENSE, epochs=2)[5:])


def test_a_recompiled_model_continues_the_run_with_its_new_optimizer_and_loss(tmp_path: Path) -> None:
    def recompile(model: keras.Model) -> None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
        model.compile(SGD(0.01, clipvalue=0.05), loss, jit_compile=False)

    model = _DENSE.fresh()
    callback = StabilityCallback(tmp_path / RUN, overhead=math.inf)
    _fit(_DENSE, model, callback)
    recompile(model)
    _fit(_DENSE, model, callback)
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(10))
    model = _DENSE.fresh()
    oracle = by_hand(_DENSE, model=model)
    recompile(model)
    _assert(_DENSE, values, [*oracle, *by_hand(_DENSE, model=model)])


def test_layers_that_were_frozen_between_fits_leave_the_rows(tmp_path: Path) -> None:
    model = _DENSE.fresh()
    callback = StabilityCallback(tmp_path / RUN, overhead=math.inf)
    _fit(_DENSE, model, callback)
    model.layers[0].trainable = False
    model.compile(SGD(0.1), _DENSE.loss(), jit_compile=False)
    _fit(_DENSE, model, callback)
    layout, steps, values = read_steps(tmp_path)
    assert steps == list(range(10))
    assert [v.name for v in layout.variables] == ["last/kernel", "last/bias"]
    model = _DENSE.fresh()
    by_hand(_DENSE, model=model)
    model.layers[0].trainable = False
    model.compile(SGD(0.1), _DENSE.loss(), jit_compile=False)
    _assert(_DENSE, values[5:], by_hand(_DENSE, model=model))


def test_a_training_function_made_anew_in_the_middle_of_a_fit_is_followed(tmp_path: Path) -> None:
    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.layers[0].trainable = False
                self.model.make_train_function(force=True)

    outcomes = []
    for callbacks in ([], [StabilityCallback(tmp_path / RUN, overhead=math.inf)]):
        model = _DENSE.fresh()
        _fit(_DENSE, model, Freeze(), *callbacks, epochs=2)
        outcomes.append(Outcome.of(model, {}))
    outcomes[1].assert_identical(outcomes[0])
    _, steps, values = read_steps(tmp_path)
    assert steps == list(range(10))
    _assert(_DENSE, values[:5], by_hand(_DENSE))
    for row in values[5:]:
        np.testing.assert_array_equal(row.variables["update_norm"][:2], 0)
        assert (row.variables["update_norm"][2:] > 0).all()


class _Batches(keras.utils.PyDataset):
    """Data as Keras' own class for it, in batches that it makes."""

    def __init__(self, batches: list[Any]) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, at: int) -> Any:
        return self._batches[at]


def _generator(batches: list[Any]) -> Iterator[Any]:
    yield from batches


def _dataset(batches: list[Any]) -> tf.data.Dataset:
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH_SIZE)


_SOURCES: dict[str, Callable[[list[Any]], Any]] = {
    "py_dataset": _Batches,
    "generator": _generator,
    "dataset": _dataset,
}


@pytest.mark.parametrize("source", _SOURCES)
def test_batches_are_counted_as_they_come_whatever_the_source(source: str, tmp_path: Path) -> None:
    model = _DENSE.fresh()
    data = _SOURCES[source]([(x, y) for x, y, _ in _DENSE.batches()])
    model.fit(
        data, shuffle=False, verbose=0, callbacks=[StabilityCallback(tmp_path / RUN, overhead=math.inf)]
    )
    _assert(_DENSE, read_steps(tmp_path)[2], by_hand(_DENSE))
