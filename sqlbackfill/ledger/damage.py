"""Rows of the ledger that this tool did not write so: one clear error, and never a guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.ledger.schema import Place


@contextmanager
def readable(place: Place, table: str) -> Iterator[None]:
    """Raises WarehouseError LEDGER_DAMAGED where the rows of `table` cannot be understood inside."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise WarehouseError(
            Diagnostic(
                code="LEDGER_DAMAGED",
                message=f"a row of {place.relation(table)} cannot be read: it was changed by hand, "
                "or by another tool",
                fix=f"restore it from a copy; or drop the schema `{place.schema}`, and the tables "
                "count as untracked",
                notes=(("found", f"{type(error).__name__}: {error}"),),
            )
        ) from None
