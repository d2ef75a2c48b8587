"""A render document as one SQL script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlbackfill.cli.show.bar import range_text

Document = Mapping[str, Any]


def rendered_text(document: Document) -> str:
    """Every chunk's query under a comment that names it, ended by a semicolon."""
    parts = [
        f"{_head(model['model'], chunk, number, len(model['chunks']))}\n{_closed(chunk['sql'])}"
        for model in document["models"]
        for number, chunk in enumerate(model["chunks"], start=1)
    ]
    return "\n\n".join(parts) if parts else "-- nothing to render"


def _head(model: str, chunk: Document, number: int, total: int) -> str:
    if chunk.get("start") is not None:
        named = f" {range_text(chunk['start'], chunk['end'])}"
    elif "key" in chunk:
        named = f" {chunk['key']}"
    else:
        named = f" {','.join(chunk['keys'])}" if "keys" in chunk else ""
    which = f" (chunk {number} of {total})" if total > 1 else ""
    return f"-- {model}{named}{which}"


def _closed(sql: str) -> str:
    """The query with a semicolon on a line of its own: a comment may end it."""
    return f"{sql.rstrip().rstrip(';').rstrip()}\n;"
