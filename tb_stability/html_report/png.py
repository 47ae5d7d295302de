"""Pictures of few colours as PNG files (W3C, Portable Network Graphics, third edition)."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED = 3  # the colour type


def encode_png(indices: Bytes, colors: Bytes) -> bytes:
    """A picture with a table of colours.

    Args:
      indices: `[height, width]`, into the table. Where it is 0, the picture is transparent.
      colors: `[colors, 3]`, red, green and blue; at most 256.
    """
    height, width = indices.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _INDEXED, 0, 0, 0)
    unfiltered = np.zeros((height, 1), np.uint8)  # each line starts with its filter: none
    lines = np.hstack([unfiltered, indices]).tobytes()
    chunks = (
        (b"IHDR", header),
        (b"PLTE", colors.tobytes()),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(lines)),
    )
    return _SIGNATURE + b"".join(_chunk(*chunk) for chunk in (*chunks, (b"IEND", b"")))


def data_address(png: bytes) -> str:
    """The picture as an address that needs no request."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
