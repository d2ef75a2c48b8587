"""Whether a column can stand in the place of a partition's bounds, so that one query gives many partitions.

Where WHERE lets through only rows whose date `c` is the bound, the bound may be read as `c` in all that is
computed of a row, and of a group once `c` is one of its keys: cut to one day, the new query gives what
the old one gives for that day. All words that print bounds must stand in the outermost SELECT, outside of
FROM; it has no LIMIT, no DISTINCT, no window and no aggregate without GROUP BY, and shows `c` or the bound as
the partition column.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import Origin, Path
from sqlbackfill.query.conditions import conjuncts
from sqlbackfill.query.determinism import is_aggregate
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.grouping import grouping_of, key_nodes
from sqlbackfill.query.parse import ParsedQuery, Places, parse_query
from sqlbackfill.query.scopes import Scope, Scopes, resolve
from sqlbackfill.query.shown import own_nodes
from sqlbackfill.query.splice import BOUND, BoundWord, bound_words, replaced
from sqlbackfill.query.substituted import BoundValue, Substitution
from sqlbackfill.query.terms import Terms
from sqlbackfill.query.values import END, Constants, count_markers, holds_marker

_SELECT_ARGS: Final = frozenset(
    {"with_", "expressions", "from_", "joins", "where", "group", "having", "order"}
)
_WORD_ARGS: Final = frozenset({"expressions", "where", "group", "having", "order"})
_COMPARED: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_FLIPPED: Final = {exp.GTE: exp.LTE, exp.LT: exp.GT, exp.EQ: exp.EQ}
_NUMBER_AT: Final = "__sb_word_{}__"


class _RefusedError(Exception):
    """A condition of the substitution does not hold."""


def substitution_of(request: AnalysisRequest) -> Substitution | None:
    """What to put in the bounds' places, or None where it is not proven to be the same."""
    partition = request.partition
    if partition is None or partition.grain != "day" or request.bounds_in_control_flow:
        return None
    words = bound_words(request.sql, request.dialect)
    if not words or any(not word.is_text or not BOUND.fullmatch(word.text) for word in words):
        return None
    try:
        return _Substituted(request, words).result()
    except (_RefusedError, ProjectError, RecursionError):
        return None


class _Substituted:
    """One attempt."""

    def __init__(self, request: AnalysisRequest, words: tuple[BoundWord, ...]) -> None:
        self._request = request
        self._words = words
        self._parsed, self._numbers = _told_apart(request, words)
        root = self._parsed.tree
        if not isinstance(root, exp.Select) or not self._parsed.is_qualified:
            raise _RefusedError
        self._root = root
        rules = EdgeRules(request.session_timezone, request.dialect)
        self._scopes = Scopes(request.occurrences, request.dialect)
        self._terms = Terms(self._scopes, rules)
        self._constants = Constants(rules, BoundType.DATE)
        env, _ = self._scopes.enter(root, {})
        self._scope: Scope = self._scopes.scope(root, env, None)

    def result(self) -> Substitution:
        self._check_root()
        column = self._carrier()
        self._check_partition(column)
        group_key = self._group_key(column)
        values = tuple(self._value(word, number, column) for number, word in enumerate(self._words))
        return Substitution(
            values=values,
            group_key=group_key,
            column=_shown(column),
            dialect=self._request.dialect,
        )

    def _check_root(self) -> None:
        """Raises unless the outermost SELECT has only parts that go row by row or group by group."""
        root = self._root
        if any(value and key not in _SELECT_ARGS for key, value in root.args.items()):
            raise _RefusedError
        clauses = [
            root.args[key] for key in ("where", "group", "having", "order") if root.args.get(key)
        ]
        for clause in (*root.expressions, *clauses):
            if clause.is_star or any(isinstance(node, exp.Window) for node in own_nodes(clause)):
                raise _RefusedError
        for leaf, _ in self._numbers:
            node: exp.Expr = leaf
            while node.parent is not None and node.parent is not root:
                if isinstance(node.parent, exp.Query):
                    raise _RefusedError
                node = node.parent
            if node.parent is not root or node.arg_key not in _WORD_ARGS:
                raise _RefusedError

    def _carrier(self) -> exp.Expr:
        """The date that WHERE holds to be the bound for every row."""
        where = self._root.args.get("where")
        starts: list[exp.Expr] = []
        ends: list[exp.Expr] = []
        for node in conjuncts(where.this) if where is not None else ():
            for kind, side in self._bounded(node):
                if kind is exp.EQ:
                    return side
                (starts if kind is exp.GTE else ends).append(side)
        for side in starts:
            if side in ends:
                return side
        raise _RefusedError

    def _bounded(self, node: exp.Expr) -> list[tuple[type[exp.Expr], exp.Expr]]:
        """(=, >= or <, date) of a comparison of a date of a source with the very bound."""
        found: list[tuple[type[exp.Expr], exp.Expr]] = []
        for own, other, flipped in (
            (node.args.get("this"), node.args.get("expression"), False),
            (node.args.get("expression"), node.args.get("this"), True),
        ):
            for operator, mirrored in _FLIPPED.items():
                if type(node) is not (mirrored if flipped else operator):
                    continue
                if not isinstance(own, exp.Expr) or not isinstance(other, exp.Expr):
                    continue
                origin = Origin.HI if operator is exp.LT else Origin.LO
                if self._is_date(own) and self._constants.value(other, BoundType.DATE) == Path(
                    origin
                ):
                    found.append((operator, own))
        return found

    def _is_date(self, node: exp.Expr) -> bool:
        """Whether it is a date column of a source of the SELECT, or such a column cast to a date."""
        inner = node.unnest()
        if isinstance(inner, (exp.Cast, exp.Date, exp.TsOrDsToDate)):
            extra = [k for k, v in inner.args.items() if v and k not in ("this", "to", "_type")]
            inner = inner.this if not extra else inner
        if not isinstance(inner, exp.Column):
            return False
        found = resolve(inner, self._scope)
        is_own = found is not None and found[0] is self._scope
        return is_own and self._scopes.kind(node, self._scope) is BoundType.DATE

    def _check_partition(self, column: exp.Expr) -> None:
        partition = self._request.partition
        wanted = partition.column.lower() if partition is not None else ""
        shown = [one for one in self._root.selects if one.alias_or_name.lower() == wanted]
        if len(shown) != 1 or not self._is_bound(shown[0].unalias(), column):
            raise _RefusedError

    def _is_bound(self, node: exp.Expr, column: exp.Expr) -> bool:
        node = node.unnest()
        if node == column.unnest():
            return True
        is_date = isinstance(node, (exp.Cast, exp.Date))
        return is_date and self._constants.value(node, BoundType.DATE) == Path(Origin.LO)

    def _group_key(self, column: exp.Expr) -> str | None:
        """The key to add; None where there are no groups, or GROUP BY ALL takes it from what is shown."""
        group = self._root.args.get("group")
        if group is None:
            if grouping_of(self._scope, self._terms) is not None:
                raise _RefusedError
            return None
        if group.args.get("all"):
            # A column beside an aggregate, or in HAVING, is not the key that the shown one is.
            if any(_is_beside_aggregate(leaf, self._root) for leaf, _ in self._numbers):
                raise _RefusedError
            return None
        _, is_super = key_nodes(group, self._root)
        if (
            is_super
            or not group.expressions
            or any(value for key, value in group.args.items() if key != "expressions")
        ):
            raise _RefusedError
        return self._text(column)

    def _value(self, word: BoundWord, number: int, column: exp.Expr) -> BoundValue:
        copies = [leaf for leaf, own in self._numbers if own == number]
        found = {self._use(leaf, column) for leaf in copies if not _is_echo(leaf)}
        if len(found) != 1:
            raise _RefusedError
        (value,) = found
        is_typed = word.typed_at is not None
        if is_typed and not all(isinstance(leaf.parent, exp.Cast) for leaf in copies):
            raise _RefusedError
        return BoundValue(text=word.text, value=value, is_typed=is_typed)

    def _use(self, leaf: exp.Expr, column: exp.Expr) -> str:
        """The SQL that means the same where the leaf stands."""
        node = leaf
        while isinstance(node.parent, exp.Paren):
            node = node.parent
        parent = node.parent
        date = self._text(column)
        if leaf.name == END:
            if self._request.dialect != "duckdb":
                raise _RefusedError
            date = f"({date} + 1)"
        if isinstance(parent, (exp.Cast, exp.Date)) and node.arg_key == "this":
            if self._scopes.kind(parent, self._scope) is not BoundType.DATE:
                raise _RefusedError
            return date
        if isinstance(parent, _COMPARED):
            other = parent.expression if node.arg_key == "this" else parent.this
            if holds_marker(other) or self._scopes.kind(other, self._scope) is not BoundType.DATE:
                raise _RefusedError
            return date
        at = parent if isinstance(parent, exp.Alias) else node
        if at.parent is self._root and at.arg_key == "expressions":
            return f"CAST({date} AS {exp.DataType.build('text').sql(self._request.dialect)})"
        raise _RefusedError

    def _text(self, column: exp.Expr) -> str:
        copy = column.unnest().copy()
        for name in copy.find_all(exp.Identifier):
            name.set("quoted", True)
        return copy.sql(self._request.dialect)


def _told_apart(
    request: AnalysisRequest, words: tuple[BoundWord, ...]
) -> tuple[ParsedQuery, list[tuple[exp.Literal, int]]]:
    """The qualified tree, and which word each of its literals came from."""
    edits = [
        (word.start, word.end, f"'{_NUMBER_AT.format(number)}'")
        for number, word in enumerate(words)
    ]
    numbered = replace(request, sql=replaced(request.sql, edits), locate=None)
    parsed = parse_query(numbered, Places(numbered))
    found: list[tuple[exp.Literal, int]] = []
    names = {_NUMBER_AT.format(number): number for number in range(len(words))}
    for leaf in parsed.tree.find_all(exp.Literal):
        number = names.get(leaf.name)
        if number is not None:
            leaf.set("this", words[number].text)
            found.append((leaf, number))
    if count_markers(parsed.tree) != len(found) or {n for _, n in found} != {*range(len(words))}:
        raise _RefusedError
    return parsed, found


def _is_beside_aggregate(leaf: exp.Expr, root: exp.Expr) -> bool:
    node, is_inside = leaf, False
    while node.parent is not None and node.parent is not root:
        node = node.parent
        is_inside = is_inside or is_aggregate(node) or isinstance(node, exp.Filter)
    if node.arg_key in ("having", "order"):
        return True
    return not is_inside and any(is_aggregate(one) for one in own_nodes(node))


def _is_echo(leaf: exp.Expr) -> bool:
    """Whether it stands where qualifying copies an output column to: keys of groups and orders."""
    node: exp.Expr = leaf
    while isinstance(node.parent, (exp.Paren, exp.Cast)):
        node = node.parent
    return isinstance(node.parent, (exp.Ordered, exp.Group))


def _shown(column: exp.Expr) -> str:
    return column.unnest().sql()
