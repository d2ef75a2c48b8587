"""Which columns of a recursive CTE every step hands on unchanged. Pushes no demand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.query.scopes import Scopes, names_table, output_names
from sqlbackfill.query.sources import Cte

_UNION_ARGS: Final = frozenset({"with_", "this", "expression", "distinct"})
_CTE_ARGS: Final = frozenset({"this", "alias", "materialized"})
_WITH_ARGS: Final = frozenset({"expressions", "recursive"})


def is_recursive(cte: Cte) -> bool:
    """Whether the CTE names itself."""
    return cte.visible.get(cte.name) is cte


def handed_on(cte: Cte, scopes: Scopes) -> frozenset[str] | None:
    """The columns that each step shows as it finds them; None where the recursion has no rule.

    A row of the result then has in them what its first ancestor has, so that nothing but the rows of
    the anchor with that value can lead to it, if the step can do without all others too.
    """
    union, node = cte.query, cte.query.parent
    if not isinstance(union, exp.Union) or _has_other(union, _UNION_ARGS):
        return None
    if node is None or _has_other(node, _CTE_ARGS):
        return None
    if node.parent is None or _has_other(node.parent, _WITH_ARGS):
        return None
    if cte.renames or names_table(union.this, cte.name):
        return None
    named = [table for table in union.find_all(exp.Table) if table.name == cte.name]
    if len(named) != 1 or not isinstance(union.expression, exp.Select):
        return None
    names = output_names(union) or []
    return frozenset(n for n in names if scopes.is_handed_on(union, n, cte.visible, None))


def is_tangled(ctes: Iterable[Cte]) -> bool:
    """Whether a CTE of a recursive WITH names a later one."""
    listed = tuple(ctes)
    return any(
        cte.is_recursive and any(names_table(cte.query, later.name) for later in listed[n + 1 :])
        for n, cte in enumerate(listed)
    )


def _has_other(node: exp.Expr, known: frozenset[str]) -> bool:
    return any(value for key, value in node.args.items() if key not in known)
