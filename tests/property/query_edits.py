"""Edits of a query as an author makes them: some that cannot change a row, many that may. No analysis."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

Edit = Callable[[exp.Expr, random.Random], "exp.Expr | None"]
_ALIAS: Final = re.compile(r"\b([xcrlwz])(\d+)\b")


def edited(sql: str, edit: Edit, rng: random.Random) -> str | None:
    """The query after an edit; None where it holds nothing that the edit is about."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except ParseError:  # of an edit before
        return None
    changed = edit(tree, rng)
    return None if changed is None else changed.sql(dialect="duckdb")


def _some(tree: exp.Expr, rng: random.Random, *kinds: type) -> exp.Expr | None:
    found = [node for node in tree.walk() if isinstance(node, kinds)]
    return rng.choice(found) if found else None


# -- edits that keep every row ------------------------------------------------------------------------


def layout(sql: str) -> str:
    """Another layout, with comments."""
    return "-- what it is for\n" + sqlglot.transpile(
        sql, read="duckdb", write="duckdb", pretty=True
    )[0].replace(",\n", ", /* next */\n").replace("SELECT", "select")


def aliases(sql: str) -> str:
    """Other names for tables, subqueries and common table expressions."""
    return _ALIAS.sub(lambda match: f"n{match.group(1)}_{match.group(2)}", sql)


def always_true(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    select = _some(tree, rng, exp.Select)
    if select is None or not select.args.get("from_"):
        return None
    where = select.args.get("where")
    true = sqlglot.parse_one("1 = 1")
    both = true if where is None else exp.And(this=true, expression=exp.Paren(this=where.this))
    select.set("where", exp.Where(this=both))
    return tree


def trivial_cte(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [t for t in tree.find_all(exp.Table) if t.name.startswith("__sb_") and t.alias]
    if not found or not isinstance(tree, exp.Query):
        return None
    table = rng.choice(found)
    cte = exp.CTE(
        this=sqlglot.parse_one(f"select * from {table.name}"),
        alias=exp.TableAlias(this=exp.to_identifier("whole")),
    )
    table.set("this", exp.to_identifier("whole"))
    with_ = tree.args.get("with_")
    rest = with_.expressions if with_ is not None else []
    tree.set("with_", exp.With(expressions=[cte, *rest]))
    return tree


def in_list(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [node for node in tree.find_all(exp.In) if len(node.expressions) > 1]
    if not found:
        return None
    node = rng.choice(found)
    node.set("expressions", node.expressions[::-1])
    return tree


def union_all_arms(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [
        node
        for node in tree.find_all(exp.Union)
        if not node.args.get("distinct") and not node.args.get("by_name")
    ]
    found = [n for n in found if _names(n.this) == _names(n.expression)]
    return _swapped(rng.choice(found), tree) if found else None


def integer_sum(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [n for n in tree.find_all(exp.Add) if _is_integer(n.this) and _is_integer(n.expression)]
    return _swapped(rng.choice(found), tree) if found else None


def top_order(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    del rng
    if not isinstance(tree, exp.Select) or any(
        tree.args.get(part) for part in ("order", "limit", "distinct", "offset")
    ):
        return None
    return tree.order_by("k", "p desc", copy=False)


def parentheses(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Where, exp.Having)
    if node is not None:
        node.set("this", exp.Paren(this=node.this))
    return tree if node is not None else None


def commuted(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.And, exp.Or)
    return _swapped(node, tree) if node is not None else None


def _swapped(node: exp.Expr, tree: exp.Expr) -> exp.Expr:
    left, right = node.this, node.args["expression"]
    node.set("this", right)
    node.set("expression", left)
    return tree


def _names(node: exp.Expr) -> list[str]:
    query = node.unnest() if isinstance(node, exp.Subquery) else node
    return query.named_selects if isinstance(query, exp.Query) else []


def _is_integer(node: exp.Expr) -> bool:
    return (isinstance(node, exp.Column) and node.name in ("k", "v")) or (
        isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit()
    )


HARMLESS: Final[Mapping[str, Edit]] = {
    "where 1 = 1": always_true,
    "trivial CTE": trivial_cte,
    "IN list": in_list,
    "UNION ALL arms": union_all_arms,
    "integer sum": integer_sum,
    "top ORDER BY": top_order,
    "parentheses": parentheses,
}

# -- edits that may change rows -----------------------------------------------------------------------


def _literal(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Literal)
    if node is None:
        return None
    text = node.this.replace("10", "11") if node.is_string else rng.choice(("0", "1", "2", "3"))
    node.set("this", text)
    return tree


def _column(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Column)
    if node is None or not node.name:
        return None
    for group in ("de", "kv", "pq", "pe", "dts"):
        others = [name for name in group if name != node.name]
        if node.name in group and others:
            node.set("this", exp.to_identifier(rng.choice(others)))
            return tree
    return None


def _comparison(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    kinds = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
    node = _some(tree, rng, *kinds)
    if node is not None:
        other = rng.choice([kind for kind in kinds if not isinstance(node, kind)])
        node.replace(other(this=node.this, expression=node.args["expression"]))
    return tree if node is not None else None


def _join_side(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Join)
    if node is None or not node.args.get("on"):
        return None
    node.set("kind", None)
    node.set("side", rng.choice((None, "LEFT", "RIGHT", "FULL")))
    return tree


def _join_swap(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [s for s in tree.find_all(exp.Select) if s.args.get("joins") and s.args.get("from_")]
    if not found:
        return None
    select = rng.choice(found)
    from_, join = select.args["from_"], select.args["joins"][0]
    if isinstance(join.this, exp.Lateral):
        return None
    left, right = from_.this, join.this
    from_.set("this", right)
    join.set("this", left)
    return tree


def _on_to_where(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [s for s in tree.find_all(exp.Select) if s.args.get("joins")]
    joins = [(s, j) for s in found for j in s.args["joins"] if j.args.get("on")]
    if not joins:
        return None
    select, join = rng.choice(joins)
    condition = join.args["on"]
    join.set("on", exp.true())
    return tree if select.where(condition, copy=False) else None


def _conjunct(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.And, exp.Or)
    if node is None:
        return None
    kind = exp.Or if isinstance(node, exp.And) else exp.And
    keeps = rng.random() < 0.5
    node.replace(
        rng.choice((node.this, node.args["expression"]))
        if keeps
        else kind(this=node.this, expression=node.args["expression"])
    )
    return tree


def _distinct(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Select)
    if node is None:
        return None
    node.set("distinct", None if node.args.get("distinct") else exp.Distinct())
    return tree


def _set_operator(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.SetOperation)
    if node is None:
        return None
    shape = rng.choice(("distinct", "name", "swap", "kind"))
    if shape == "swap":
        return _swapped(node, tree)
    if shape == "kind":
        kind = rng.choice((exp.Union, exp.Except, exp.Intersect))
        node.replace(kind(**node.args))
        return None if node is tree else tree
    flag = "distinct" if shape == "distinct" else "by_name"
    node.set(flag, not node.args.get(flag))
    return tree


def _aggregate(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Sum, exp.Max, exp.Min, exp.Count)
    if node is None or isinstance(node.this, exp.Star):
        return None
    node.replace(rng.choice((exp.Sum, exp.Max, exp.Min, exp.Count))(this=node.this))
    return tree


def _ordering(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Ordered)
    if node is None:
        return None
    flag = rng.choice(("desc", "nulls_first"))
    node.set(flag, not node.args.get(flag))
    return tree


def _frame(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Window)
    if node is None:
        return None
    shape = rng.choice(("spec", "order", "partition"))
    if shape == "spec":
        node.set("spec", None)
    elif shape == "order":
        node.set("order", None)
    else:
        keys = node.args.get("partition_by") or []
        node.set("partition_by", keys[1:] if keys else [exp.column("k")])
    return tree


def _table(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    found = [t for t in tree.find_all(exp.Table) if t.name.startswith("__sb_occ")]
    if len(found) < 2:
        return None
    one, two = rng.sample(found, 2)
    mine, other = one.this.copy(), two.this.copy()
    one.set("this", other)
    two.set("this", mine)
    return tree


def _operands(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Binary)
    if node is None or isinstance(node, exp.Dot):
        return None
    return _swapped(node, tree)


def _group_key(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    node = _some(tree, rng, exp.Group)
    if node is None or len(node.expressions) < 2:
        return None
    node.set("expressions", node.expressions[:-1])
    return tree


def _bare(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    """A column without its table, which may then be another one, or an alias."""
    node = _some(tree, rng, exp.Column)
    if node is None:
        return None
    node.set("table", None)
    return tree


def _shadow(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    """An inner output column under another's name."""
    found = [
        item
        for select in tree.find_all(exp.Select)
        if select is not tree
        for item in select.expressions
        if isinstance(item, exp.Alias)
    ]
    if len(found) < 2:
        return None
    one, two = rng.sample(found, 2)
    mine, other = one.args["alias"].copy(), two.args["alias"].copy()
    one.set("alias", other)
    two.set("alias", mine)
    return tree


def _other_table(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    """A column of the same name from another table of the query."""
    names = sorted({column.table for column in tree.find_all(exp.Column) if column.table})
    node = _some(tree, rng, exp.Column)
    if node is None or len(names) < 2 or not node.args.get("table"):
        return None
    node.set("table", exp.to_identifier(rng.choice(names)))
    return tree


def _double(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    """Arithmetic on doubles, in one of several orders."""
    found = [item for item in tree.find_all(exp.Alias) if item.alias == "v"]
    tables = [t.alias for t in tree.find_all(exp.Table) if t.name.startswith("__sb_occ")]
    if not found or not isinstance(tree, exp.Select) or tree.args.get("group"):
        return None
    own = [item for item in found if item.parent is tree]
    alias = tree.args["from_"].this.alias if tree.args.get("from_") is not None else ""
    if not own or alias not in tables:
        return None
    text = rng.choice(
        ("({x} + 0.1) + 0.2", "{x} + (0.1 + 0.2)", "{x} + 0.3", "0.1 + {x} + 0.2", "0.3 + {x}",
         "({x} + 0.1 = 0.3)", "({x} = 0.3 - 0.1)", "({x} * 3 = 0.3)", "({x} = 0.1)", "-(-{x})",
         "({x} + 1e16) - 1e16", "{x} * 1", "{x}", "({x} + 1) + 2", "{x} + 3", "({x} - 1) + 1",
         "({a}.k + 1) + 2", "{a}.k + 3", "2 + {a}.k + 1", "{a}.k - 1 + 1", "{a}.k * 2", "{a}.k + {a}.k")
    ).format(x=f"{alias}.f", a=alias)  # fmt: skip
    own[0].set("this", sqlglot.parse_one(text, dialect="duckdb"))
    return tree


def _limit(tree: exp.Expr, rng: random.Random) -> exp.Expr | None:
    if not isinstance(tree, exp.Select) or tree.args.get("limit"):
        return None
    return tree.order_by("p", "q", "k", "v", append=False, copy=False).limit(
        rng.choice((1, 2, 3)), copy=False
    )


RISKY: Final[Mapping[str, Edit]] = {
    "literal": _literal,
    "column": _column,
    "comparison": _comparison,
    "join side": _join_side,
    "join operands": _join_swap,
    "ON to WHERE": _on_to_where,
    "conjunct": _conjunct,
    "DISTINCT": _distinct,
    "set operator": _set_operator,
    "aggregate": _aggregate,
    "order": _ordering,
    "frame": _frame,
    "table": _table,
    "operands": _operands,
    "group key": _group_key,
    "bare column": _bare,
    "other table": _other_table,
    "shadowed name": _shadow,
    "double": _double,
    "limit": _limit,
    "commuted": commuted,
}
