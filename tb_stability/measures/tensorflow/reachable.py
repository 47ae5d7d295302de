"""Which tensors, noted while a step was traced, can still be read."""

from __future__ import annotations

import tensorflow as tf


def is_reachable(tensor: tf.Tensor) -> bool:
    """Whether a tensor of an earlier call can be read here.

    In eager execution every value can. A symbolic tensor can be read in its own graph and in the graphs
    inside of it: not behind the loop, the branch or the nested `tf.function` that made it, and not in
    the graph of another step.
    """
    if tf.executing_eagerly():
        return hasattr(tensor, "numpy")
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        if getattr(tensor, "graph", None) is graph:
            return True
        graph = getattr(graph, "outer_graph", None)
    return hasattr(tensor, "numpy")
