"""Variables of Keras are told from others, whatever Keras calls their class."""

from __future__ import annotations

import keras
import pytest
import tensorflow as tf

from tb_stability.measures.tensorflow.layout import normalization_vector
from tb_stability.measures.tensorflow.variables import is_keras_variable, tensorflow_variable


def test_a_variable_of_keras_is_told_where_its_class_is_not_the_one_that_keras_exports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kills: asking for `keras.Variable`, which in Keras 3.5 and 3.6 is a subclass that no layer uses."""
    monkeypatch.setattr(keras, "Variable", type("Variable", (keras.Variable,), {}))
    layer = keras.layers.BatchNormalization()
    layer.build((None, 4))
    assert not isinstance(layer.gamma, keras.Variable)
    assert is_keras_variable(layer.gamma)
    assert isinstance(tensorflow_variable(layer.gamma), tf.Variable)
    assert normalization_vector(layer, "gamma") is layer.gamma


def test_nothing_else_is_a_variable_of_keras() -> None:
    plain = tf.Variable(1.0)
    assert not any(map(is_keras_variable, [plain, plain.value(), None, True, keras.layers.Dense(1)]))
    assert tensorflow_variable(plain) is plain
