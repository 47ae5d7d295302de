"""What is read from real Keras models."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_stability.callbacks.keras_facts import collect_facts
from tb_stability.measures.tensorflow.layout import describe, normalization_layers
from tb_stability.model_facts import LayerFacts, LossFacts, ModelFacts
from tests.models import CASES, CONVOLUTIONS, PERCEPTRON, RECURRENT


def facts_of(model: keras.Model, loss: Any = "mse", optimizer: Any = "sgd") -> ModelFacts:
    model.compile(optimizer, loss)
    return collect_facts(model, model.optimizer, way="fit")


def sequential(*members: Any, shape: tuple[int, ...] = (8,)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), *members])


def found(facts: ModelFacts, layer: str) -> LayerFacts:
    known = facts.find(layer)
    assert known is not None, [f.layer for f in facts.layers]
    return known


@pytest.mark.parametrize("name", CASES)
def test_layers_are_named_as_in_the_layout_of_the_run(name: str) -> None:
    model = CASES[name].fresh("sgd")
    facts = collect_facts(model, model.optimizer, way="fit")
    layout = describe(model, model.trainable_variables, normalization_layers(model))
    assert {v.layer for v in layout.variables} <= {f.layer for f in facts.layers}
    assert [n.layer for n in layout.normalizations] == [n.layer for n in facts.normalizations]
    assert (facts.output_activation, facts.output_units) == ("softmax", 10)
    assert facts.loss == LossFacts("SparseCategoricalCrossentropy", from_logits=False)


def test_the_layers_of_a_perceptron() -> None:
    facts = facts_of(PERCEPTRON.fresh("sgd"))
    dense = found(facts, "dense")
    assert (dense.kind, dense.activation, dense.next_activation) == ("Dense", "relu", "relu")
    assert (dense.initializer, dense.fan_in, dense.fan_out, dense.units) == ("GlorotUniform", 64, 24, 24)
    assert dense.weight_std == pytest.approx(math.sqrt(2 / (64 + 24)), rel=0.1)
    assert (dense.use_bias, dense.bias_mean, dense.is_normalized) == (True, 0.0, True)
    assert not dense.has_batch_normalization_next  # the ReLU is between
    (norm,) = facts.normalizations
    assert (norm.kind, norm.momentum, norm.trainable) == ("BatchNormalization", 0.99, True)
    assert norm.epsilon == pytest.approx(1e-3)
    assert [f.layer for f in facts.hidden] == ["dense"]


def test_a_linear_convolution_has_the_function_behind_its_normalization() -> None:
    facts = facts_of(CONVOLUTIONS.fresh("sgd"))
    first, second = found(facts, "conv2d"), found(facts, "conv2d_1")
    assert (first.activation, first.next_activation, first.is_normalized) == ("linear", "relu", True)
    assert (first.fan_in, first.fan_out, first.use_bias) == (9, 72, False)
    assert first.has_batch_normalization_next
    assert second.is_normalized
    assert second.next_activation == ""  # the skip connection is added before the ReLU


def test_a_recurrent_cell_has_its_own_weights() -> None:
    cell = found(facts_of(RECURRENT.fresh("sgd")), "gru/gru_cell")
    assert (cell.kind, cell.activation) == ("GRUCell", "tanh")
    assert cell.recurrent_gain == pytest.approx(1.0, abs=0.05)  # orthogonal


def test_nested_models_are_looked_into() -> None:
    members = [layers.Dense(4, name="a"), layers.BatchNormalization(name="bn"), layers.ReLU()]
    inner = keras.Sequential([keras.Input((8,)), *members], name="inner")
    inputs = keras.Input((8,))
    facts = facts_of(keras.Model(inputs, inner(inputs)))
    assert found(facts, "inner/a").next_activation == "relu"
    assert [n.layer for n in facts.normalizations] == ["inner/bn"]
    assert facts.output_layer.startswith("inner/re_lu")
    assert facts.output_activation == "relu"


def test_names_tell_nothing() -> None:
    facts = facts_of(sequential(layers.Dense(4, "tanh", name="relu"), layers.Dense(1, name="batch_norm")))
    assert found(facts, "relu").activation == "tanh"
    assert facts.normalizations == ()


def test_a_function_of_the_users_own_is_not_known() -> None:
    def relu(x: Any) -> Any:
        return x

    facts = facts_of(sequential(layers.Dense(4, activation=relu), layers.Dense(1)))
    assert facts.layers[1].activation == ""


class _Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(4, "relu", name="hidden")
        self.norm = layers.BatchNormalization(name="norm")
        self.out = layers.Dense(1, name="out")

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(self.norm(self.hidden(x), training=training))


def test_of_a_subclassed_model_is_known_what_its_layers_are() -> None:
    model = _Subclassed()
    assert found(facts_of(model), "hidden").fan_in == 0  # not built: no weights yet
    model(np.zeros((2, 8), np.float32))
    facts = facts_of(model)
    hidden = found(facts, "hidden")
    assert (hidden.fan_in, hidden.activation, hidden.next_activation) == (8, "relu", "relu")
    assert (facts.output_layer, facts.output_activation) == ("", "")  # anything may follow
    assert [f.layer for f in facts.hidden] == ["hidden"]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", LossFacts("MeanSquaredError")),
        (keras.losses.binary_crossentropy, LossFacts("BinaryCrossentropy", from_logits=False)),
        (
            keras.losses.BinaryCrossentropy(from_logits=True),
            LossFacts("BinaryCrossentropy", from_logits=True),
        ),
        (keras.losses.Huber(), LossFacts("Huber")),
        (lambda y, p: keras.ops.mean(y - p), LossFacts()),
        (None, None),
    ],
)
def test_a_loss_is_what_the_object_is(loss: Any, expected: LossFacts | None) -> None:
    assert facts_of(sequential(layers.Dense(1)), loss).loss == expected


def test_an_optimizer_with_its_schedule_and_clipping() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9, clipnorm=1.0, weight_decay=1e-4)
    known = facts_of(sequential(layers.Dense(1)), optimizer=optimizer).optimizer
    assert known is not None
    assert (known.kind, known.schedule, known.momentum) == ("SGD", "ExponentialDecay", 0.9)
    assert known.learning_rate == pytest.approx(0.01)
    assert (known.clipnorm, known.clipvalue, known.weight_decay, known.clips) == (1.0, None, 1e-4, True)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
    known = facts_of(sequential(layers.Dense(1)), optimizer=scaled).optimizer
    assert known is not None
    assert (known.kind, known.scales_loss, known.clips) == ("Adam", True, False)


def test_what_is_frozen_and_what_it_computes_in() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = sequential(layers.Dense(4), layers.BatchNormalization(name="bn"), layers.Dense(1))
        model.get_layer("bn").trainable = False
        facts = facts_of(model)
    finally:
        keras.config.set_dtype_policy("float32")
    assert facts.compute_dtype == "float16"
    assert not facts.normalizations[0].trainable
    assert facts.batch_normalizations == ()


def _seed() -> None:
    keras.utils.clear_session(free_memory=False)  # in Keras 3.5 a seed alone does not restart its generator
    keras.utils.set_random_seed(3)


def test_reading_draws_no_random_number_and_changes_no_weight() -> None:
    model = PERCEPTRON.fresh("sgd")
    before = [np.array(w) for w in model.get_weights()]
    _seed()
    expected = keras.random.normal((3,))
    _seed()
    collect_facts(model, model.optimizer, way="fit")
    np.testing.assert_array_equal(keras.random.normal((3,)), expected)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@keras.saving.register_keras_serializable("tests")
class _Scaled(layers.Dense):
    def call(self, x: Any) -> Any:
        return 5.0 * super().call(x)


def test_an_output_is_known_where_it_is_that_of_a_layer_of_keras() -> None:
    """Kills: tanh as the last function of a layer that scales it; a leaky ReLU that reaches from 0."""
    assert facts_of(sequential(_Scaled(1, activation="tanh"))).output_activation == ""
    assert facts_of(sequential(layers.Dense(1, activation="tanh"))).output_activation == "tanh"
    leaky = sequential(layers.Dense(1), layers.ReLU(negative_slope=0.3))
    assert facts_of(leaky).output_activation == "leaky_relu"
    assert facts_of(sequential(layers.Dense(1), layers.ReLU())).output_activation == "relu"


def test_the_projections_of_attention_have_the_fans_of_their_equation() -> None:
    """Kills: the kernel of an EinsumDense counted as that of a convolution."""
    attention = layers.MultiHeadAttention(2, 16, name="attention")
    inputs = keras.Input((5, 32))
    facts = facts_of(keras.Model(inputs, attention(inputs, inputs)))
    fans = {
        f.layer.rsplit("/", 1)[-1]: (f.fan_in, f.fan_out) for f in facts.layers if f.kind == "EinsumDense"
    }
    assert fans == {"query": (32, 32), "key": (32, 32), "value": (32, 32), "attention_output": (32, 32)}
