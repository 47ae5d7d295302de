"""The batch that a step of `fit` is training on: its loss, its size and its tensors."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tb_stability.measures.tensorflow.first_batch import BatchTensors, batch_tensors
from tb_stability.measures.tensorflow.instead import instead
from tb_stability.measures.tensorflow.reachable import is_reachable
from tb_stability.measures.tensorflow.replicas import Shared, are_several, local_replica, sum_over_replicas
from tb_stability.measures.tensorflow.shadow import shadow

_SHARED = ("loss", "differentiated", "batch_size")
"""What is noted of a step, in the order in which replicas sum it."""


class Batch:
    """Notes what a step computes before it updates.

    `model.compute_loss` has all of it. A `train_step` of the user's own may do without it; then the loss is
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
        self._noted_by: dict[int, dict[str, tf.Tensor]] = {}
        self._sums: dict[str, tf.Tensor] = {}
        self._tensors: BatchTensors = ()
        self._threads: set[int] = set()
        self._hooks = Shared(self._hooked)

    @contextlib.contextmanager
    def observing(self) -> Iterator[None]:
        """Notes what is computed inside of the `with` block, by this thread."""
        self._threads.add(threading.get_ident())
        try:
            with self._hooks.entered():
                yield
        finally:
            self._threads.discard(threading.get_ident())

    def share(self) -> None:
        """Sums what is noted over the replicas, where there are several; each of them must call it.

        The loss of a replica is its share of the loss whose gradient is applied.
        """
        if are_several():
            noted = {name: value for name, value in self._noted.items() if is_reachable(value)}
            sums = sum_over_replicas([tf.stack([noted.get(name, tf.constant(0.0)) for name in _SHARED])])[0]
            if local_replica() == 0:
                self._sums = {name: sums[i] for i, name in enumerate(_SHARED) if name in noted}

    def peek(self) -> dict[str, tf.Tensor]:
        """Returns `loss` and `batch_size`, as far as `compute_loss` told them; `take` still returns them."""
        known = {name: value for name, value in self._noted.items() if is_reachable(value)}
        known.pop("differentiated", None)
        return known

    def take(self, scale_loss: Callable[[Any], Any]) -> dict[str, tf.Tensor]:
        """Returns `loss` and `batch_size` as far as they are known, as float32, and forgets them.

        Args:
          scale_loss: The optimizer's, with which a loss was scaled before it was differentiated.
        """
        known, sums = dict(self._noted), self._sums
        self._noted.clear()
        self._sums = {}
        if are_several():
            known = sums
        known = {name: value for name, value in known.items() if is_reachable(value)}
        differentiated = known.pop("differentiated", None)
        if "loss" not in known and differentiated is not None:
            known["loss"] = differentiated / tf.cast(scale_loss(1.0), tf.float32)
        return known

    def take_tensors(self) -> BatchTensors:
        """Returns inputs and targets as `compute_loss` got them, as far as they can be read; forgets them.

        Of several replicas, those of the first.
        """
        tensors, self._tensors = self._tensors, ()
        return tuple((spec, tensor) for spec, tensor in tensors if is_reachable(tensor))

    @property
    def _noted(self) -> dict[str, tf.Tensor]:
        """What this replica noted."""
        return self._noted_by.setdefault(local_replica(), {})

    @contextlib.contextmanager
    def _hooked(self) -> Iterator[None]:
        with (
            instead(self._model, "compute_loss", self._compute_loss),
            instead(tf.GradientTape, "gradient", self._gradient),
        ):
            yield

    def _compute_loss(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if local_replica() == 0:
            with self._harmless("the ranges of the batch"):
                given = {**dict(zip(("x", "y"), args, strict=False)), **kwargs}
                self._tensors = batch_tensors(given.get("x"), given.get("y"))
        loss = original(*args, **kwargs)
        with self._harmless("the batch loss"):
            if isinstance(loss, tf.Tensor):
                self._noted["loss"] = _total(loss)
        self.note_size([args, kwargs])
        return loss

    def note_size(self, data: Any) -> None:
        """Notes how many examples a batch has: `data` is a structure with its tensors, inputs first."""
        with self._harmless("the batch size"):
            for item in keras.tree.flatten(data):
                if isinstance(item, tf.Tensor) and item.shape.rank:
                    size = tf.shape(item)[0] if item.shape[0] is None else tf.constant(item.shape[0])
                    self._noted["batch_size"] = tf.cast(size, tf.float32)
                    break

    def _gradient(
        self, original: Callable[..., Any], tape: Any, target: Any, *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(target, tf.Tensor) and threading.get_ident() in self._threads:
            with self._harmless("the batch loss"):
                self._noted["differentiated"] = _total(target)
        return original(tape, target, *args, **kwargs)


def _total(loss: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_sum(shadow(loss)), tf.float32)
