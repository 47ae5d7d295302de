"""Small tensors of one update laid out as rows of few matrices.

A model has many small variables, and an operation takes its time however small what it works on is. So those
of similar sizes are filled up with zeros to one length and reduced together; large ones stay alone.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

STACKED_ENTRIES = 4_096
"""Size up to which a tensor is small: copying it costs less than operations of its own."""

_FILLED_ENTRIES = 4 * STACKED_ENTRIES
"""Zeros that fill up a matrix, at most, or ..."""

_FILLED_SHARE = 1 / 4
"""... this share of its entries, if that is more."""

COMMON = 8
"""So many of one shape, of several axes, have a matrix of their own: each of the others is reshaped first."""


class Stacks:
    """Which tensors share a matrix.

    Args:
      shapes: The shape of each tensor.

    Attributes:
      stacked: The places of the tensors of each matrix, largest first.
      alone: The places of the large ones.
      sizes: Number of entries of each tensor.
    """

    def __init__(self, shapes: Sequence[Sequence[int]]) -> None:
        self._shapes = [tuple(shape) for shape in shapes]
        self.sizes = [math.prod(shape) for shape in self._shapes]
        self.stacked: list[list[int]] = []
        self.alone = [place for place, size in enumerate(self.sizes) if size > STACKED_ENTRIES]
        filled = entries = 0
        small = (place for place, size in enumerate(self.sizes) if size <= STACKED_ENTRIES)
        counts = collections.Counter(self._shapes)
        own: tuple[int, ...] | None = None  # the shape that the last matrix is for
        for place in sorted(small, key=lambda place: (-self.sizes[place], self._shapes[place])):
            size, shape = self.sizes[place], self._shapes[place]
            gap = self._width(self.stacked[-1]) - size if self.stacked else 0
            new_own = shape if len(shape) > 1 and counts[shape] >= COMMON else None
            is_full = filled + gap > max(_FILLED_ENTRIES, _FILLED_SHARE * entries)
            if not self.stacked or is_full or new_own != own:
                self.stacked.append([])
                filled = entries = gap = 0
            own = new_own
            self.stacked[-1].append(place)
            filled += gap
            entries += size

    @property
    def as_given(self) -> npt.NDArray[np.int64]:
        """Where each tensor is among those of all matrices and the large ones behind them."""
        return np.argsort([place for group in (*self.stacked, self.alone) for place in group])

    def matrices(self, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the matrices of some tensors, a row each, with zeros behind their entries."""
        return [self._matrix([tensors[place] for place in group], group) for group in self.stacked]

    def zeros(self, group: Sequence[int]) -> npt.NDArray[np.int64]:
        """How many zeros fill up each row of the matrix of a group."""
        return self._width(group) - np.array([self.sizes[place] for place in group])

    def _width(self, group: Sequence[int]) -> int:
        return max(1, self.sizes[group[0]])

    def _matrix(self, tensors: Sequence[tf.Tensor], group: Sequence[int]) -> tf.Tensor:
        width = self._width(group)
        shape = [len(group), width]
        if len({self._shapes[place] for place in group}) == 1 and self.sizes[group[0]]:
            return tf.reshape(tf.stack(tensors), shape)
        fillings = {gap: tf.zeros([gap]) for gap in {int(gap) for gap in self.zeros(group)} if gap}
        parts = []
        for tensor, place in zip(tensors, group, strict=True):
            parts.append(tensor if len(self._shapes[place]) == 1 else tf.reshape(tensor, [-1]))
            if self.sizes[place] < width:
                parts.append(fillings[width - self.sizes[place]])
        return tf.reshape(tf.concat(parts, axis=0), shape)
