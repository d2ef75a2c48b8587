"""How far it is felt in which order a window takes rows that are equal in its ORDER BY. No bounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.query.shown import own_nodes
from sqlbackfill.query.units import whole_number
from sqlbackfill.query.windows import ORDER_FREE, WindowCall, window_call

_NUMBERING: Final = (exp.RowNumber, exp.Ntile)
_FIRST: Final = (exp.FirstValue, exp.First)
_LAST: Final = (exp.LastValue, exp.Last)
_SKIPPING: Final = (exp.IgnoreNulls, exp.Filter)


def is_felt_elsewhere(call: WindowCall) -> bool:
    """Whether a row's result may change with the order of rows that are equal among themselves but
    not to it.

    Its place among all rows does not, nor does a frame that takes every group of equal rows but its
    own whole or not at all. What no rule covers is felt.
    """
    function = call.function
    if not call.is_understood:
        return True
    if isinstance(function, _NUMBERING):
        return False
    if isinstance(function, (exp.Lag, exp.Lead)):
        offset = function.args.get("offset")
        if offset is not None and whole_number(offset) == 0:
            return False
    if _hold_only([call.node.this], _keys(call)):
        return False  # equal rows have the same to show
    starts, ends = _ends(call.spec)
    if isinstance(function, ORDER_FREE):
        return starts not in _WHOLE or ends not in _WHOLE
    if any(isinstance(node, _SKIPPING) for node in call.node.this.walk()):
        return True
    if isinstance(function, _FIRST):
        return starts != "CURRENT ROW"
    if isinstance(function, _LAST):
        return ends != "CURRENT ROW"
    return True


def shows_only_keys(call: WindowCall, select: exp.Select) -> bool:
    """Whether rows that are equal to the window are equal in all that the SELECT looks at.

    Then it does not matter which of them gets which result, if no other window tells them apart.
    """
    if select.args.get("group") is not None:
        return False
    shown = [*select.expressions]
    shown += [select.args[key] for key in _CLAUSES if select.args.get(key)]
    if not _hold_only(shown, _keys(call)):
        return False
    nodes = [node for one in shown for node in own_nodes(one)]
    for node in nodes:
        if any(isinstance(child, exp.Query) for child in node.iter_expressions()):
            return False
        if isinstance(node, exp.Window):
            other = window_call(node, select)
            if (other.partition_by, other.order) != (call.partition_by, call.order):
                return False
    return True


_CLAUSES: Final = ("distinct", "qualify", "order")


def _keys(call: WindowCall) -> set[exp.Expr]:
    """The bare columns that equal rows are equal in."""
    nodes = (*call.partition_by, *(one.this for one in call.order))
    return {node.unnest() for node in nodes if isinstance(node.unnest(), exp.Column)}


def _hold_only(nodes: Iterable[exp.Expr], keys: set[exp.Expr]) -> bool:
    """Whether all columns in `nodes` are among `keys`."""
    return all(column in keys for node in nodes for column in node.find_all(exp.Column))


_WHOLE: Final = ("UNBOUNDED", "CURRENT ROW")


def _ends(spec: exp.WindowSpec | None) -> tuple[object, object]:
    """Where a frame starts and ends; without one it ends with the rows that equal the current one."""
    if spec is None:
        return "UNBOUNDED", "CURRENT ROW"
    return spec.args.get("start"), spec.args.get("end") or "CURRENT ROW"
