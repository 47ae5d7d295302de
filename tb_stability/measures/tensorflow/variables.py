"""Variables of Keras and of TensorFlow, told apart."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def is_keras_variable(thing: Any) -> bool:
    """Whether it is a variable of Keras, which has a path.

    `isinstance` would not say it in Keras 3.5, where `keras.Variable` is not the class of what layers make.
    """
    return hasattr(thing, "path") and hasattr(thing, "assign") and not isinstance(thing, tf.Variable)


def tensorflow_variable(variable: Any) -> Any:
    """The variable of TensorFlow behind one of Keras; what is not Keras' is returned as it is."""
    return variable.value if is_keras_variable(variable) else variable


def value_of(variable: Any) -> tf.Tensor:
    """The value of a Keras or TensorFlow variable now, as float32."""
    return tf.cast(tf.convert_to_tensor(tensorflow_variable(variable)), tf.float32)
