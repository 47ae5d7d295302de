"""Frames: a JSON header and binary arrays in one answer; see the last section of `http_api.md`."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

FRAME_VERSION = 1

_ALIGNMENT = 8
_DTYPES = {"int32": "<i4", "uint32": "<u4", "float32": "<f4"}


def encode_frame(header: Mapping[str, object], arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """Encodes arrays of int32, uint32 or float32.

    Args:
      header: More members of the header; ready for JSON.
      arrays: By name; any shape.

    Raises:
      TypeError: If an array has another type.
    """
    described, parts, offset = [], [], 0
    for name, array in arrays.items():
        dtype = array.dtype.name
        if dtype not in _DTYPES:
            raise TypeError(
                f"arrays of a frame must be int32, uint32 or float32: {name!r} is {dtype}. Convert it first."
            )
        part = _pad(np.ascontiguousarray(array, _DTYPES[dtype]).tobytes(), b"\0")
        described.append({"name": name, "dtype": dtype, "shape": list(array.shape), "offset": offset})
        parts.append(part)
        offset += len(part)
    text = json.dumps({"version": FRAME_VERSION, **header, "arrays": described}, allow_nan=False).encode()
    # The arrays start at a multiple of 8 of the whole frame, so the length before the header counts too.
    padded = _pad(struct.pack("<I", 0) + text, b" ")[4:]
    return b"".join([struct.pack("<I", len(padded)), padded, *parts])


def _pad(part: bytes, filler: bytes) -> bytes:
    return part + filler * (-len(part) % _ALIGNMENT)
