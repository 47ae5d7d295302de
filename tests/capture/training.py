"""A training that can be run again and again, always the same."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import pytest

from tests.capture import tiny_models
from tests.capture.tiny_models import BATCH_SIZE


def sparse_crossentropy() -> keras.losses.Loss:
    """The loss of most trainings; it differentiates well everywhere."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@dataclasses.dataclass(frozen=True)
class Training:
    """A model, an optimizer, data, and a way to train.

    Attributes:
      build: Makes the model, not compiled.
      optimizer: Makes the optimizer.
      data: Makes inputs and targets.
      examples: Number of them to train on, 5 batches by default; the last batch may be a ragged one.
      loss: Makes the loss.
      compile: More arguments of `compile`.
      fit: More arguments of `fit`.
      policy: Dtype policy under which the model is built.
      rtol: How far capture may be from the oracle, relative to the largest entry of a measure. Compiled
        and eager arithmetic differ by rounding, and training carries that on.
      atol: The same in absolute terms, for what is a difference of larger numbers.
    """

    build: Callable[[], keras.Model] = tiny_models.dense
    optimizer: Callable[[], Any] = lambda: keras.optimizers.SGD(0.1)
    data: Callable[[], tuple[Any, Any]] = tiny_models.features
    examples: int = 5 * BATCH_SIZE
    loss: Callable[[], Any] = sparse_crossentropy
    compile: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fit: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    policy: str = "float32"
    rtol: float = 2e-4
    atol: float = 2e-6

    def fresh(self, seed: int = 1) -> keras.Model:
        """The model with its initial weights, compiled; nothing of an earlier one is left."""
        keras.utils.clear_session(free_memory=False)  # to free it takes half a second
        keras.utils.set_random_seed(seed)
        with policy(self.policy):
            model = self.build()
            model.compile(self.optimizer(), self.loss(), **{"jit_compile": False, **self.compile})
        return model

    def run(self, *callbacks: keras.callbacks.Callback) -> Outcome:
        """Trains with `fit`."""
        model = self.fresh()
        x, y = self.arrays()
        arguments = {"batch_size": BATCH_SIZE, "shuffle": False, "verbose": 0, **self.fit}
        with policy(self.policy), expected_warnings():
            history = model.fit(x, y, callbacks=list(callbacks), **arguments)
        return Outcome.of(model, history.history)

    def arrays(self) -> tuple[Any, Any]:
        """Inputs and targets."""
        return keras.tree.map_structure(lambda array: array[: self.examples], self.data())

    def batches(self) -> list[tuple[Any, Any, Any]]:
        """The batches of one epoch, in order: inputs, targets, and weights or None."""
        x, y = self.arrays()
        parts = (x, y, self.fit.get("sample_weight"))
        return [
            keras.tree.map_structure(lambda part: None if part is None else part[at : at + BATCH_SIZE], parts)  # noqa: B023
            for at in range(0, self.examples, BATCH_SIZE)
        ]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a training leaves: all that must not depend on whether it was observed.

    Attributes:
      weights: All variables of the model by path, seeds and moving statistics included.
      optimizer: All variables of the optimizer, in its order.
      history: What `fit` returned.
    """

    weights: Mapping[str, np.ndarray]
    optimizer: tuple[np.ndarray, ...]
    history: Mapping[str, list[float]]

    @classmethod
    def of(cls, model: keras.Model, history: Mapping[str, list[float]]) -> Outcome:
        """The state of a compiled model now."""
        return cls(
            {f"{i} {v.path}": np.asarray(v) for i, v in enumerate(model.variables)},
            tuple(np.asarray(v) for v in model.optimizer.variables),
            history,
        )

    def assert_identical(self, other: Outcome) -> None:
        """Fails where a bit differs."""
        assert list(self.weights) == list(other.weights)
        for path, mine in self.weights.items():
            np.testing.assert_array_equal(_bits(mine), _bits(other.weights[path]), err_msg=path)
        for mine, theirs in zip(self.optimizer, other.optimizer, strict=True):
            np.testing.assert_array_equal(_bits(mine), _bits(theirs))
        np.testing.assert_equal(dict(self.history), dict(other.history))


def require_keras(major: int, minor: int, why: str) -> None:
    """Skips the test, and says why, where Keras is older."""
    if tuple(map(int, keras.__version__.split(".")[:2])) < (major, minor):
        pytest.skip(f"needs Keras {major}.{minor}, this is {keras.__version__}: {why}")


@contextlib.contextmanager
def policy(name: str) -> Iterator[None]:
    """Builds layers under a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def expected_warnings() -> Iterator[None]:
    """Any warning of ours is an error; those of Keras about what a test does on purpose are not shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        yield


def _bits(array: np.ndarray) -> np.ndarray:
    """As bytes: NaN equals NaN, and 0 differs from -0."""
    return np.frombuffer(array.tobytes(), np.uint8)
