"""Expressions as text in which only what changes their value shows. Names no table and no column.

Every rewrite holds for bags and for three-valued logic, and none computes: arithmetic on doubles is
neither reordered nor folded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from sqlglot import exp

from sqlbackfill.query.blocks import Unresolvable
from sqlbackfill.query.rowwise import is_opaque

Place = object

_EXACT: Final = frozenset({exp.DType.INT, exp.DType.BIGINT})
_INTEGERS: Final = _EXACT | {exp.DType.SMALLINT, exp.DType.TINYINT}
# Sums of integers that overflow become doubles here, so that their order shows.
_INEXACT_SUMS: Final = frozenset({"sqlite"})
_CASED_NAMES: Final = frozenset({"bigquery"})


class CanonicalText(ABC):
    """Prints expressions; what columns and subqueries stand for is the subclass's to say."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._printers: dict[type, Callable[[exp.Expr, Place], str]] = {
            exp.Column: self.column,
            exp.Paren: lambda node, place: self.text(node.this, place),
            exp.Literal: _literal,
            exp.And: self._junction,
            exp.Or: self._junction,
            exp.Add: self._commuting,
            exp.Mul: self._commuting,
            exp.EQ: self._symmetric,
            exp.NEQ: self._symmetric,
            exp.GT: self._turned,
            exp.GTE: self._turned,
            exp.In: self._in,
            exp.Ordered: self._ordered,
            exp.Window: self._window,
            exp.Anonymous: self._anonymous,
            exp.Select: self.subquery,
            exp.Union: self.subquery,
            exp.Except: self.subquery,
            exp.Intersect: self.subquery,
            exp.Subquery: self.subquery,
            exp.Exists: self.exists,
            exp.Table: _unresolvable,
            exp.TableColumn: _unresolvable,
        }

    @abstractmethod
    def column(self, node: exp.Expr, place: Place) -> str:
        """What a column reference stands for."""

    @abstractmethod
    def subquery(self, node: exp.Expr, place: Place) -> str:
        """The rows and columns of a query that stands in an expression."""

    @abstractmethod
    def exists(self, node: exp.Expr, place: Place) -> str:
        """Whether a query has rows."""

    def text(self, node: exp.Expr, place: Place) -> str:
        """The canonical text of an expression. Raises Unresolvable."""
        printer = self._printers.get(type(node))
        return self.plain(node, place) if printer is None else printer(node, place)

    def plain(self, node: exp.Expr, place: Place) -> str:
        """The node by its class and arguments, nothing rewritten."""
        if is_opaque(node) or (type(node) is exp.Star and type(node.parent) is not exp.Count):
            raise Unresolvable
        parts = [
            f"{name}={self._value(value, place)}"
            for name, value in node.args.items()
            if value is not None and value != []
        ]
        parts.sort()
        return f"{node.key}({','.join(parts)})"

    def conjuncts(self, node: exp.Expr, place: Place) -> list[str]:
        """The conditions that must all be true, sorted, each once; those that are always true left out."""
        return sorted(
            {self.text(part, place) for part in _operands(node, exp.And) if not _is_true(part)}
        )

    def _value(self, value: object, place: Place) -> str:
        if isinstance(value, exp.Expr):
            return self.text(value, place)
        if isinstance(value, (list, tuple)):
            return f"[{','.join([self._value(one, place) for one in value])}]"
        if isinstance(value, exp.DType):
            return value.value
        if isinstance(value, (str, bool, int)):
            return repr(value)
        raise Unresolvable

    def _junction(self, node: exp.Expr, place: Place) -> str:
        parts = {self.text(part, place) for part in _operands(node, type(node))}
        return f"{node.key}({','.join(sorted(parts))})"

    def _commuting(self, node: exp.Expr, place: Place) -> str:
        """Sums and products of integers of one type in any order; others with their operands as written."""
        parts = _operands(node, type(node))
        kinds = {_type(part) for part in parts if not isinstance(part, exp.Literal)}
        if len(parts) > 2 and not self._is_exact(parts, kinds):
            parts = [node.this, node.expression]
            kinds = {_type(part) for part in parts if not isinstance(part, exp.Literal)}
        texts = [self.text(part, place) for part in parts]
        if len(kinds) == 1 and kinds <= _INTEGERS and all(_type(p) in _INTEGERS for p in parts):
            texts.sort()
        return f"{node.key}({','.join(texts)})"

    def _is_exact(self, parts: list[exp.Expr], kinds: set[exp.DType | None]) -> bool:
        if self._dialect in _INEXACT_SUMS or len(kinds) != 1 or not kinds <= _EXACT:
            return False
        return all(_type(part) in _INTEGERS for part in parts)

    def _symmetric(self, node: exp.Expr, place: Place) -> str:
        texts = [self.text(node.this, place), self.text(node.expression, place)]
        if _are_alike(node):
            texts.sort()
        return f"{node.key}({','.join(texts)})"

    def _turned(self, node: exp.Expr, place: Place) -> str:
        left, right = self.text(node.this, place), self.text(node.expression, place)
        if _are_alike(node):
            return f"{'lt' if type(node) is exp.GT else 'lte'}(expression={left},this={right})"
        return f"{node.key}(expression={right},this={left})"

    def _in(self, node: exp.Expr, place: Place) -> str:
        items = sorted({self.text(item, place) for item in node.expressions})
        others = [
            f"{name}={self._value(value, place)}"
            for name, value in node.args.items()
            if name != "expressions" and value is not None
        ]
        return f"in({','.join([*sorted(others), *items])})"

    def _ordered(self, node: exp.Expr, place: Place) -> str:
        flags = [name for name in ("desc", "nulls_first") if node.args.get(name)]
        rest = [name for name, value in node.args.items() if value is not None]
        if not {*rest} <= {"this", "desc", "nulls_first"}:
            return self.plain(node, place)
        return f"ordered({','.join([self.text(node.this, place), *flags])})"

    def _window(self, node: exp.Expr, place: Place) -> str:
        parts = [
            f"{name}={self._value(value, place)}"
            for name, value in node.args.items()
            if name != "partition_by" and value is not None and value != []
        ]
        keys = {self.text(key, place) for key in node.args.get("partition_by") or ()}
        return f"window({','.join(sorted(parts))};{','.join(sorted(keys))})"

    def _anonymous(self, node: exp.Expr, place: Place) -> str:
        if is_opaque(node) or not isinstance(node.this, str):
            raise Unresolvable
        name = node.this if self._dialect in _CASED_NAMES else node.this.lower()
        arguments = [self.text(argument, place) for argument in node.expressions]
        return f"call({name!r},{','.join(arguments)})"


def _literal(node: exp.Expr, place: Place) -> str:
    del place
    return repr(node.this) if node.args.get("is_string") else f"#{node.this}"


def _unresolvable(node: exp.Expr, place: Place) -> str:
    del node, place
    raise Unresolvable


def _operands(node: exp.Expr, kind: type) -> list[exp.Expr]:
    """The operands of a chain of one operator, in order, without parentheses."""
    found: list[exp.Expr] = []
    pending = [node]
    while pending:
        one = pending.pop()
        while type(one) is exp.Paren:
            one = one.this
        if type(one) is kind:
            pending += (one.args["expression"], one.this)
        else:
            found.append(one)
    return found


def _is_true(node: exp.Expr) -> bool:
    if type(node) is exp.Boolean:
        return bool(node.this)
    if type(node) is not exp.EQ:
        return False
    left, right = node.this, node.expression
    return (
        type(left) is exp.Literal
        and type(right) is exp.Literal
        and bool(left.this == right.this)
        and left.args.get("is_string") == right.args.get("is_string")
    )


def _type(node: exp.Expr) -> exp.DType | None:
    type_ = node.type
    return type_.this if type_ is not None else None


def _are_alike(node: exp.Expr) -> bool:
    """Whether both operands are known to be of one type, so that neither is converted."""
    left, right = node.this.type, node.expression.type
    return left is not None and left.this is not exp.DType.UNKNOWN and left == right
