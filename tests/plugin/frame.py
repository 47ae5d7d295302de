"""Decodes frames, after the words of `http_api.md` and not with our code."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt


def decode_frame(data: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.generic]]]:
    """Returns the header and the arrays by name."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length].decode("utf-8"))
    start = 4 + length
    assert start % 8 == 0
    arrays = {}
    for array in header["arrays"]:
        assert array["offset"] % 8 == 0
        dtype = {"int32": "<i4", "uint32": "<u4", "float32": "<f4"}[array["dtype"]]
        count = int(np.prod(array["shape"], dtype=np.int64))
        values = np.frombuffer(data, dtype, count, start + array["offset"])
        arrays[array["name"]] = values.reshape(array["shape"])
    return header, arrays
