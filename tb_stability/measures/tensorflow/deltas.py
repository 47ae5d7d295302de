"""What an update changes its variables by, out of the assignments that the optimizer makes.

An optimizer writes `variable -= delta`, and the delta is there to be read. The other way, to keep the old
value and subtract it from the new one, makes TensorFlow copy every variable in every step. The graph says
which of the two it is: where a variable is written by `AssignSub` and `AssignAdd` only, the sum of their
operands is the update. Where it is not so simple (constraints, averages, sparse rows, a `cond`, eager
execution), the values are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tb_stability.measures.tensorflow.shadow import shadow
from tb_stability.measures.tensorflow.variables import tensorflow_variable, value_of

_SIGNS = {"AssignAddVariableOp": 1.0, "AssignSubVariableOp": -1.0}
_READS = ("ReadVariableOp", "ResourceGather", "VariableShape")


class Deltas:
    """Watches one update.

    Make it right before the update, call `take` right after it, in the same graph.

    Args:
      variables: The variables that are about to be updated.

    Attributes:
      before: Their values, float32.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        self._variables = list(variables)
        self.before = [value_of(variable) for variable in self._variables]
        self._known = [set(_names(_writers(variable))) for variable in self._variables]

    def take(self) -> list[tf.Tensor]:
        """Returns what each variable changed by, up to the sign of all of it, as float32."""
        return [
            self._update(variable, before, known)
            for variable, before, known in zip(self._variables, self.before, self._known, strict=True)
        ]

    def _update(self, variable: Any, before: tf.Tensor, known: set[str]) -> tf.Tensor:
        writers = [writer for writer in _writers(variable) if writer.name not in known]
        # In lower precision the variable keeps a rounded sum: its change is not the delta.
        if not writers or any(w.type not in _SIGNS or w.inputs[1].dtype != tf.float32 for w in writers):
            return value_of(variable) - before
        deltas = [shadow(writer.inputs[1]) for writer in writers]
        signs = [_SIGNS[writer.type] for writer in writers]
        update = deltas[0]
        for delta, sign in zip(deltas[1:], signs[1:], strict=True):
            update = update + delta if sign == signs[0] else update - delta
        return tf.ensure_shape(update, before.shape)


def _writers(variable: Any) -> list[tf.Operation]:
    """Operations of the graph being traced that may write to a variable; none in eager execution."""
    if tf.executing_eagerly():
        return []
    graph = tf.compat.v1.get_default_graph()
    captured = graph.capture(tensorflow_variable(variable).handle)
    return [op for op in captured.consumers() if op.type not in _READS]


def _names(operations: Sequence[tf.Operation]) -> list[str]:
    return [operation.name for operation in operations]
