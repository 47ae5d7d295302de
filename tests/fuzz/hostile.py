"""Names and values that a log may have, and should not."""

from __future__ import annotations

HOSTILE_TEXTS = (
    "",
    "\0",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "\x1b[2J\x1b[31m",
    "\u202egnp.exe\u2066",
    "\ud800",
    "a" * 10_000,
    "norm" * 2_500,
    "{{7*7}}${7*7}%s%n",
    ".",
    "a/b\\c",
)
"""Names that a log may have for runs, tags and layers."""

HOSTILE_VALUES: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31 - 1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    10**400,
    0.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "NaN",
    "Infinity",
    [],
    {},
    [[]],
    [{}],
    [None] * 50,
    [2**40] * 40,
    *HOSTILE_TEXTS,
)
