"""Reading a tensor of the step without changing how TensorFlow optimizes the step.

TensorFlow's graph optimizer reorders chains of products (and of sums) whose inner
results nobody else reads: `(a * b) * learning_rate` becomes `a * (b * learning_rate)`,
which rounds differently. A gradient that we read as well is read by somebody else, so the
chain would stay as it is and training would differ in the last bit with and without us.
So we read a copy of the end of the chain, and the original keeps its one reader.
"""

from __future__ import annotations

import tensorflow as tf

_CHAINS = (frozenset({"Mul"}), frozenset({"Add", "AddV2", "AddN"}))
"""Operations that the optimizer merges with others of the same family. Division is not one of them."""

_LONGEST_CHAIN = 64
"""Operations copied at most; longer chains are read where they are then."""


def shadow(tensor: tf.Tensor) -> tf.Tensor:
    """Returns a tensor with the same value that adds no reader to `tensor`.

    Where `tensor` is not the end of a chain, or there is no graph, this is `tensor` itself.
    """
    if tf.executing_eagerly() or not isinstance(tensor, tf.Tensor):
        return tensor
    graph = tf.compat.v1.get_default_graph()
    end = _behind(tensor)
    family = next((chain for chain in _CHAINS if end.op.type in chain), None)
    if family is None or end.graph is not graph:
        return tensor
    chain = _chain(end, family)
    if len(chain) > _LONGEST_CHAIN:
        return tensor
    copies: dict[str, tf.Tensor] = {}
    for link in reversed(chain):
        inputs = [copies.get(_behind(source).name, source) for source in link.op.inputs]
        copies.setdefault(link.name, _copy(link.op.type, inputs))
    return copies[end.name]


def _chain(tensor: tf.Tensor, family: frozenset[str]) -> list[tf.Tensor]:
    """The tensor and the results of the same family that lead to it, the nearest first."""
    chain: list[tf.Tensor] = []
    seen: set[str] = set()
    waiting = [tensor]
    while waiting and len(chain) <= _LONGEST_CHAIN:
        link = waiting.pop(0)
        if link.name not in seen:
            seen.add(link.name)
            chain.append(link)
            waiting += [source for source in map(_behind, link.op.inputs) if source.op.type in family]
    return chain


def _behind(tensor: tf.Tensor) -> tf.Tensor:
    """What an identity hands on: Keras passes gradients through some, and the optimizer removes them."""
    while tensor.op.type in ("Identity", "IdentityN"):
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _copy(kind: str, inputs: list[tf.Tensor]) -> tf.Tensor:
    copy = (
        tf.raw_ops.AddN(inputs=inputs)
        if kind == "AddN"
        else getattr(tf.raw_ops, kind)(x=inputs[0], y=inputs[1])
    )
    # Two operations with the same inputs and attributes would be merged again.
    copy.op._set_attr("_stability_shadow", tf.compat.v1.AttrValue(b=True))
    return copy
