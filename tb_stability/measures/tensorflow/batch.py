"""The loss and the size of the batch that a step of `fit` is training on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.shadow import shadow


class Batch:
    """Notes what a step computes before it updates.

    `model.compute_loss` has both. A `train_step` of the user's own may do without it; then the loss is
    what was last differentiated, which is what `GradientTape.gradient` was asked for.

    Args:
      model: The model that is trained.
      harmless: Makes a context in which an error of ours is a warning.
    """

    def __init__(
        self, model: keras.Model, harmless: Callable[[str], contextlib.AbstractContextManager[None]]
    ) -> None:
        self._model = model
        self._harmless = harmless
        self._noted: dict[str, tf.Tensor] = {}
        self._thread = 0

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Notes what is computed inside of the `with` block, by this thread."""
        self._thread = threading.get_ident()
        with (
            instead(self._model, "compute_loss", self._compute_loss),
            instead(tf.GradientTape, "gradient", self._gradient),
        ):
            yield

    def take(self, scale_loss: Callable[[Any], Any]) -> dict[str, tf.Tensor]:
        """Returns `loss` and `batch_size` as far as they are known, as float32, and forgets them.

        Args:
          scale_loss: The optimizer's, with which a loss was scaled before it was differentiated.
        """
        known, self._noted = self._noted, {}
        known = {name: value for name, value in known.items() if _is_reachable(value)}
        differentiated = known.pop("differentiated", None)
        if "loss" not in known and differentiated is not None:
            known["loss"] = differentiated / tf.cast(scale_loss(1.0), tf.float32)
        return known

    def _compute_loss(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        loss = original(*args, **kwargs)
        with self._harmless("the batch loss"):
            if isinstance(loss, tf.Tensor):
                self._noted["loss"] = _total(loss)
            for item in keras.tree.flatten([args, kwargs]):
                if isinstance(item, tf.Tensor) and item.shape.rank:
                    self._noted["batch_size"] = tf.cast(tf.shape(item)[0], tf.float32)
                    break
        return loss

    def _gradient(
        self, original: Callable[..., Any], tape: Any, target: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(target, tf.Tensor) and threading.get_ident() == self._thread:
            with self._harmless("the batch loss"):
                self._noted["differentiated"] = _total(target)
        return original(tape, target, *args, **kwargs)


def _total(loss: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_sum(shadow(loss)), tf.float32)


def _is_reachable(tensor: tf.Tensor) -> bool:
    """Whether a tensor of an earlier call can be used here: not where its graph was another step's."""
    if tf.executing_eagerly():
        return hasattr(tensor, "numpy")
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        if getattr(tensor, "graph", None) is graph:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False
