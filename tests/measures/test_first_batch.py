"""Ranges of the tensors of a batch, against their definitions in numpy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from keras import layers

from tb_stability.measures import reference
from tb_stability.measures.tensorflow import first_batch
from tb_stability.measures.tensorflow.batch import Batch
from tb_stability.report import TensorRange
from tests.layer_steps import HOW, strictly


def _ranges(x: Any, y: Any = None) -> tuple[TensorRange, ...]:
    tensors = first_batch.batch_tensors(x, y)
    return first_batch.decode([spec for spec, _ in tensors], first_batch.measure_ranges(tensors).numpy())


def _assert_range(measured: TensorRange, tensor: np.ndarray) -> None:
    assert measured.shape == tensor.shape
    largest = float(np.abs(tensor[np.isfinite(tensor)]).max(initial=0))
    for name, value in reference.tensor_range(tensor).items():
        # A mean is as exact as the entries that cancel each other in it; denormals may be flushed to 0.
        close = pytest.approx(value, abs=1e-6 * largest + 1e-37, nan_ok=True)
        assert getattr(measured, name) == close, name


@settings(max_examples=150, deadline=None)
@given(
    arrays(
        np.float32,
        array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        elements=st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf, 2.0**127, 0.0]),
    )
)
def test_the_numbers_of_a_tensor_are_their_definitions(tensor: np.ndarray) -> None:
    """Kills: NaN or Inf in the mean; NaN counted as Inf; 0 where no entry is finite; a sum that overflows."""
    (measured,) = _ranges(tf.constant(tensor))
    _assert_range(measured, tensor)


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
)
def test_tensors_of_every_type_are_measured(dtype: str) -> None:
    """Kills: sums in the tensor's own type, which overflow."""
    tensor = np.arange(3000).reshape(30, 100) % 101
    (measured,) = _ranges(tf.cast(tensor, dtype))
    assert measured.dtype == dtype
    _assert_range(measured, tensor > 0 if dtype == "bool" else tensor)


def test_names_are_places_in_the_structure_and_strings_ragged_and_sparse_are_left_out() -> None:
    x = {
        "image": tf.ones([2, 3]),
        "text": tf.constant(["a", "b"]),
        "masks": (tf.zeros([2], tf.bool), [tf.ones([2, 1], tf.int32)]),
        "ragged": tf.ragged.constant([[1.0], [2.0, 3.0]]),
        "sparse": tf.sparse.from_dense(tf.eye(2)),
        "none": None,
    }
    measured = _ranges(x, np.array([[1.5], [2.5]], "float32"))
    assert [(r.role, r.name, r.shape, r.dtype) for r in measured] == [
        ("input", "image", (2, 3), "float32"),
        ("input", "masks/0", (2,), "bool"),
        ("input", "masks/1/0", (2, 1), "int32"),
        ("target", "", (2, 1), "float32"),
    ]
    assert (measured[3].min, measured[3].max, measured[3].mean) == (1.5, 2.5, 2.0)
    assert _ranges(None) == ()


def test_of_many_tensors_the_first_are_measured() -> None:
    measured = _ranges([tf.ones([1])] * 20, tf.ones([1]))
    assert [r.name for r in measured] == [str(i) for i in range(first_batch.MOST_TENSORS)]


def _model(how: str, inputs: Any, build: Callable[[Any], Any]) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Model(inputs, build(inputs))
    model.compile("sgd", "mse", run_eagerly=how == "eager", jit_compile=how == "jit_compile")
    return model


class Measured:
    """An optimizer's `apply`, with the ranges measured in a branch behind it, as the observer does."""

    def __init__(self, model: keras.Model, batch: Batch) -> None:
        self._apply = model.optimizer.apply
        self._batch = batch
        self.specs: list[Any] = []
        self.numbers = tf.Variable(tf.zeros([3, first_batch.NUMBERS]), trainable=False)
        model.optimizer.apply = self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._apply(*args, **kwargs)
        taken = self._batch.take_tensors()
        self.specs = [spec for spec, _ in taken]
        numbers = tf.cond(
            self.numbers[0, 0] > -1e9, lambda: first_batch.measure_ranges(taken), lambda: self.numbers + 0.0
        )
        self.numbers.assign(numbers)
        return result


@pytest.mark.parametrize("how", HOW)
def test_the_batch_of_a_step_of_fit_is_measured_and_training_is_the_same_to_the_last_bit(how: str) -> None:
    """Kills: the batch of another step; targets for inputs."""
    rng = np.random.default_rng(0)
    x = {
        "pixels": rng.integers(0, 256, (20, 7)).astype("float32"),
        "extra": rng.normal(-3.0, 1.0, (20, 2)).astype("float32"),
    }
    y = rng.normal(100.0, 1.0, (20, 1)).astype("float32")
    weights = []
    for observed in (False, True):
        keras.utils.clear_session(free_memory=False)
        inputs = {"pixels": keras.Input((7,), name="pixels"), "extra": keras.Input((2,), name="extra")}
        model = _model(
            how, inputs, lambda x: layers.Dense(1)(layers.Concatenate()([x["pixels"], x["extra"]]))
        )
        batch = Batch(model, strictly)
        if observed:
            with batch.observing():
                measured = Measured(model, batch)
                model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
            decoded = first_batch.decode(measured.specs, measured.numbers.numpy())
            assert [(r.role, r.name) for r in decoded] == [
                ("input", "pixels"),
                ("input", "extra"),
                ("target", ""),
            ]
            for r, tensor in zip(decoded, (x["pixels"][16:], x["extra"][16:], y[16:]), strict=True):
                _assert_range(r, tensor)
            assert batch.take_tensors() == ()
        else:
            model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
        assert "compute_loss" not in vars(model)
        weights.append(model.get_weights())
    for without, with_ranges in zip(*weights, strict=True):
        np.testing.assert_array_equal(without, with_ranges)


def test_specs_are_values_that_hold_no_tensor() -> None:
    """Kills: a spec that keeps the graph of a step alive."""
    ((spec, _),) = first_batch.batch_tensors(tf.ones([2, 3]), None)
    assert dataclasses.asdict(spec) == {"role": "input", "name": "", "dtype": "float32", "axes": 2}
