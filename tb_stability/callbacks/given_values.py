"""Scalars that the user's loop gives, and the updates that they belong to."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

_MOST_WAITING = 1000
"""Calls without an update of which the scalars are kept."""


class GivenValues:
    """Collects scalars as they come, without waiting for the device, and sorts them to updates later.

    A call belongs to the update that it made. Calls that made none (gradient accumulation) belong to the
    next one: its loss is the mean of theirs, its other values are the last ones. Of a call that made several,
    the last update gets the values.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Mapping[str, Any], Any]] = []
        self._assigned_updates = 0
        self._warned: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, values: Mapping[str, Any], updates: Any) -> None:
        """Takes the scalars of one call.

        Args:
          values: Numbers, or tensors and arrays of one entry. Anything else is left out with one warning.
          updates: Number of updates so far, a number or a tensor; None before the first.
        """
        self._waiting.append(({name: x for name, x in values.items() if self._is_scalar(name, x)}, updates))
        del self._waiting[:-_MOST_WAITING]

    def take(self, updates: int) -> dict[int, dict[str, float]]:
        """Returns scalars by update, counted from 0, for those of the first `updates` that have any."""
        found: dict[int, dict[str, float]] = {}
        since: list[tuple[Mapping[str, Any], Any]] = []
        for call in self._waiting:
            since.append(call)
            count = 0 if call[1] is None else int(call[1])
            if self._assigned_updates < count <= updates:
                found[count - 1] = _joined([_numbers(values) for values, _ in since])
                self._assigned_updates = count
                since = []
        self._waiting = since
        return found

    def take_all(self) -> list[dict[str, float]]:
        """Returns the scalars of every call, where nothing is known of updates."""
        calls = [_numbers(values) for values, _ in self._waiting]
        self._waiting.clear()
        return calls

    def _is_scalar(self, name: str, value: Any) -> bool:
        try:
            shape = np.shape(value) if not hasattr(value, "shape") else tuple(value.shape)
            is_number = math.prod(shape) == 1 and not isinstance(value, (str, bytes, dict))
            if is_number and not hasattr(value, "shape"):
                float(np.reshape(value, ()))
        except Exception:
            is_number = False
        if not is_number and name not in self._warned:
            self._warned.add(name)
            kind = (
                f"{type(value).__name__} of shape {tuple(value.shape)}"
                if hasattr(value, "shape")
                else repr(value)
            )
            warnings.warn(
                f"on_step needs {name} as one number, or a tensor of one entry: got {kind[:80]}. It is not "
                f"recorded; training goes on. Give its mean, as in on_step(tf.reduce_mean({name})).",
                RuntimeWarning,
                stacklevel=5,
            )
        return is_number


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(np.reshape(np.asarray(value, np.float64), ())) for name, value in values.items()}


def _joined(calls: list[dict[str, float]]) -> dict[str, float]:
    joined = {name: value for call in calls for name, value in call.items()}
    losses = [call["loss"] for call in calls if "loss" in call]
    if losses:
        joined["loss"] = sum(losses) / len(losses)
    return joined
