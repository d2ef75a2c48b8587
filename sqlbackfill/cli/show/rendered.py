"""What `render` found, as one SQL script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlbackfill.app.render import RenderedModels


def rendered_text(rendered: RenderedModels) -> str:
    """Every chunk's query under a comment that names it, ended by a semicolon."""
    parts = []
    for model in rendered.models:
        total = len(model.chunks)
        for number, chunk in enumerate(model.chunks, start=1):
            which = f" (chunk {number} of {total})" if total > 1 else ""
            head = f"-- {model.model} {chunk.label}".rstrip()
            parts.append(f"{head}{which}\n{_closed(chunk.sql)}")
    return "\n\n".join(parts) if parts else "-- nothing to render"


def _closed(sql: str) -> str:
    """The query with a semicolon on a line of its own: a comment may end it."""
    return f"{sql.rstrip().rstrip(';').rstrip()}\n;"
