"""Tensors of a log that claim more entries than they have.

TensorBoard repeats the only entry of a tensor as often as its shape says, so that 50 bytes of a damaged log
take all memory. While we read, such a tensor is refused before it is made.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tensorboard.util import tensor_util

MOST_REPEATED = 256
"""Entries that one entry may stand for: writers do that with small constant tensors."""

MOST_DIMENSIONS = 32
"""Which any version of numpy can do."""

_Convert = Callable[[Any], Any]

_strict = threading.local()
_install = threading.Lock()


class TensorClaimError(ValueError):
    """A tensor says that it is much larger than its bytes are."""


def check_claim(tensor: Any) -> None:
    """Refuses a `TensorProto` that would become much larger than it is.

    Raises:
      TensorClaimError: If its shape has more than `MOST_REPEATED` entries, and more than there are bytes.
    """
    shape = [abs(dimension.size) for dimension in tensor.tensor_shape.dim]
    if len(shape) > MOST_DIMENSIONS:
        raise TensorClaimError(f"a tensor claims to have {len(shape)} dimensions")
    claimed = math.prod(shape)
    # The length of the content first: ByteSize writes the whole tensor down to tell its own.
    if claimed > max(MOST_REPEATED, len(tensor.tensor_content)) and claimed > tensor.ByteSize():
        raise TensorClaimError(f"a tensor of {tensor.ByteSize()} bytes claims to have {claimed} entries")


@contextlib.contextmanager
def claims_checked() -> Iterator[None]:
    """While inside, what TensorBoard converts in this thread is checked first; other threads are left alone.

    Its data providers convert what they read before they hand it over, so there is no other place to ask.
    """
    with _install:
        if not getattr(tensor_util.make_ndarray, "_checks_claims", False):
            tensor_util.make_ndarray = _checking(tensor_util.make_ndarray)
    depth = getattr(_strict, "depth", 0)
    _strict.depth = depth + 1
    try:
        yield
    finally:
        _strict.depth = depth


def _checking(convert: _Convert) -> _Convert:
    @functools.wraps(convert)
    def make_ndarray(tensor: Any) -> Any:
        if getattr(_strict, "depth", 0):
            check_claim(tensor)
        return convert(tensor)

    make_ndarray._checks_claims = True  # type: ignore[attr-defined]
    return make_ndarray
