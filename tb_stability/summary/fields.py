"""Reading members of a JSON document that may be damaged.

A log can arrive truncated or with flipped bytes (TensorBoard's fast loader
checks no checksum of the payload), so nothing is taken on trust. Each function
returns the member in its type or raises `LogFormatError`.
"""

from __future__ import annotations

import contextlib
import json
import math
import reprlib
from typing import NoReturn

from tb_stability.summary.errors import LogFormatError

Object = dict[str, object]

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def parse_object(text: str | bytes, what: str) -> Object:
    """Parses a document whose top level is an object; `what` names it in errors."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise LogFormatError(f"{what} is damaged: it is no JSON text.") from None
    return as_object(document, what)


def as_object(value: object, what: str) -> Object:
    """`value` as an object."""
    return value if isinstance(value, dict) else _refuse(what, "an object", value)


def get_objects(document: Object, name: str) -> list[Object]:
    """Member `name`: a list of objects."""
    return [as_object(item, f"an entry of {name!r}") for item in _get_list(document, name)]


def get_str(document: Object, name: str) -> str:
    """Member `name`: a text."""
    value = document.get(name)
    return value if isinstance(value, str) else _refuse(repr(name), "a text", value)


def get_optional_str(document: Object, name: str) -> str | None:
    """Member `name`: a text or null."""
    return None if document.get(name) is None else get_str(document, name)


def get_choice(document: Object, name: str, choices: tuple[str, ...]) -> str:
    """Member `name`: one of `choices`."""
    value = get_str(document, name)
    return value if value in choices else _refuse(repr(name), f"one of {', '.join(choices)}", value)


def get_optional_choice(document: Object, name: str, choices: tuple[str, ...]) -> str | None:
    """A member that is one of `choices`, or null, or absent."""
    return None if document.get(name) is None else get_choice(document, name, choices)


def get_strs(document: Object, name: str) -> tuple[str, ...]:
    """Member `name`: a list of texts."""
    values = _get_list(document, name)
    return tuple(v if isinstance(v, str) else _refuse(f"an entry of {name!r}", "a text", v) for v in values)


def get_int(document: Object, name: str) -> int:
    """Member `name`: an integer."""
    return _as_int(document.get(name), repr(name))


def get_optional_int(document: Object, name: str) -> int | None:
    """Member `name`: an integer or null."""
    return None if document.get(name) is None else get_int(document, name)


def get_count(document: Object, name: str) -> int:
    """Member `name`: an integer >= 0."""
    value = get_int(document, name)
    return value if value >= 0 else _refuse(repr(name), "an integer >= 0", value)


def get_counts(document: Object, name: str) -> tuple[int, ...]:
    """Member `name`: a list of integers >= 0."""
    return tuple(get_count({name: value}, name) for value in _get_list(document, name))


def get_bool(document: Object, name: str) -> bool:
    """Member `name`: true or false."""
    value = document.get(name)
    return value if isinstance(value, bool) else _refuse(repr(name), "true or false", value)


def get_float(document: Object, name: str) -> float:
    """Member `name`: a number, or one of the strings that stand for non-finite numbers."""
    value = document.get(name)
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # JSON's integers have no bound
            return float(value)
    return _refuse(repr(name), "a number", value)


def json_float(value: float) -> float | str:
    """A float as JSON can hold it: itself, or `NaN`, `Infinity`, `-Infinity` as a string."""
    value = float(value)  # numpy's scalars are no JSON
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _get_list(document: Object, name: str) -> list[object]:
    value = document.get(name)
    return value if isinstance(value, list) else _refuse(repr(name), "a list", value)


def _as_int(value: object, what: str) -> int:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool)
        else _refuse(what, "an integer", value)
    )


def _refuse(what: str, expected: str, value: object) -> NoReturn:
    received = "nothing" if value is None else reprlib.repr(value)
    raise LogFormatError(f"the log is damaged: {what} should be {expected}, got {received}.")
