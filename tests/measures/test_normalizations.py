"""Normalization layers: their vectors by definition, and what BatchNormalization normalised with."""

from __future__ import annotations

import contextlib
import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_stability.measures import reference
from tb_stability.measures.tensorflow import layout as layouts
from tb_stability.measures.tensorflow.normalizations import NormalizationVectors
from tb_stability.series import NORMALIZATION_MEASURES, NORMALIZATION_VECTORS, VECTOR_STATISTICS
from tests.layer_steps import HOW, all_normalizations

Measured = list[dict[str, np.ndarray]]


def _run(how: str, step: Callable[..., Any]) -> Callable[..., Any]:
    if how == "eager":
        return step
    return tf.function(step, jit_compile=how == "jit_compile", reduce_retracing=True)


def _train(
    model: keras.Model,
    vectors: NormalizationVectors | None,
    how: str,
    *,
    after_step: Callable[[], None] = lambda: None,
    **call: Any,
) -> Measured:
    """Trains three steps on noise; returns the measures of each."""
    optimizer = keras.optimizers.SGD(0.5)
    rng = np.random.default_rng(0)
    x = rng.normal(2.0, 3.0, (3, 16, *model.input_shape[1:])).astype("float32")

    def step(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch, **call) - 1.0))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        if vectors is None:
            return tf.zeros([0])
        vectors.prepare()
        return vectors.measure()

    run = _run(how, step)
    rows = []
    with vectors.observing() if vectors is not None else contextlib.nullcontext():
        for batch in x:
            rows.append(run(batch).numpy().reshape(len(NORMALIZATION_MEASURES), -1))
            after_step()
    return [dict(zip(NORMALIZATION_MEASURES, row, strict=True)) for row in rows]


@pytest.mark.parametrize("how", HOW)
def test_vectors_of_every_kind_are_measured_as_defined(how: str) -> None:
    """Kills: two layers or two vectors exchanged; a vector of several axes cut to the first."""
    model = all_normalizations()
    normalizations = layouts.normalization_layers(model)

    def weights() -> dict[tuple[int, str], np.ndarray]:
        found = {
            (i, name): layouts.normalization_vector(layer, name)
            for i, layer in enumerate(normalizations)
            for name in NORMALIZATION_VECTORS
        }
        return {place: weight.numpy() for place, weight in found.items() if weight is not None}

    history = [weights()]
    measured = _train(
        model,
        NormalizationVectors(normalizations),
        how,
        after_step=lambda: history.append(weights()),
        training=True,
    )
    assert all(np.ptp(list(step["gamma_change"][[0, 1, 2, 5]])) > 0 for step in measured)
    for step, values in enumerate(measured):
        for i in range(len(normalizations)):
            for vector in NORMALIZATION_VECTORS:
                place = (i, vector)
                defined = dict.fromkeys(VECTOR_STATISTICS, np.nan)
                if place in history[0]:
                    defined = reference.vector_statistics(
                        history[step + 1][place], history[0][place], history[step][place]
                    )
                for name, wanted in defined.items():
                    np.testing.assert_allclose(
                        values[f"{vector}_{name}"][i], wanted, rtol=1e-4, atol=1e-6, err_msg=f"{step} {place}"
                    )


class HandsOnFalse(layers.BatchNormalization):
    """What is given to `call` is not what it normalises with."""

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False, mask=mask)


def _bn(kind: type[layers.BatchNormalization] = layers.BatchNormalization, **arguments: Any) -> keras.Model:
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)
    normalization = kind(name="bn", **arguments)
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3), normalization, layers.LayerNormalization(), layers.Dense(1)]
    )


def _renormalizing() -> keras.Model:
    if "renorm" not in inspect.signature(layers.BatchNormalization.__init__).parameters:
        pytest.skip(f"BatchNormalization of Keras {keras.__version__} has no renorm")
    return _bn(renorm=True)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    ("build", "call", "wanted"),
    [
        (_bn, {"training": True}, 1.0),
        (_bn, {"training": False}, 0.0),
        (_bn, {}, 0.0),  # as Keras does in a custom loop
        (lambda: _bn(trainable=False), {"training": True}, 0.0),
        (_renormalizing, {"training": True}, 1.0),
        (lambda: _bn(synchronized=True), {"training": True}, 1.0),
        (lambda: _bn(HandsOnFalse), {"training": True}, 0.0),
    ],
    ids=["training", "inference", "not said", "frozen", "renorm", "synchronized", "hands on False"],
)
def test_it_is_measured_what_a_step_normalised_with(
    build: Callable[[], keras.Model], call: dict[str, Any], wanted: float, how: str
) -> None:
    """Kills: `training` as it was given, without `trainable`."""
    model = build()
    vectors = NormalizationVectors(layouts.normalization_layers(model))
    for values in _train(model, vectors, how, **call):
        np.testing.assert_array_equal(values["batch_statistics"], [wanted, np.nan])
        assert (values["moving_mean_change"][0] > 0) == (wanted == 1.0)


def test_the_last_call_before_the_update_counts_and_only_of_this_step() -> None:
    """Kills: notes that outlive the step."""
    model = _bn()
    vectors = NormalizationVectors(layouts.normalization_layers(model))

    def measured() -> float:
        return float(vectors.measure()[-2])

    x = np.ones((4, 4), "float32")
    with vectors.observing():
        model(x, training=False)
        model(x, training=True)
        assert measured() == 1.0
        model(x, training=True)
        model(x, training=False)
        assert measured() == 0.0
        assert np.isnan(measured())
        model(x, training=True)
    assert np.isnan(measured())


def test_fit_overrides_the_training_argument_of_a_functional_model() -> None:
    """Kills: what the source says."""
    keras.utils.clear_session(free_memory=False)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(1)(layers.BatchNormalization()(inputs, training=False)))
    vectors = NormalizationVectors(layouts.normalization_layers(model))
    model.compile("sgd", "mse")
    with vectors.observing():
        model.train_on_batch(np.ones((4, 4)), np.ones((4, 1)))
        assert float(vectors.measure()[-1]) == 1.0


def test_a_model_that_gets_its_weights_in_the_first_step_is_observed_from_that_step_on() -> None:
    """Kills: hooks only on layers that have weights."""
    keras.utils.clear_session(free_memory=False)
    model = keras.Sequential([layers.Dense(3), layers.BatchNormalization(), layers.Dense(1)])
    vectors = NormalizationVectors(layouts.normalization_layers(model))
    optimizer = keras.optimizers.SGD(0.1)

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        vectors.prepare()
        optimizer.apply(gradients, model.trainable_variables)
        return vectors.measure()

    with vectors.observing():
        rows = [step(tf.ones((4, 2))).numpy() for _ in range(2)]
    first, second = (dict(zip(NORMALIZATION_MEASURES, row, strict=True)) for row in rows)
    assert first["batch_statistics"] == second["batch_statistics"] == 1.0
    assert first["moving_mean_distance"] == 0.0
    assert second["moving_mean_distance"] == second["moving_mean_change"] > 0.0


def test_layers_without_any_weight_are_all_nan() -> None:
    keras.utils.clear_session(free_memory=False)
    model = keras.Sequential([keras.Input((3,)), layers.UnitNormalization(), layers.UnitNormalization()])
    measured = NormalizationVectors(layouts.normalization_layers(model)).measure().numpy()
    assert measured.shape == (2 * len(NORMALIZATION_MEASURES),)
    assert np.isnan(measured).all()


@pytest.mark.parametrize("how", HOW)
def test_training_is_the_same_to_the_last_bit(how: str) -> None:
    weights = []
    for observed in (False, True):
        model = all_normalizations()
        vectors = NormalizationVectors(layouts.normalization_layers(model)) if observed else None
        _train(model, vectors, how, training=True)
        weights.append([v.numpy() for v in model.variables])
    for without, observed_weights in zip(*weights, strict=True):
        np.testing.assert_array_equal(without, observed_weights)


def test_nothing_is_left_on_the_layers_and_several_may_observe_one() -> None:
    """Kills: hooks that must be left in the order in which they came."""
    model = _bn()
    before = [set(vars(layer)) for layer in model.layers]
    first, second = (NormalizationVectors(layouts.normalization_layers(model)) for _ in range(2))
    entered = [first.observing(), second.observing()]
    for context in entered:
        context.__enter__()
    assert "call" in vars(model.layers[1])
    entered[0].__exit__(None, None, None)
    model(np.ones((4, 4)), training=True)
    assert float(second.measure()[-2]) == 1.0
    assert np.isnan(float(first.measure()[-2]))
    entered[1].__exit__(None, None, None)
    assert [set(vars(layer)) for layer in model.layers] == before


def test_the_model_is_not_kept_alive() -> None:
    model = _bn()
    vectors = NormalizationVectors(layouts.normalization_layers(model))
    _train(model, vectors, "compiled", training=True)
    gone = weakref.ref(model.layers[1])
    del model
    keras.utils.clear_session(free_memory=False)
    gc.collect()
    assert gone() is None
    assert vectors.layers == []
