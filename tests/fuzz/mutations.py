"""Damage: bytes that flipped, documents that say anything, tensors that claim what they have not.

Every function takes a random generator and returns something new; what it was given stays as it was.
"""

from __future__ import annotations

import copy
import json
import random
import struct
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event

from tests.fuzz.hostile import HOSTILE_TEXTS, HOSTILE_VALUES

_INTEGERS = (0, 1, 0x7F, 0x80, 0xFF, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
_SIZES = (0, 1, 2, 255, 257, 65_537, 10**6, 10**9, 2**31, 2**40, 2**62, 2**63 - 1, -1, -(2**63))
_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0**24, 2.0**31, 1e38, -1e38, 1e-45, np.nan, np.inf, -np.inf)


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """One to four damages at random places."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        chance.choice(_BYTE_DAMAGES)(damaged, chance)
    return bytes(damaged)


def _place(data: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(data)) if data else 0


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _overwrite(data: bytearray, chance: random.Random) -> None:
    at, size = _place(data, chance), chance.choice((1, 2, 4, 8, 64, 512))
    filler = chance.choice((b"\0", b"\xff", None))
    new = chance.randbytes(size) if filler is None else filler * size
    data[at : at + size] = new[: len(data) - at]


def _write_integer(data: bytearray, chance: random.Random) -> None:
    at, value = _place(data, chance), chance.choice(_INTEGERS)
    new = struct.pack("<Q", value)[: chance.choice((1, 2, 4, 8))]
    data[at : at + len(new)] = new


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _remove(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.choice((1, 4, 16, 256))]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = data[at : at + chance.choice((1, 4, 16, 256, 2048))]


def _insert(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    data[at:at] = chance.randbytes(chance.choice((1, 4, 16)))


_BYTE_DAMAGES: Sequence[Callable[[bytearray, random.Random], None]] = (
    *(_flip, _flip, _overwrite, _write_integer, _cut, _remove, _repeat, _insert),
)


def mutate_document(text: str, chance: random.Random) -> bytes:
    """A JSON document with some members replaced, removed or repeated; sometimes with flipped bytes."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # it was damaged before
        return mutate_bytes(text.encode(), chance)
    for _ in range(chance.randint(1, 3)):
        document = _mutate_node(document, chance)
    new = json.dumps(document).encode()
    return mutate_bytes(new, chance) if chance.random() < 0.2 else new


def _mutate_node(node: object, chance: random.Random) -> object:
    """Goes down a random way and changes what is at its end."""
    if isinstance(node, dict) and node and chance.random() < 0.9:
        name = chance.choice(list(node))
        changed = dict(node)
        if chance.random() < 0.1:
            del changed[name]
        else:
            changed[name] = _mutate_node(node[name], chance)
        return changed
    if isinstance(node, list) and node and chance.random() < 0.9:
        at = chance.randrange(len(node))
        items = list(node)
        if chance.random() < 0.2:
            items[at:at] = [copy.deepcopy(items[at])] * chance.choice((1, 2, 100))
        else:
            items[at] = _mutate_node(items[at], chance)
        return items
    return chance.choice(HOSTILE_VALUES)


def nested(depth: int) -> bytes:
    """A document that is nothing but depth."""
    return b"[" * depth + b"]" * depth


def mutate_array(array: npt.NDArray[np.generic], chance: random.Random) -> npt.NDArray[np.generic]:
    """An array with numbers replaced, or of another shape or type."""
    kind = chance.random()
    if kind < 0.7 and array.size:
        changed = array.copy()
        flat = changed.reshape(-1)
        for _ in range(chance.choice((1, 1, 3, 50))):
            with np.errstate(invalid="ignore", over="ignore"):
                flat[chance.randrange(len(flat))] = np.asarray(chance.choice(_FLOATS)).astype(array.dtype)
        return changed
    if kind < 0.8:
        types = (np.float64, np.int32, np.uint16, np.float16, np.complex64, np.bool_, np.object_)
        with np.errstate(all="ignore"):
            return array.astype(chance.choice(types))
    if kind < 0.9 and array.ndim:
        return array[: chance.randrange(len(array) + 1)]
    if kind < 0.95 and array.ndim > 1:
        return array[:, : chance.randrange(array.shape[1] + 1)]
    shapes: Sequence[tuple[int, ...]] = ((), (0,), (0, 0), (1, 1), (3, 0), (0, 3), (1, 1, 1))
    return np.zeros(chance.choice(shapes), array.dtype)


def mutate_event(record: bytes, chance: random.Random) -> bytes:
    """An event whose members say something else, or whose bytes are damaged; one that is no event stays."""
    if chance.random() < 0.3:
        return mutate_bytes(record, chance)
    try:
        event = Event.FromString(record)
    except DecodeError:  # it was damaged before
        return mutate_bytes(record, chance)
    for _ in range(chance.randint(1, 2)):
        chance.choice(_EVENT_DAMAGES)(event, chance)
    return bytes(event.SerializeToString())


def _change_step(event: Event, chance: random.Random) -> None:
    event.step = chance.choice((0, 1, 5, -1, 2**31, 2**31 - 1, 2**53, 2**63 - 1, -(2**63), event.step + 1))


def _change_time(event: Event, chance: random.Random) -> None:
    event.wall_time = chance.choice((0.0, -1.0, 1e308, float("nan"), float("inf"), -float("inf")))


def _change_tag(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        tags = ("stability/steps", "stability/layout", "stability/report", "stability/loss", "loss")
        value.tag = chance.choice((*tags, *(t for t in HOSTILE_TEXTS if t.isprintable())))


def _change_metadata(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        data = value.metadata.plugin_data
        contents = (b"", b"{}", b'{"version": 2}', b'{"version": 1e9}', b"\xff", nested(5_000), b"[]")
        data.content = chance.choice(contents)
        if chance.random() < 0.3:
            data.plugin_name = chance.choice(("", "scalars", "histograms", "stability", "stability_windows"))
        if chance.random() < 0.3:
            value.metadata.data_class = chance.choice((0, 1, 2, 3))


def _drop_metadata(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        value.ClearField("metadata")


def _change_shape(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        shape = value.tensor.tensor_shape
        if shape.dim and chance.random() < 0.6:
            chance.choice(shape.dim).size = chance.choice(_SIZES)
        else:
            for _ in range(chance.choice((1, 2, 40, 1_000))):
                shape.dim.add(size=chance.choice(_SIZES))


def _change_type(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        value.tensor.dtype = chance.randrange(0, 26)


def _change_content(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        value.tensor.tensor_content = mutate_bytes(value.tensor.tensor_content, chance)


def _claim_much(event: Event, chance: random.Random) -> None:
    """One number that says that it is a billion."""
    for value in event.summary.value:
        tensor = value.tensor
        tensor.tensor_content = b""
        tensor.float_val[:], tensor.double_val[:] = [1.0], [1.0]
        tensor.tensor_shape.ClearField("dim")
        for size in chance.choice(((10**9,), (10**5, 10**5), (2**62, 4), (2**31, 2**31), (3, 10**8))):
            tensor.tensor_shape.dim.add(size=size)


def _change_text(event: Event, chance: random.Random) -> None:
    for value in event.summary.value:
        texts = [
            mutate_document(text.decode("utf-8", "replace"), chance) for text in value.tensor.string_val[:1]
        ]
        value.tensor.string_val[:] = texts if chance.random() < 0.9 else [nested(100_000)]


_EVENT_DAMAGES: Sequence[Callable[[Event, random.Random], None]] = (
    *(_change_step, _change_time, _change_tag, _change_metadata, _drop_metadata, _change_shape, _change_type),
    *(_change_content, _claim_much, _change_text, _change_text),
)
