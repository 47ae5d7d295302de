"""Elements of HTML and SVG. Text is escaped unless it came out of here, so nothing has to be remembered."""

from __future__ import annotations

import html
from collections.abc import Iterable

from tb_stability.plain import plain, plain_code, shorten

MAX_NAME = 120
MAX_SENTENCE = 2000
MAX_CODE_LINE = 500
"""Characters, beyond which what comes out of a log is shortened: a name may have 10,000."""

_VOID = frozenset({"meta", "br"})


class Html(str):
    """Markup, which is put into other markup as it is. Anything else is text."""

    __slots__ = ()


Content = str | None
"""A text, or `Html`; None leaves nothing."""


def element(tag: str, *content: Content, **attributes: object) -> Html:
    """One element.

    Args:
      tag: Its name.
      content: What is in it.
      attributes: By name; `_` stands for `-`, and a trailing one is left away (`class_`). One that is None is
        left out.

    >>> element("p", "a < b", class_="x")
    '<p class="x">a &lt; b</p>'
    """
    words = [tag]
    for name, value in attributes.items():
        if value is not None:
            text = html.escape(plain_code(str(value)))
            words.append(f'{name.rstrip("_").replace("_", "-")}="{text}"')
    opening = f"<{' '.join(words)}>"
    return Html(opening if tag in _VOID else f"{opening}{join(content)}</{tag}>")


def join(content: Iterable[Content]) -> Html:
    """Several pieces, one after the other."""
    return Html("".join(part if isinstance(part, Html) else _escape(part) for part in content if part))


def name(text: str) -> Html:
    """A name out of a log: short, and apart from what stands around it, whichever way it is written."""
    return element("bdi", shorten(plain(text), MAX_NAME))


def sentence(text: str) -> Html:
    """A sentence out of a log, which may hold names."""
    return element("bdi", shorten(plain(text), MAX_SENTENCE))


def code_block(code: str) -> Html:
    """Lines of code as they are."""
    lines = [shorten(plain_code(line), MAX_CODE_LINE) for line in code.splitlines()]
    return element("pre", element("code", "\n".join(lines)))


def _escape(text: str) -> str:
    return html.escape("\n".join(plain_code(line) for line in text.split("\n")))
