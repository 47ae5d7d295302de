"""The observer, against a plain GradientTape loop that measures by the definitions."""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_stability.measures import reference
from tb_stability.measures.tensorflow.measuring import Detail
from tb_stability.measures.tensorflow.observer import Observer
from tb_stability.series import NORMALIZATION_VECTORS, VARIABLE_MEASURES, StepValues
from tests.models import ATTENTION, BATCH_SIZE, CASES, CONVOLUTIONS, PERCEPTRON, Case

_OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(1e-3),
}


def _batches(case: Case) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for i in range(0, len(case.x), BATCH_SIZE):
        yield case.x[i : i + BATCH_SIZE], case.y[i : i + BATCH_SIZE]


def _oracle(case: Case, optimizer: Any) -> Iterator[dict[str, Any]]:
    """Trains eagerly, and measures every step from copies of all weights."""
    model = case.fresh(optimizer)
    normalizations = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    start = [{name: getattr(x, name).numpy() for name in _vectors(x)} for x in normalizations]
    previous = start
    for x, y in _batches(case):
        before = [v.numpy() for v in model.trainable_variables]
        rate = float(optimizer.learning_rate)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        after = [v.numpy() for v in model.trainable_variables]
        dense = [tf.convert_to_tensor(g).numpy() for g in gradients]
        now = [{name: getattr(x, name).numpy() for name in _vectors(x)} for x in normalizations]
        yield {
            "loss": float(loss),
            "learning_rate": rate,
            "batch_size": len(x),
            "grad_norm": reference.norm(np.concatenate([g.ravel() for g in dense])),
            "variables": [reference.variable_measures(*x) for x in zip(dense, before, after, strict=True)],
            "normalizations": [
                {name: reference.vector_statistics(n[name], s[name], p[name]) for name in n}
                for n, s, p in zip(now, start, previous, strict=True)
            ],
        }
        previous = now


def _vectors(layer: Any) -> list[str]:
    return [name for name in NORMALIZATION_VECTORS if getattr(layer, name) is not None]


def _assert_measures(observed: list[StepValues], case: Case, optimizer: Any) -> None:
    defined = list(_oracle(case, optimizer))
    assert len(observed) == len(defined)
    for step, (values, truth) in enumerate(zip(observed, defined, strict=True)):
        for name in ("loss", "learning_rate", "batch_size", "grad_norm"):
            assert values.scalars[name] == pytest.approx(truth[name], rel=2e-3, abs=1e-6), (step, name)
        for name in VARIABLE_MEASURES:
            wanted = np.array([variable[name] for variable in truth["variables"]])
            got = values.variables[name]
            if name == "grad_zero_share":
                # A gradient that is nothing but rounding (of an attention's key bias, of a bias in front of
                # BatchNormalization) may be 0 or not; so may one unit of a small bias.
                real = np.array([variable["grad_norm"] > 1e-5 for variable in truth["variables"]])
                assert (abs(got - wanted)[real] < 0.13).all(), step
                continue
            # Eager and compiled steps drift apart by rounding, the more the longer they train.
            np.testing.assert_allclose(got, wanted, rtol=1e-2, atol=2e-5, err_msg=f"{step} {name}")
        for i, layer in enumerate(truth["normalizations"]):
            for vector in NORMALIZATION_VECTORS:
                for name, wanted in layer.get(vector, {"norm": np.nan}).items():
                    got = values.normalizations[f"{vector}_{name}"][i]
                    np.testing.assert_allclose(
                        got, wanted, rtol=1e-2, atol=2e-5, err_msg=f"{step} {vector}_{name}"
                    )


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((name, "compiled") for name in CASES),
        ("perceptron", "steps_per_execution"),
        ("convolutions", "jit_compile"),  # XLA takes its time
    ],
)
def test_fit_is_measured_as_defined(name: str, how: str) -> None:
    arguments: dict[str, Any] = {"jit_compile": how == "jit_compile"}
    if how == "steps_per_execution":
        arguments["steps_per_execution"] = 3
    case = CASES[name]
    if name == "convolutions":
        case = _without_dropout(case)
    model = case.fresh(_OPTIMIZERS["sgd"](), **arguments)
    observer = Observer([model.optimizer], model, capacity=32, observe_loss=True)
    with observer.attached(Detail.FULL):
        model.fit(case.x, case.y, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
    drained = observer.measuring.drain()
    assert drained.lost == 0
    values = drained.values
    _assert_measures(values, case, _OPTIMIZERS["sgd"]())


@pytest.mark.parametrize("traced", [True, False])
def test_a_custom_loop_is_measured_like_fit(traced: bool) -> None:
    model = PERCEPTRON.fresh(_OPTIMIZERS["adam"]())
    observer = Observer([model.optimizer], model, capacity=32, observe_loss=False)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    run = tf.function(step, reduce_retracing=True) if traced else step
    with observer.attached(Detail.FULL):
        losses = [float(run(x, y)) for x, y in _batches(PERCEPTRON)]
    values = observer.measuring.drain().values
    complete = [
        StepValues({**v.scalars, "loss": loss, "batch_size": len(x)}, v.variables, v.normalizations)
        for v, loss, (x, _) in zip(values, losses, _batches(PERCEPTRON), strict=True)
    ]
    assert all("loss" not in v.scalars for v in values)
    _assert_measures(complete, PERCEPTRON, _OPTIMIZERS["adam"]())


class OwnTrainStep(keras.Sequential):
    """As in the guides of Keras for a `train_step` from scratch: without `compute_loss`."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, self(x, training=True)))
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"my_loss": loss}


@pytest.mark.parametrize("scale", [None, 1024.0])
def test_the_loss_of_a_train_step_from_scratch_is_what_it_differentiates(scale: float | None) -> None:
    """Kills: the loss still scaled; the loss of compute_loss only."""

    def optimizer() -> Any:
        plain = keras.optimizers.SGD(0.1)
        return keras.optimizers.LossScaleOptimizer(plain, initial_scale=scale) if scale else plain

    own = dataclasses.replace(PERCEPTRON, build=lambda: OwnTrainStep(PERCEPTRON.build().layers))
    losses = []
    for case in (PERCEPTRON, own):
        model = case.fresh(optimizer())
        observer = Observer([model.optimizer], model, capacity=32, observe_loss=True)
        gradient = tf.GradientTape.gradient
        with observer.attached(Detail.FULL):
            model.fit(case.x, case.y, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
        assert tf.GradientTape.gradient is gradient
        losses.append([values.scalars["loss"] for values in observer.measuring.drain().values])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_a_variable_without_gradient_has_a_gradient_and_an_update_of_zero() -> None:
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    observer = Observer([model.optimizer], model, capacity=4, observe_loss=False)
    variables = model.trainable_variables
    gradients = [None if i == 1 else tf.ones_like(v) for i, v in enumerate(variables)]
    with observer.attached(Detail.FULL), pytest.warns(UserWarning, match="Gradients do not exist"):
        model.optimizer.apply(gradients, variables)
    (values,) = observer.measuring.drain().values
    zero = [name for name in ("grad_norm", "update_norm") if values.variables[name][1] == 0]
    assert zero == ["grad_norm", "update_norm"]
    assert (np.delete(values.variables["grad_norm"], 1) > 0).all()


def test_gradients_are_measured_without_the_loss_scale() -> None:
    scaled = PERCEPTRON.fresh(
        keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=1024.0)
    )
    plain = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    norms = []
    for model in (scaled, plain):
        observer = Observer([model.optimizer], model, capacity=32, observe_loss=True)
        with observer.attached(Detail.FULL):
            model.fit(PERCEPTRON.x, PERCEPTRON.y, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
        norms.append([v.scalars["grad_norm"] for v in observer.measuring.drain().values])
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-2)


def test_layers_are_named_as_the_user_knows_them_and_in_network_order() -> None:
    model = CONVOLUTIONS.fresh(keras.optimizers.SGD(0.1))
    observer = Observer([model.optimizer], model, capacity=4, observe_loss=False)
    with observer.attached(Detail.FULL):
        model.optimizer.apply([tf.ones_like(v) for v in model.trainable_variables], model.trainable_variables)
    layout = observer.measuring.layout
    assert layout is not None
    assert [v.name for v in layout.variables] == [
        "conv2d/kernel",
        "batch_normalization/beta",
        "conv2d_1/kernel",
        "conv2d_1/bias",
        "batch_normalization_1/gamma",
        "batch_normalization_1/beta",
        "dense/kernel",
        "dense/bias",
    ]
    assert [(n.layer, n.vectors[0], n.channels, n.trainable) for n in layout.normalizations] == [
        ("batch_normalization", "beta", 8, True),
        ("batch_normalization_1", "gamma", 8, True),
    ]


def test_a_fault_of_ours_is_one_warning_and_training_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Observer, *_: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Observer, "_write", broken)
    model = PERCEPTRON.fresh(keras.optimizers.SGD(0.1))
    start = model.get_weights()
    observer = Observer([model.optimizer], model, capacity=4, observe_loss=False)
    gradients = [tf.ones_like(v) for v in model.trainable_variables]
    with observer.attached(Detail.FULL):
        with pytest.warns(RuntimeWarning, match="planted"):
            model.optimizer.apply(gradients, model.trainable_variables)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.optimizer.apply(gradients, model.trainable_variables)
    assert not np.array_equal(model.get_weights()[0], start[0])


def test_nothing_is_left_on_optimizer_and_model() -> None:
    model = ATTENTION.fresh(keras.optimizers.SGD(0.1))
    attributes = [set(vars(model.optimizer)), set(vars(model))]
    observer = Observer([model.optimizer], model, capacity=4, observe_loss=True)
    with contextlib.suppress(KeyError), observer.attached(Detail.FULL):
        assert "apply" in vars(model.optimizer)
        raise KeyError
    assert [set(vars(model.optimizer)), set(vars(model))] == attributes


def _without_dropout(case: Case) -> Case:
    def build() -> keras.Model:
        return keras.models.clone_model(
            case.build(),
            clone_function=lambda x: keras.layers.Identity() if "dropout" in x.name else _clone(x),
        )

    return Case(build, case.x, case.y, case.loss)


def _clone(layer: Any) -> Any:
    return layer.__class__.from_config(layer.get_config())
