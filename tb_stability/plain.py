"""Text out of a log, made safe to show: names of runs and layers can hold anything."""

from __future__ import annotations

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of control and format characters (escape codes, reversed writing), and of none."""


def plain_code(line: str) -> str:
    r"""A line of code without characters that steer a terminal; its spaces stay.

    >>> plain_code("if x:  # \x1b[31m")
    'if x:  # ?[31m'
    """
    if line.isprintable():
        return line
    return "".join("?" if unicodedata.category(c) in _UNPRINTABLE else c for c in line)


def plain(text: str) -> str:
    r"""`text` on one line, without characters that steer a terminal.

    >>> plain("dense\x1b[31m\nred")
    'dense?[31m red'
    """
    one_line = " ".join(text.split())
    return plain_code(one_line)


def shorten(text: str, length: int) -> str:
    """`text`, or of a longer one its start and its end: `length` characters.

    >>> shorten("block_1/very/long/dense", 11)
    'block…dense'
    """
    if len(text) <= length:
        return text
    start = length // 2
    return f"{text[:start]}…{text[len(text) - (length - start - 1) :]}"
