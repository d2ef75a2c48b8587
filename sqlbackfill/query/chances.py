"""Whether the order in which an engine happens to meet rows may show in a result."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.query.determinism import choosers

_CUTS: Final = (exp.Limit, exp.Offset, exp.Fetch, exp.TableSample)
_TIE_FREE: Final = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)


def takes_chances(tree: exp.Expr) -> bool:
    """Whether anything in the query might choose between rows that its orders do not tell apart."""
    for node in tree.walk():
        if isinstance(node, _CUTS) or choosers((node,)):
            return True
        if isinstance(node, exp.Distinct) and node.args.get("on"):
            return True
        if isinstance(node, exp.Join) and node.args.get("method"):
            return True
        if isinstance(node, (exp.Array, exp.ToArray, exp.List)) and node.find(exp.Query):
            return True
        if isinstance(node, exp.Window) and not _is_tie_free(node):
            return True
    return False


def _is_tie_free(window: exp.Expr) -> bool:
    """Whether rows that are equal in the window's order all get one value."""
    function = window.this
    while isinstance(function, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        function = function.this
    if isinstance(function, _TIE_FREE):
        return True
    if not isinstance(function, (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg)):
        return False
    spec = window.args.get("spec")
    if window.args.get("alias") is not None:
        return False
    return spec is None or (spec.args.get("kind") or "").upper() in ("RANGE", "GROUPS")
