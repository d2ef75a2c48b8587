"""Which samples take each row by itself, so that what is left out elsewhere changes no row's chance."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.query.kinds import SPARK_FAMILY
from sqlbackfill.query.shown import own_nodes

_BY_ROW: Final = frozenset({"BERNOULLI", "ROW"})


def is_by_row(sample: exp.Expr, dialect: str) -> bool:
    """Whether a share of the rows is taken, row by row; not so by blocks, buckets or a count."""
    known = ("method", "percent", "seed")
    if any(value for key, value in sample.args.items() if key not in known):
        return False
    if sample.args.get("percent") is None:
        return False
    method = sample.args.get("method")
    if method is None:
        return dialect in SPARK_FAMILY - {"hive"}
    return method.name.upper() in _BY_ROW


def samples_of(select: exp.Select) -> list[exp.Expr]:
    """The samples of a SELECT and of the items of its FROM."""
    clauses = [
        select.args.get("from_"),
        select.args.get("sample"),
        *(select.args.get("joins") or ()),
    ]
    nodes = [node for clause in clauses if clause is not None for node in own_nodes(clause)]
    return [node for node in nodes if isinstance(node, exp.TableSample)]
