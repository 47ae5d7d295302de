"""Which small tensors share a matrix."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_stability.measures.tensorflow.stacks import STACKED_ENTRIES, Stacks

_SHAPES = st.lists(
    st.lists(st.integers(0, 9), max_size=3).map(tuple) | st.just((64, 65)) | st.just((64, 64)), min_size=1
)


@settings(deadline=None, max_examples=60)
@given(_SHAPES)
def test_every_tensor_is_in_one_place_with_its_entries_and_zeros_behind_them(
    shapes: list[tuple[int, ...]],
) -> None:
    """Kills: rows in another order than their places; entries that are cut off; zeros counted as entries."""
    stacks = Stacks(shapes)
    tensors = [np.full(shape, place + 1, np.float32) for place, shape in enumerate(shapes)]
    assert {place for place, shape in enumerate(shapes) if math.prod(shape) > STACKED_ENTRIES} == set(
        stacks.alone
    )
    in_order = [place for group in (*stacks.stacked, stacks.alone) for place in group]
    assert [in_order[i] for i in stacks.as_given] == list(range(len(shapes)))
    matrices = stacks.matrices([tf.constant(tensor) for tensor in tensors])
    for matrix, group in zip(matrices, stacks.stacked, strict=True):
        for row, place, filling in zip(matrix.numpy(), group, stacks.zeros(group), strict=True):
            size = tensors[place].size
            assert len(row) == size + filling
            assert (row[:size] == place + 1).all()
            assert not row[size:].any()


@pytest.mark.parametrize(
    ("shapes", "matrices"),
    [
        ([(64, 16), (16,), (16, 10), (10,)], 1),
        ([(64, 64), (64,)] * 200, 2),
        ([(512,), (512,), (512, 512)], 1),
    ],
    ids=["few of all sizes", "many of two sizes", "one that is large"],
)
def test_there_are_few_matrices_and_few_zeros_in_them(shapes: list[tuple[int, ...]], matrices: int) -> None:
    """Kills: a matrix for each shape; one for all, of which most would be zeros."""
    stacks = Stacks(shapes)
    assert len(stacks.stacked) <= matrices + 1
    zeros = sum(int(stacks.zeros(group).sum()) for group in stacks.stacked)
    entries = sum(stacks.sizes[place] for group in stacks.stacked for place in group)
    assert zeros <= max(entries / 2, 4 * STACKED_ENTRIES)


def test_many_of_one_shape_have_a_matrix_of_their_own() -> None:
    """Kills: kernels that are reshaped one by one, since a few biases fill up their matrix."""
    shapes = [(64, 64), (64,)] * 20 + [(64, 10), (10,)]
    stacks = Stacks(shapes)
    assert [place for place in stacks.stacked[0] if shapes[place] != (64, 64)] == []
    assert len(stacks.stacked) == 2
