"""Tables whose columns are given other names in FROM, made queries, which is how sqlglot resolves such names."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

_PLAIN: Final = frozenset({"this", "db", "catalog", "alias"})


def unfold_column_aliases(tree: exp.Expr) -> None:
    """Writes `t AS x(a, b)` as `(SELECT * FROM t) AS x(a, b)`, in place."""
    for alias in list(tree.find_all(exp.TableAlias)):
        table = alias.parent
        if (
            not alias.args.get("columns")
            or not isinstance(table, exp.Table)
            or not _is_plain(table)
        ):
            continue
        inner = table.copy()
        inner.set("alias", None)
        query = exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner))
        table.replace(exp.Subquery(this=query, alias=alias.copy()))


def _is_plain(table: exp.Table) -> bool:
    """Whether it is a table with a name, and nothing else hangs on it."""
    return isinstance(table.this, exp.Identifier) and not any(
        value for key, value in table.args.items() if key not in _PLAIN
    )
