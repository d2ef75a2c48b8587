"""Tables and rows that no query makes, in canonical form: where the names of a query end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from sqlbackfill.query.blocks import Block, Unresolvable, only
from sqlbackfill.query.facts import InputRef
from sqlbackfill.query.scopes import folded


def table_block(
    node: exp.Table, ref: InputRef | None, dialect: str, used: dict[str, set[str]]
) -> Block:
    """A table under its own name, never an alias; the columns that are asked for are put into `used`.

    Only those columns' types count: one that nothing asks for may come and go.
    """
    only(node, {"this", "db", "catalog", "alias", "joins"})
    alias = node.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise Unresolvable
    if ref is None:
        parts = [(part.name, bool(part.args.get("quoted"))) for part in node.parts]
        relation, rows = ".".join(name for name, _ in parts), f"named{parts!r}"
    else:
        relation = ref.relation
        rows = f"input({'this' if ref.is_this else repr(relation)},{ref.filtered})"
    asked = used.setdefault(relation, set())
    types = column_types(ref, dialect)

    def column(name: str) -> str:
        type_ = "?" if types is None else types.get(name)
        if type_ is None:
            raise Unresolvable
        asked.add(name)
        return f"col({name!r},{type_!r})"

    return Block(rows, None, by_name=column)


def rows_block(rows: str, node: exp.Expr) -> Block:
    """What an expression makes, printed as `rows`; its columns go by position, or by the name they have."""
    alias = node.args.get("alias")
    given = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    names = [column.name for column in given or ()]

    def column(name: str) -> str:
        if names.count(name) == 1:
            return f"item({names.index(name)})"
        if names:
            raise Unresolvable
        return f"item({name!r},{node.alias_or_name!r})"

    return Block(rows, None, by_name=column)


def column_types(ref: InputRef | None, dialect: str) -> Mapping[str, str] | None:
    """The type of each column as its table spells it, by the tree's name for it; None if not known."""
    if ref is None or ref.columns is None:
        return None
    return _types(ref.columns, dialect)


@lru_cache(maxsize=4096)
def _types(columns: tuple[tuple[str, str], ...], dialect: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, type_ in columns:
        if folded(name, dialect) in found:
            return {}  # two names that the dialect does not tell apart
        found[folded(name, dialect)] = type_
    return found
