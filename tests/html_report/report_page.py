"""A report as its source reads: its elements and its text, taken apart by Python's own parser."""

from __future__ import annotations

import dataclasses
import html.parser
from collections.abc import Mapping

VOID = {"meta", "br"}

Attributes = Mapping[str, str]


@dataclasses.dataclass
class Page(html.parser.HTMLParser):
    """What is in a page.

    Attributes:
      elements: Every element with its attributes, in order.
      text: All text that is shown, pieces apart by a line break.
      unbalanced: End tags that closed nothing, and elements that were not closed.
    """

    source: dataclasses.InitVar[str]
    elements: list[tuple[str, Attributes]] = dataclasses.field(default_factory=list)
    text: str = ""
    unbalanced: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unbalanced.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text += f"{data}\n"

    def find(self, tag: str) -> list[Attributes]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]
