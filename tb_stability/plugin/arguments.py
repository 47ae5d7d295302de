"""Query parameters, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DEFAULT_COLUMNS = 1200
MAX_COLUMNS = 4000

_FIRST_STEP, _LAST_STEP = 0, 2**31 - 1


class ArgumentError(ValueError):
    """A query parameter is missing or wrong; the text is a sentence for whoever wrote the request."""


def get_text(query: Mapping[str, str], name: str, example: str) -> str:
    """A parameter that must be there; `example` is a whole request that has it."""
    value = query.get(name)
    if not value:
        raise ArgumentError(f"the query needs {name!r}, as in {example}")
    return value


def get_choice(query: Mapping[str, str], name: str, choices: Sequence[str], example: str) -> str:
    """A parameter that must be one of `choices`."""
    value = get_text(query, name, example)
    if value not in choices:
        raise ArgumentError(f"{name!r} must be one of {', '.join(choices)}: got {value!r}")
    return value


def get_step_range(query: Mapping[str, str]) -> tuple[int, int]:
    """`from` and `to`, both inclusive; all steps where they are not given."""
    first = _get_int(query, "from", _FIRST_STEP, _FIRST_STEP, _LAST_STEP)
    last = _get_int(query, "to", _LAST_STEP, _FIRST_STEP, _LAST_STEP)
    if first > last:
        raise ArgumentError(f"'from' must not be greater than 'to': got from={first} and to={last}")
    return first, last


def get_columns(query: Mapping[str, str]) -> int:
    """`cols`, the largest number of columns of the answer."""
    return _get_int(query, "cols", DEFAULT_COLUMNS, 1, MAX_COLUMNS)


def _get_int(query: Mapping[str, str], name: str, default: int, smallest: int, largest: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    # int() would also take "1_000" and other scripts' digits, and very long texts take it very long.
    if not (
        text.isascii()
        and text.isdigit()
        and len(text) <= len(str(largest))
        and smallest <= int(text) <= largest
    ):
        raise ArgumentError(f"{name!r} must be an integer from {smallest} to {largest}: got {text[:40]!r}")
    return int(text)
