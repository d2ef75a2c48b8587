"""What a window function needs beyond the rows whose results are wanted (analysis, section 4: N_w).

Only rows of the same PARTITION BY values count, always; the ORDER BY bounds of a frame are added
where the function and the frame have a rule.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US, FIXED_US, MONTHS_IN, Op, Step, limit_after
from sqlbackfill.partitions.zone_images import HOUR_US
from sqlbackfill.query.images import Image
from sqlbackfill.query.kinds import Kind, is_time
from sqlbackfill.query.null_order import written_nulls_first
from sqlbackfill.query.scopes import Scope
from sqlbackfill.query.shown import own_nodes
from sqlbackfill.query.terms import Range, Store, Term, Terms
from sqlbackfill.query.units import interval_of, whole_number

_RANKS: Final = (exp.RowNumber, exp.Rank, exp.DenseRank)
_FRAMED: Final = (
    exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max, exp.CountIf, exp.ArrayAgg, exp.GroupConcat,
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.AnyValue,
    exp.Median, exp.LogicalAnd, exp.LogicalOr, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.First, exp.Last, exp.ArgMax, exp.ArgMin,
)  # fmt: skip
_SPEC_ARGS: Final = frozenset({"kind", "start", "start_side", "end", "end_side"})
_WINDOW_ARGS: Final = frozenset({"this", "partition_by", "order", "spec", "over", "alias"})
_TIE_FREE: Final = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist)
ORDER_FREE: Final = (
    exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max, exp.CountIf, exp.Stddev, exp.StddevPop,
    exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Median, exp.LogicalAnd, exp.LogicalOr,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A window function with its definition resolved; None for parts that are not understood."""

    function: exp.Expr
    partition_by: tuple[exp.Expr, ...]
    order: tuple[exp.Ordered, ...]
    spec: exp.WindowSpec | None
    is_understood: bool
    node: exp.Window


def window_call(node: exp.Window, select: exp.Select) -> WindowCall:
    """The call, its named window looked up in the WINDOW clause of `select`."""
    partition_by = tuple(node.args.get("partition_by") or ())
    order, spec = _order_of(node), node.args.get("spec")
    understood = not any(v for k, v in node.args.items() if k not in _WINDOW_ARGS)
    if node.args.get("alias"):
        named = next(
            (w for w in select.args.get("windows") or () if w.this.name == node.alias), None
        )
        if named is None or partition_by or order or spec or named.args.get("alias"):
            return WindowCall(_function(node), (), (), None, is_understood=False, node=node)
        partition_by = tuple(named.args.get("partition_by") or ())
        order, spec = _order_of(named), named.args.get("spec")
    if spec is not None and any(v for k, v in spec.args.items() if k not in _SPEC_ARGS):
        understood = False
    return WindowCall(_function(node), partition_by, order, spec, understood, node)


def need_of(call: WindowCall, scope: Scope, terms: Terms, wanted: Store) -> dict[Term, Range]:
    """The bounds that hold for every row that the results of rows in `wanted` depend on."""
    need: dict[Term, Range] = {}
    if not call.is_understood and not call.partition_by:
        return need
    nodes = (*call.partition_by, *(one.this for one in call.order[:1]))
    if not {terms.of(node, scope) for node in nodes} <= wanted.keys():
        # Expressions that stand in the window alone had no edges when the bounds were spread.
        wanted = terms.spread(wanted)
    for node in call.partition_by:
        term = terms.of(node, scope)
        if term in wanted:
            need[term] = wanted[term]
    if not call.order or not call.is_understood:
        return need
    first = call.order[0]
    term = terms.of(first.this, scope)
    kind = _order_kind(first.this, scope, terms)
    range_ = wanted.get(term)
    if range_ is None or range_.nulls or not (is_time(kind) or kind is BoundType.INTEGER):
        return need
    sides = _sides(call, kind)
    if sides is None:
        return need
    before, after = (sides[1], sides[0]) if first.args.get("desc") else sides
    low = None if before is None else limit_after(range_.lower, before[0])
    high = None if after is None else limit_after(range_.upper, after[1])
    if low is None and high is None:
        return need
    unbounded = _may_hold_nulls(first, sides)
    # Rows of one partition are read for the results of another, so none belongs to one alone.
    need.setdefault(term, Range(low, high, nulls=unbounded))
    return need


def _may_hold_nulls(first: exp.Ordered, sides: tuple[Image | None, Image | None]) -> bool:
    """Whether a frame of rows with a key may reach those without; `sides` in the order of the rows."""
    nulls_first = written_nulls_first(first)
    if nulls_first is None:
        return None in sides
    return (sides[0] if nulls_first else sides[1]) is None


def _order_kind(node: exp.Expr, scope: Scope, terms: Terms) -> Kind:
    """The kind of an order key; a number of seconds with its fraction frames as whole ones do."""
    known = terms.info[terms.of(node, scope)].kind
    if known is None and terms.rules.is_number(node, lambda one: terms.scopes.kind(one, scope)):
        return BoundType.INTEGER
    return known


def depends_on_ties(call: WindowCall) -> bool:
    """Whether rows that are equal in PARTITION BY and ORDER BY may get results by chance."""
    function = call.function
    if isinstance(function, _TIE_FREE):
        return False
    if isinstance(function, exp.Anonymous) and function.name.lower() == "ratio_to_report":
        return False
    if not isinstance(function, ORDER_FREE):
        return True
    # Frames of RANGE and GROUPS end between groups of equal rows, never within one.
    kind = "" if call.spec is None else (call.spec.args.get("kind") or "").upper()
    return call.spec is not None and kind not in ("RANGE", "GROUPS")


def _function(node: exp.Window) -> exp.Expr:
    function = node.this
    while isinstance(function, (exp.IgnoreNulls, exp.RespectNulls, exp.Filter)):
        function = function.this
    result: exp.Expr = function
    return result


def _order_of(node: exp.Window) -> tuple[exp.Ordered, ...]:
    order = node.args.get("order")
    return tuple(order.expressions) if order is not None else ()


# How far a frame reaches before and after the current row's order key, as images of the ends of a
# range (ascending); None stands for without end.
_HERE: Final[Image] = ((), ())


def _sides(call: WindowCall, kind: Kind) -> tuple[Image | None, Image | None] | None:
    function = call.function
    if isinstance(function, _RANKS):
        return None, _HERE
    if isinstance(function, (exp.Lag, exp.Lead)):
        return _offset_sides(function)
    if not isinstance(function, _FRAMED):
        return None
    if call.spec is None:
        return None, _HERE
    unit = (call.spec.args.get("kind") or "").upper()
    sides = [_frame_end(call.spec, end, unit, kind, call) for end in ("start", "end")]
    if unit not in ("RANGE", "ROWS", "GROUPS") or any(side == _UNKNOWN for side in sides):
        return None
    return sides[0], sides[1]


_UNKNOWN: Final[Image] = (None, None)


def _offset_sides(function: exp.Expr) -> tuple[Image | None, Image | None] | None:
    offset = function.args.get("offset")
    number = 1 if offset is None else whole_number(offset)
    if number is None:
        return None
    backwards = isinstance(function, exp.Lag) == (number >= 0)
    return (None, _HERE) if backwards else (_HERE, None)


def _frame_end(
    spec: exp.WindowSpec, end: str, unit: str, kind: Kind, call: WindowCall
) -> Image | None:
    """The image of one end of a frame, None if it is unbounded, _UNKNOWN if it has no rule."""
    value = spec.args.get(end)
    side = (spec.args.get(f"{end}_side") or "").upper()
    if value is None:
        return _HERE if end == "end" else _UNKNOWN
    if value == "CURRENT ROW":
        return _HERE
    if value == "UNBOUNDED":
        outward = "PRECEDING" if end == "start" else "FOLLOWING"
        return None if side == outward else _UNKNOWN
    if unit != "RANGE":
        outward = "PRECEDING" if end == "start" else "FOLLOWING"
        return None if side == outward else _HERE
    if len(call.order) != 1 or not isinstance(value, exp.Expr):
        return _UNKNOWN
    ascending = not call.order[0].args.get("desc")
    return _range_reach(value, side, kind, ascending=ascending)


def _range_reach(value: exp.Expr, side: str, kind: Kind, *, ascending: bool) -> Image:
    forward = (side == "FOLLOWING") == ascending
    pad = 0
    if kind is BoundType.INTEGER:
        number = whole_number(value)
        if number is None or number < 0:
            return _UNKNOWN
        step = Step(Op.SHIFT, number if forward else -number)
    else:
        given = interval_of(value)
        if given is None or given[1] < 0:
            return _UNKNOWN
        unit, count = given
        count = count if forward else -count
        if unit in FIXED_US:
            step = Step(Op.SHIFT, count * FIXED_US[unit])
            civil = unit in ("day", "week")
            pad = 26 * HOUR_US if civil and kind is BoundType.TIMESTAMPTZ else 0
        else:
            step, pad = Step(Op.MONTHS, count * MONTHS_IN[unit]), 4 * DAY_US
    low = (step, Step(Op.SHIFT, -pad)) if pad else (step,)
    high = (step, Step(Op.SHIFT, pad)) if pad else (step,)
    return low, high


def windows_in(nodes: list[exp.Expr]) -> list[exp.Window]:
    """The window calls in expressions, those of nested queries left out."""
    found: list[exp.Window] = []
    for node in nodes:
        found += [w for w in own_nodes(node) if isinstance(w, exp.Window)]
    return found
