"""Dead and saturated shares, against their definitions in numpy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_stability.measures import reference
from tb_stability.measures.tensorflow.activations import ActivationShares
from tb_stability.series import ACTIVATION_MEASURES, sample_stride
from tests.layer_steps import HOW, noise, sequential, strictly, train


def _outputs(model: keras.Model, x: np.ndarray, *which: Any) -> list[np.ndarray]:
    return [keras.Model(model.inputs[0], layer.output)(x, training=True).numpy() for layer in which]


def _require(*names: str) -> None:
    """Skips the test where Keras is too old for one of these functions."""
    missing = [name for name in names if not hasattr(keras.activations, name)]
    if missing:
        pytest.skip(f"Keras {keras.__version__} has no {', '.join(missing)}")


_LOW_AND_HIGH = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "sparse_sigmoid": (0.0, 1.0),
}
_DEFINED: dict[str, dict[str, Any]] = {
    "relu": {"dies": True},
    "relu6": {"dies": True, "bounds": (0.0, 6.0), "saturates": (False, True)},
    **{name: {"bounds": bounds} for name, bounds in _LOW_AND_HIGH.items() if "hard_s" not in name},
    "hard_sigmoid": {"dies": True, "bounds": (0.0, 1.0)},
    "sparse_sigmoid": {"dies": True, "bounds": (0.0, 1.0)},
    "hard_silu": {"dies": True},
    "sparse_plus": {"dies": True},
    "soft_shrink": {"dies": True},
    "hard_shrink": {"dies": True},
}


@pytest.mark.parametrize("how", HOW)
def test_every_function_is_measured_as_defined(how: str) -> None:
    """Kills: a bound of another function; the rest of a relu6 as saturation; a missing function."""
    names = list(_DEFINED)
    _require(*names)
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)
    # Three units of each kind: dead whatever comes, saturated whatever comes, and in between.
    bias = keras.initializers.Constant(np.repeat([-200.0, 200.0, 0.0], [2, 2, 4]).tolist())
    inputs = keras.Input((5,))
    heads = [layers.Dense(8, name, bias_initializer=bias, name=name) for name in names]
    model = keras.Model(inputs, layers.Concatenate()([head(inputs) for head in heads]))
    shares = ActivationShares(model, strictly)
    x = noise(1, 40, 5)
    outputs = _outputs(model, x[0], *heads)
    (measured,) = train(model, x, how, shares)
    assert [(layer.name, function, units) for layer, function, units in shares.described] == [
        (name, name, 8) for name in names
    ]
    for i, name in enumerate(names):
        defined = reference.activation_measures(outputs[i], **_DEFINED[name])
        np.testing.assert_allclose(measured[:, i], list(defined.values()), rtol=1e-6, err_msg=name)
    assert list(defined) == list(ACTIVATION_MEASURES)
    dead = {name: float(measured[0, i]) for i, name in enumerate(names)}
    assert dead["relu"] == dead["relu6"] == 0.25
    assert np.isnan(dead["tanh"])
    assert measured[1, names.index("relu6")] == pytest.approx(0.25)
    assert measured[1, names.index("tanh")] >= 0.5


@pytest.mark.parametrize("how", HOW)
def test_convolutions_and_activation_layers_count_positions_as_examples(how: str) -> None:
    stack = [
        layers.Conv2D(6, 3, activation="relu"),
        layers.Conv2D(4, 3),
        layers.ReLU(max_value=0.5),
        layers.ReLU(threshold=0.1),
        layers.Flatten(),
        layers.Dense(3),
        layers.Activation("tanh"),
    ]
    model = sequential((8, 8, 2), *stack)
    shares = ActivationShares(model, strictly)
    x = noise(2, 5, 8, 8, 2, scale=2.0)
    measured_layers = [stack[0], stack[2], stack[3], stack[6]]
    outputs = _outputs(model, x[0], *measured_layers)
    first, second = train(model, x, how, shares)
    assert [(layer, units) for layer, _, units in shares.described] == list(
        zip(measured_layers, [6, 4, 4, 3], strict=True)
    )
    how_defined: list[dict[str, Any]] = [
        {"dies": True},
        {"dies": True, "bounds": (0.0, 0.5), "saturates": (False, True)},
        {"dies": True},
        {"bounds": (-1.0, 1.0)},
    ]
    for i, (output, definition) in enumerate(zip(outputs, how_defined, strict=True)):
        defined = reference.activation_measures(output, **definition)
        np.testing.assert_allclose(first[:, i], list(defined.values()), rtol=1e-6)
    assert not np.array_equal(first, second, equal_nan=True)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("batch", [1, 600, 4000])
def test_of_many_outputs_a_sample_of_whole_units_is_looked_at(how: str, batch: int) -> None:
    """Kills: a sample of flat entries; an even stride; the first rows only."""
    model = sequential((16, 2), layers.Dense(40, "sigmoid"))
    shares = ActivationShares(model, strictly)
    x = noise(1, batch, 16, 2, scale=3.0)
    (output,) = _outputs(model, x[0], model.layers[0])
    (measured,) = train(model, x, how, shares)
    defined = reference.activation_measures(output, bounds=(0.0, 1.0))
    np.testing.assert_allclose(measured[:, 0], list(defined.values()), rtol=1e-5)
    if batch == 4000:
        assert sample_stride(batch * 16, 65_536 // 40) == 41
        assert measured[1, 0] != pytest.approx(((output <= 0.01) | (output >= 0.99)).mean(), rel=1e-4)


class Residual(layers.Layer):
    """Has more behind its function, so that its output never is 0 where its function's is."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.activation = keras.activations.relu
        self.dense = layers.Dense(4, bias_initializer=keras.initializers.Constant(-100.0))

    def call(self, inputs: Any) -> Any:
        return inputs + self.activation(self.dense(inputs))


def test_the_function_is_looked_at_and_not_what_its_layer_makes_of_it() -> None:
    """Kills: the output of `call` for what `activation` returned."""
    model = sequential((4,), Residual())
    shares = ActivationShares(model, strictly)
    (measured,) = train(model, noise(1, 9, 4), "compiled", shares)
    np.testing.assert_array_equal(measured, [[1.0], [np.nan]])
    assert vars(model.layers[0])["activation"] is keras.activations.relu


def test_functions_are_known_by_what_they_are_and_not_by_their_names() -> None:
    """Kills: recognition by `__name__` or by the layer's name."""

    def relu(x: Any) -> Any:
        return x

    stack = [
        layers.Dense(3, relu, name="a"),
        layers.Dense(3, tf.nn.relu, name="b"),
        layers.Dense(3, keras.ops.tanh, name="c"),
        layers.Dense(3, name="relu"),
        layers.Dense(3, "softmax", name="d"),
        layers.Dense(3, "gelu", name="e"),
        layers.ReLU(negative_slope=0.1, name="f"),
        layers.LeakyReLU(name="g"),
        layers.Activation("linear", name="h"),
        layers.Activation("sigmoid", name="i"),
    ]
    shares = ActivationShares(sequential((3,), *stack), strictly)
    assert [(layer.name, name) for layer, name, _ in shares.described] == [
        ("b", "relu"),
        ("c", "tanh"),
        ("i", "sigmoid"),
    ]


@pytest.mark.parametrize("how", HOW)
def test_of_a_shared_layer_the_last_call_counts(how: str) -> None:
    keras.utils.clear_session(free_memory=False)
    shared = layers.Dense(4, "relu", kernel_initializer="ones")
    first, second = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([first, second], layers.Concatenate()([shared(first), shared(second)]))
    shares = ActivationShares(model, strictly)
    alive, dead = tf.ones([3, 2]), -tf.ones([3, 2])

    def step(x: Any) -> Any:
        model(x)
        return shares.measure(shares.take())

    run = tf.function(step, jit_compile=how == "jit_compile") if how != "eager" else step
    with shares.observing():
        assert run([alive, dead])[0].numpy() == [1.0]
        assert run([dead, alive])[0].numpy() == [0.0]


@pytest.mark.parametrize("how", ["compiled", "jit_compile"])
def test_what_ran_in_another_graph_is_nan_and_the_rest_is_measured(how: str) -> None:
    """Kills: reading tensors of the inside of a loop, or of a validation."""
    stack = [layers.LSTM(4), layers.Dense(3, "relu"), layers.Dense(2, "tanh"), layers.Dense(1)]
    model = sequential((6, 2), *stack)
    shares = ActivationShares(model, strictly)
    with shares.observing():
        tf.function(model)(tf.ones([2, 6, 2]))
    (measured,) = train(model, noise(1, 8, 6, 2), how, shares)
    names = [layer.name for layer, _, _ in shares.described]
    assert names[1:] == [stack[1].name, stack[2].name]
    assert np.isnan(measured[:, 0]).all()
    assert np.isfinite([measured[0, 1], measured[1, 2]]).all()


def test_layers_that_were_not_called_are_nan_and_notes_end_with_their_step() -> None:
    model = sequential((3,), layers.Dense(3, "relu"), layers.Dense(2, "relu"))
    shares = ActivationShares(model, strictly)
    with shares.observing():
        model.layers[0](np.ones((2, 3)))
        measured = shares.measure(shares.take()).numpy()
        assert np.isnan(measured[0]).tolist() == [False, True]
        assert shares.take() == {}
        model(np.ones((2, 3)))
    assert shares.take() == {}


def test_a_nan_is_neither_dead_nor_saturated() -> None:
    model = sequential((2,), layers.Activation("relu6"), layers.Dense(1))
    shares = ActivationShares(model, strictly)
    x = np.array([[[0.0, np.nan], [-1.0, -1.0], [-1.0, 7.0], [-1.0, 5.0]]], "float32")
    for how in HOW:
        (measured,) = train(model, x, how, shares)
        np.testing.assert_allclose(measured, [[0.5], [0.125]])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_outputs_of_other_types_are_measured_as_float32(policy: str) -> None:
    """Kills: a bound that is rounded to the type of the outputs: float16 has no 0.98 but 0.97998."""
    _require("hard_tanh")
    activation = layers.Activation("hard_tanh", dtype=policy)
    model = sequential((4,), activation, layers.Dense(1))
    shares = ActivationShares(model, strictly)
    x = noise(1, 50, 4)
    x[0, :, 0] = 0.98
    output = np.asarray(tf.cast(activation(x[0]), tf.float32))
    (measured,) = train(model, x, "compiled", shares)
    defined = reference.activation_measures(output, bounds=(-1.0, 1.0))
    assert measured[1, 0] == pytest.approx(defined["saturated_share"])
    assert 0 < measured[1, 0] < 1


class ChannelsFirst(layers.Layer):
    """As a convolution that the CPU does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.data_format = "channels_first"
        self.activation = keras.activations.relu

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


@pytest.mark.parametrize("how", HOW)
def test_channels_first_has_its_units_on_the_second_axis(how: str) -> None:
    """Kills: the last axis for all."""
    model = sequential((3, 2), layers.BatchNormalization(axis=1), ChannelsFirst())
    model.layers[0].set_weights([np.ones(3), np.array([-100.0, 0.0, -100.0]), np.zeros(3), np.ones(3)])
    shares = ActivationShares(model, strictly)
    (measured,) = train(model, noise(1, 5, 3, 2), how, shares)
    assert shares.described[0][2] == 3
    np.testing.assert_allclose(measured, [[2 / 3], [np.nan]])
