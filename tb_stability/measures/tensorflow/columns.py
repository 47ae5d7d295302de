"""The columns of a row: one for each variable that the observed optimizers know, in network order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow.variables import tensorflow_variable


class Columns:
    """Sorts measures of some variables into the columns of all.

    Args:
      model: Its variables come first, in its order, inputs first.
      variables: All variables.

    Attributes:
      variables: All variables, in the order of the columns.
    """

    def __init__(self, model: keras.Model | None, variables: Sequence[Any]) -> None:
        place = {_key(v): i for i, v in enumerate(model.trainable_variables)} if model is not None else {}
        distinct = {_key(variable): variable for variable in variables}
        ordered = sorted(distinct, key=lambda key: place.get(key, len(place)))
        self.variables = [distinct[key] for key in ordered]
        self._column = {key: column for column, key in enumerate(ordered)}

    def spread(self, variables: Sequence[Any], values: tf.Tensor) -> tf.Tensor:
        """Returns `values`, `[variables, ...]`, as `[columns, ...]`; 0 for the others, which did not change.

        Of a variable that is given several times, the last one counts.
        """
        last = {self._column[_key(variable)]: i for i, variable in enumerate(variables)}
        columns = sorted(last)
        if [last[column] for column in columns] != list(range(len(variables))):
            values = tf.gather(values, [last[column] for column in columns])
        if len(columns) == len(self._column):
            return values
        shape = [len(self._column), *values.shape[1:]]
        return tf.scatter_nd([[column] for column in columns], values, shape)

    def others(self, variables: Sequence[Any]) -> list[Any]:
        """Returns the variables that have columns and are not among these."""
        given = {_key(variable) for variable in variables}
        return [variable for variable in self.variables if _key(variable) not in given]


def _key(variable: Any) -> int:
    """What tells a variable from others, whether Keras' or TensorFlow's object of it is given."""
    return id(tensorflow_variable(variable))
