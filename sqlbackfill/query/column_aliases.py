"""Tables whose columns are given other names in FROM, made queries, which is how sqlglot resolves such names."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

_PLAIN: Final = frozenset({"this", "db", "catalog", "alias"})


def without_column_aliases(table: exp.Table) -> exp.Table:
    """The table of `t AS x(a, b)`, in whose place the tree now has `(SELECT * FROM t) AS x(a, b)`.

    Any other table as it stands.
    """
    alias = table.args.get("alias")
    if alias is None or not alias.args.get("columns") or not _is_plain(table):
        return table
    inner = table.copy()
    inner.set("alias", None)
    query = exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner))
    table.replace(exp.Subquery(this=query, alias=alias.copy()))
    return inner


def _is_plain(table: exp.Table) -> bool:
    """Whether it is a table with a name, and nothing else hangs on it."""
    return isinstance(table.this, exp.Identifier) and not any(
        value for key, value in table.args.items() if key not in _PLAIN
    )
