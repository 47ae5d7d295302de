"""Frames."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_stability.plugin.frames import encode_frame
from tests.plugin.frame import decode_frame

ARRAYS = st.sampled_from([np.int32, np.uint32, np.float32]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=5))
)


@given(st.dictionaries(st.text(max_size=8), ARRAYS, max_size=4), st.text(max_size=20))
def test_a_frame_gives_back_its_header_and_arrays(arrays: dict[str, np.ndarray], run: str) -> None:
    # Kills: an array that starts off its alignment, a header whose length counts characters and not bytes.
    header, got = decode_frame(encode_frame({"run": run}, arrays))
    assert (header["version"], header["run"]) == (1, run)
    assert list(got) == list(arrays)
    for name, array in arrays.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape)
        assert got[name].tobytes() == array.tobytes()


def test_the_bytes_are_those_of_the_document() -> None:
    data = encode_frame({"run": "a"}, {"x": np.array([1, 2, 3], ">i4"), "y": np.float32([[0.5]])})
    (length,) = struct.unpack("<I", data[:4])
    header = json.loads(data[4 : 4 + length])
    assert header["arrays"] == [
        {"name": "x", "dtype": "int32", "shape": [3], "offset": 0},
        {"name": "y", "dtype": "float32", "shape": [1, 1], "offset": 16},
    ]
    assert data[4 + length :] == struct.pack("<3i4xf4x", 1, 2, 3, 0.5)


def test_a_type_that_a_browser_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'x' is int64\. Convert it first"):
        encode_frame({}, {"x": np.arange(3)})
