"""Whether a query for one partition can be lifted to many (theorem T3), and with what in its bounds' places.

A lifted query is `SELECT z.* FROM spine, LATERAL (query) AS z`. It is the union of the queries for
one partition each by construction, provided that a column of the spine means to the engine what the
printed bound meant. A string literal takes on the type of what it meets and a column of text does
not, so a bound is lifted only where that type is known.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.determinism import is_unknown_function, is_volatile
from sqlbackfill.query.facts import AnalysisRequest, QueryFacts
from sqlbackfill.query.lifted import LiftSlot
from sqlbackfill.query.parse import ParsedQuery, Places, parse_query
from sqlbackfill.query.scopes import column_types
from sqlbackfill.query.splice import BOUND, BoundWord, bound_words, replaced

_NUMBERED: Final = re.compile(r"__sb_(?:start|end|key)_(\d+)__")
_NUMBER: Final = 900_719_925_000_000
_COMPARED: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_SUMS: Final = (exp.Add, exp.Sub)
_AS_VALUE: Final = "BOUND_AS_VALUE"
"""Bounds that only leave out rows and leave out too many pin a model: the author is told to widen them."""
_CHANCE: Final = "TIES"
_UNREPEATABLE: Final = frozenset(["VOLATILE", "SAMPLE", "UNKNOWN_NODE", "RUN_CLOCK"])
_INTEGERS: Final = frozenset([exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT])
_TEXTS: Final = frozenset([exp.DType.VARCHAR, exp.DType.TEXT])
_MOMENTS: Final = {
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
}
_READABLE: Final = {
    BoundType.DATE: frozenset(["DATE", "TIMESTAMP", "TIMESTAMPTZ"]),
    BoundType.TIMESTAMP: frozenset(["TIMESTAMP", "TIMESTAMPTZ"]),
    BoundType.TIMESTAMPTZ: frozenset(["TIMESTAMPTZ"]),
}
"""Columns that a bound of each type may be compared with: the literal and the typed value that
`partition_filter` prints in its place give the same answer there."""


_SAME_VALUE: Final = {
    BoundType.DATE: ("DATE", "TIMESTAMP"),
    BoundType.TIMESTAMP: ("DATE", "TIMESTAMP"),
    BoundType.TIMESTAMPTZ: ("TIMESTAMPTZ",),
}
"""Casts that give the same of a bound's text and of its value: the value needs no parsing."""


class _NotLiftedError(Exception):
    """A bound stands where a column would not mean the same."""


def lift_slots(
    request: AnalysisRequest, facts: QueryFacts, own_type: BoundType
) -> tuple[LiftSlot, ...] | None:
    """What stands in the bounds' places of a lifted query, in their order; None if it is not to be.

    `own_type` is the type of the bounds that the template prints. Only DuckDB's SQL is lifted; the
    template must not do more with its bounds than print them.
    """
    if not _may_lift(request, facts) or own_type is BoundType.TEXT:
        return None
    words = bound_words(request.sql)
    if not words:
        return None
    try:
        parsed = _numbered_tree(request, words)
        if facts.is_volatile and _may_choose_twice(parsed.tree):
            return None
        return tuple(
            _slot(parsed, request, word, number, own_type) for number, word in enumerate(words)
        )
    except (_NotLiftedError, ProjectError, RecursionError):
        return None


def _may_lift(request: AnalysisRequest, facts: QueryFacts) -> bool:
    codes = {found.code for found in (*facts.reasons, *facts.warnings)}
    return (
        request.dialect == "duckdb"
        and request.partition is not None
        and not request.bounds_in_control_flow
        and facts.author_bounds_hold is False
        and _AS_VALUE in codes
        and not facts.reads_itself
        and not facts.errors
        and not facts.hard_coded
        and not facts.is_clock_dependent
        and not codes & _UNREPEATABLE
        and (not facts.is_volatile or _CHANCE in codes)
        and all(ref.columns is not None for ref in request.occurrences.values() if not ref.is_this)
    )


def _numbered_tree(request: AnalysisRequest, words: tuple[BoundWord, ...]) -> ParsedQuery:
    """The qualified tree of the query in which each bound word can be told from the others."""
    edits = []
    for number, word in enumerate(words):
        raw = request.sql[word.start : word.end]
        if word.is_text:
            edits.append((word.start, word.end, BOUND.sub(_with_number(number), raw)))
        else:
            edits.append((word.start, word.end, str(_NUMBER + number)))
    numbered = replace(request, sql=replaced(request.sql, edits), locate=None)
    parsed = parse_query(numbered, Places(numbered))
    if not parsed.is_qualified or parsed.hard_coded:
        raise _NotLiftedError
    for node in parsed.tree.walk():
        if is_volatile(node) or is_unknown_function(node) or isinstance(node, exp.TableSample):
            raise _NotLiftedError
    return parsed


def _with_number(number: int) -> str:
    return f"__sb_start_{number}__"


def _may_choose_twice(tree: exp.Query) -> bool:
    """Whether a CTE is read more than once: its ties could then fall differently each time."""
    names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    read = Counter(table.name.lower() for table in tree.find_all(exp.Table))
    return any(read[name] > 1 for name in names)


def _slot(
    parsed: ParsedQuery, request: AnalysisRequest, word: BoundWord, number: int, own: BoundType
) -> LiftSlot:
    is_typed = word.typed_at is not None
    if not word.is_text and own is not BoundType.INTEGER:
        raise _NotLiftedError
    copies = [leaf for leaf in parsed.tree.find_all(exp.Literal) if _is_copy(leaf, word, number)]
    uses: set[tuple[str | None, bool]] = set()
    for leaf in copies:
        found = _NumberUse(leaf) if not word.is_text else None
        if found is not None:
            found.check(request, own)
            uses.add((None, True))
        elif not _is_echo(leaf):
            uses.add(_text_use(leaf, word, request, own))
    if len(uses) != 1:
        raise _NotLiftedError
    ((cast, is_value),) = uses
    if is_typed and not all(isinstance(leaf.parent, exp.Cast) for leaf in copies):
        raise _NotLiftedError
    return LiftSlot(
        text=word.text, is_text=word.is_text, cast=cast, is_value=is_value, is_typed=is_typed
    )


def _is_copy(leaf: exp.Literal, word: BoundWord, number: int) -> bool:
    if not word.is_text:
        return not leaf.is_string and leaf.name == str(_NUMBER + number)
    found = _NUMBERED.search(leaf.name) if leaf.is_string else None
    return found is not None and int(found[1]) == number


def _is_echo(leaf: exp.Expr) -> bool:
    """Whether it stands where qualifying copies an output column to: keys of groups and orders."""
    node = _outside_parens(leaf)
    if isinstance(node.parent, exp.Ordered):
        return True
    return isinstance(node.parent, (exp.Group, exp.Window)) and node.arg_key in (
        "expressions",
        "partition_by",
    )


def _outside_parens(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    return node


def _text_use(
    leaf: exp.Expr, word: BoundWord, request: AnalysisRequest, own: BoundType
) -> tuple[str | None, bool]:
    """The type that the engine reads the text as, and whether it reads the very bound.

    The type is None where it stays text, or is cast as it stands.
    """
    node = _outside_parens(leaf)
    parent = node.parent
    if isinstance(parent, (exp.Cast, exp.TryCast)) and node.arg_key == "this":
        return None, _reads_bound(word, parent.to.this, own)
    if _is_output(node) or isinstance(parent, exp.DPipe):
        return None, False
    other = _compared_with(node)
    if other is None:
        raise _NotLiftedError
    kind = _type_of(other, request)
    if kind is None:
        raise _NotLiftedError
    if kind in _TEXTS:
        # `partition_filter` prints typed bounds, which an engine compares as dates, not as text.
        if not isinstance(parent, (exp.EQ, exp.NEQ, exp.In)):
            raise _NotLiftedError
        return None, False
    if own is BoundType.INTEGER and kind in _INTEGERS and BOUND.fullmatch(word.text):
        return str(exp.DataType.build(kind).sql("duckdb")), False
    moment = _MOMENTS.get(kind)
    if moment is None or moment not in _READABLE.get(own, frozenset()):
        raise _NotLiftedError
    if moment == "DATE" and not BOUND.fullmatch(word.text):
        raise _NotLiftedError
    return moment, _reads_bound(word, kind, own)


def _reads_bound(word: BoundWord, kind: object, own: BoundType) -> bool:
    """Whether text that is a bound and no more, cast to `kind`, gives what the bound's value gives."""
    target = _MOMENTS.get(kind) if isinstance(kind, exp.DType) else None
    return BOUND.fullmatch(word.text) is not None and target in _SAME_VALUE.get(own, ())


def _is_output(node: exp.Expr) -> bool:
    at = node.parent if isinstance(node.parent, exp.Alias) else node
    return isinstance(at.parent, exp.Select) and at.arg_key == "expressions"


def _compared_with(node: exp.Expr) -> exp.Expr | None:
    """What a bound is compared with, None where it is not one side of a comparison."""
    parent, found = node.parent, None
    if isinstance(parent, _COMPARED):
        found = parent.expression if node.arg_key == "this" else parent.this
    elif isinstance(parent, exp.Between) and node.arg_key in ("low", "high"):
        # BETWEEN and IN compare all of their operands as one type.
        other = parent.args["high" if node.arg_key == "low" else "low"]
        found = parent.this if other.find(exp.Column) is None else None
    elif isinstance(parent, exp.In) and node.arg_key == "expressions":
        is_list = all(isinstance(one, exp.Literal) for one in parent.expressions)
        found = parent.this if is_list else None
    return found if isinstance(found, exp.Expr) else None


def _type_of(node: exp.Expr, request: AnalysisRequest) -> exp.DType | None:
    """The engine's own type of an operand: that of a cast, or of a column of an input.

    Followed through CTEs and subqueries that pass the column on; None for all else.
    """
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return node.to.this if not node.to.expressions else None
    if not isinstance(node, exp.Column) or not node.table:
        return None
    select = node.parent_select
    while isinstance(select, exp.Select):
        for source in select.find_all(exp.Table, exp.Subquery):
            is_own = source.parent_select is select and source.alias_or_name == node.table
            if is_own and isinstance(source, (exp.Table, exp.Subquery)):
                return _source_type(source, node.name, request)
        select = select.parent_select
    return None


def _source_type(
    source: exp.Table | exp.Subquery, column: str, request: AnalysisRequest
) -> exp.DType | None:
    if isinstance(source, exp.Subquery):
        return _output_type(source.this, column, request)
    if source.args.get("db"):
        return None
    ref = request.occurrences.get(source.name)
    if ref is not None and ref.columns is not None:
        known = column_types(ref.columns, request.dialect).get(column)
        return known.this if known is not None and not known.expressions else None
    ctes = [cte for cte in source.root().find_all(exp.CTE) if cte.alias == source.name]
    if len(ctes) != 1 or ctes[0].args["alias"].args.get("columns"):
        return None
    return _output_type(ctes[0].this, column, request)


def _output_type(query: exp.Expr, column: str, request: AnalysisRequest) -> exp.DType | None:
    """The type of an output column of a plain SELECT."""
    if not isinstance(query, exp.Select):
        return None
    named = [one for one in query.selects if one.alias_or_name == column]
    return _type_of(named[0].unalias(), request) if len(named) == 1 else None


class _NumberUse:
    """A bare number that prints a bound of an integer partition."""

    def __init__(self, leaf: exp.Expr) -> None:
        self._node = _outside_parens(leaf)

    def check(self, request: AnalysisRequest, own: BoundType) -> None:
        """Raises _NotLiftedError unless the number is an output, a summand or compared with one."""
        node = self._node
        if own is not BoundType.INTEGER:
            raise _NotLiftedError
        if _is_output(node) or isinstance(node.parent, (exp.Cast, exp.TryCast)):
            return
        other = _compared_with(node)
        if other is None and isinstance(node.parent, _SUMS):
            other = node.parent.expression if node.arg_key == "this" else node.parent.this
        if other is None or _type_of(other, request) not in _INTEGERS:
            raise _NotLiftedError
