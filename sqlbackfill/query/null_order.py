"""Where the author says if NULL comes first or last. What engines do otherwise is not owned: sessions differ."""

from __future__ import annotations

from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_WRITTEN: Final = "nulls_written"
_DIRECTIONS: Final = ("ASC", "DESC")


def mark_written_nulls(tree: exp.Expr, sql: str, dialect: str) -> None:
    """Marks the plain columns of ORDER BY behind which `sql` says NULLS FIRST or NULLS LAST."""
    if "nulls" not in sql.lower():
        return
    try:
        tokens = sqlglot.tokenize(sql, dialect=dialect)
    except SqlglotError:
        return
    words = [token.text.upper() for token in tokens] + [""] * 3
    after = {token.end: number + 1 for number, token in enumerate(tokens)}
    for one in tree.find_all(exp.Ordered):
        column = one.this
        name = column.this if isinstance(column, exp.Column) else None
        at = after.get(name.meta.get("end", -1)) if isinstance(name, exp.Identifier) else None
        if at is None:
            continue
        at += words[at] in _DIRECTIONS
        if words[at] == "NULLS" and words[at + 1] in ("FIRST", "LAST"):
            one.meta[_WRITTEN] = words[at + 1]


def written_nulls_first(one: exp.Expr) -> bool | None:
    """Whether NULL is said to come first; None where nothing is said."""
    written = one.meta.get(_WRITTEN)
    return None if written is None else written == "FIRST"
