"""From a place in a statement to the place in the user's own file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import WarehouseError
from sqlbackfill.run.inputs import ChunkSql


@contextmanager
def placed_in(sql: ChunkSql, lines_before: int) -> Iterator[None]:
    """Gives errors of the engine the span in the user's file, where the engine says where it is.

    In the statements that run inside, `lines_before` lines stand before the first of
    `sql.unguarded`.
    """
    try:
        yield
    except WarehouseError as error:
        place = (error.sql_line, error.sql_column)
        if place[0] is not None and place[1] is not None and place[0] > lines_before and sql.locate:
            span = sql.locate(place[0] - lines_before, place[1])
            error.diagnostics = tuple(
                replace(diagnostic, span=diagnostic.span or span)
                for diagnostic in error.diagnostics
            )
        raise
