"""A table as a value, drawn by rich on a terminal and as aligned text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A title; `right` for numbers; `keep` for what must not be folded, such as names."""

    title: str
    right: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text, as many cells each as there are columns. `styles` colours whole columns' words."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    styles: tuple[tuple[str, str], ...] = ()

    def draw(self, look: Look) -> str:
        """The table without a line end: at most the terminal wide on one, unfolded elsewhere."""
        rows = [tuple(printable(cell) for cell in row) for row in self.rows]
        return self._rich(rows, look) if look.terminal else self._plain(rows)

    def _plain(self, rows: Sequence[tuple[str, ...]]) -> str:
        titles = tuple(column.title for column in self.columns)
        widths = [max(map(len, cells)) for cells in zip(titles, *rows, strict=True)]
        return "\n".join(self._aligned(row, widths) for row in (titles, *rows))

    def _aligned(self, row: tuple[str, ...], widths: Sequence[int]) -> str:
        cells = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, self.columns, strict=True)
        ]
        return "  ".join(cells).rstrip()

    def _rich(self, rows: Sequence[tuple[str, ...]], look: Look) -> str:
        import io

        from rich.box import ASCII2, SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(
            box=SIMPLE_HEAD if look.unicode else ASCII2,
            show_edge=False,
            pad_edge=False,
            collapse_padding=True,
            header_style="bold",
        )
        for column in self.columns:
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                no_wrap=column.keep,
                overflow="fold",
            )
        styles = dict(self.styles)
        for row in rows:
            table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
        page = io.StringIO()
        Console(
            file=page,
            width=look.width or 80,
            force_terminal=look.colour,
            no_color=not look.colour,
            color_system="standard" if look.colour else None,
            highlight=False,
            legacy_windows=False,
        ).print(table)
        return "\n".join(line.rstrip() for line in page.getvalue().strip("\n").split("\n"))
