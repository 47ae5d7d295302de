"""Tables of what was found in the corpus, for a terminal and for documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rich.table import Table

SPLITS = ("tuned", "held_out", "fresh")


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table that can be printed and written.

    Attributes:
      title: What it shows.
      columns: Their headings.
      rows: Texts.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def table(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, title_justify="left")
        for i, column in enumerate(self.columns):
            table.add_column(column, justify="right" if i else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a document."""
        lines = [self.columns, ["---", *["--:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])
