"""A witness for people: the made-up rows, and what each way of running makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.words import folded


def witness_text(witness: Mapping[str, Any], look: Look) -> str:
    """The witness of an explain document, or why it has none."""
    if witness["because"]:
        return "\n".join(
            folded(f"no witness: {witness['because']}", width=look.width, first="  ", rest="    ")
        )
    parts = [f"  witness for {witness['partitions']}, with made-up rows:"]
    for table in witness["inputs"]:
        parts += _table(f"rows of {table['relation']}", table, look)
    for table in witness["results"]:
        parts += _table(table["way"], table, look)
    return "\n".join(parts)


def _table(title: str, table: Mapping[str, Any], look: Look) -> list[str]:
    head = folded(title, width=look.width, first="  ", rest="    ")
    if not table["rows"]:
        return [*head, "    no rows"]
    drawn = Table(
        columns=tuple(Column(name, keep=True) for name in table["columns"]),
        rows=tuple(
            tuple("NULL" if value is None else value for value in row) for row in table["rows"]
        ),
    ).draw(look)
    return [*head, *(f"    {line}".rstrip() for line in drawn.split("\n"))]
