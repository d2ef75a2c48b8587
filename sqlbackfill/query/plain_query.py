"""Plain queries as they are read: SELECTs over CTEs and over inputs whose columns are known, each name of a
column with the only source that has it. Nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from sqlbackfill.dataclass import dataclass, field

Types: TypeAlias = Mapping[str, exp.DataType | None]

_EXPRESSIONS: Final = frozenset({
    exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Not, exp.Neg, exp.Cast, exp.TryCast, exp.DataType,
    exp.DataTypeParam, exp.And, exp.Or, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Like, exp.ILike, exp.DPipe, exp.Between,
    exp.In, exp.Case, exp.If, exp.Interval, exp.Var, exp.Ordered, exp.Order, exp.Window, exp.WindowSpec,
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Lower,
    exp.Upper, exp.Trim, exp.Length, exp.Substring, exp.Replace, exp.Concat, exp.Left, exp.Right,
    exp.StartsWith, exp.EndsWith, exp.MD5, exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg, exp.AnyValue,
    exp.CountIf, exp.Stddev, exp.Variance, exp.Median, exp.Distinct, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag,
    exp.Lead, exp.FirstValue, exp.LastValue, exp.Ntile, exp.PercentRank, exp.CumeDist, exp.Filter,
    exp.IgnoreNulls, exp.RespectNulls, exp.TimestampTrunc, exp.DateTrunc, exp.DateDiff, exp.DateAdd,
    exp.DateSub, exp.TsOrDsAdd, exp.TsOrDsToDate, exp.Date, exp.Year, exp.Month, exp.Day, exp.Extract,
    exp.CurrentDate, exp.CurrentTimestamp,
})  # fmt: skip
_PARTS: Final = frozenset(
    {"with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "distinct"}
)
_NAMES: Final = ("this", "table")
_JOINS: Final = frozenset({"", "INNER", "OUTER", "CROSS", "LEFT", "RIGHT", "FULL"})


class NotPlainError(Exception):
    """The query has something in it that is not read here."""


@dataclass(slots=True, eq=False)
class Source:
    """A table or CTE in a FROM. `names` are its columns in order, `types` theirs once they are known;
    `quoted` are the names that a star spells in quotes, `marker` what an input is called in the text.
    """

    node: exp.Table
    shown: str
    names: list[str]
    types: Types
    quoted: Collection[str]
    marker: str | None = None


@dataclass(slots=True, eq=False)
class Block:
    """One SELECT, as far as it was read. `found` has each column with its source and name."""

    select: exp.Select
    sources: dict[str, Source] = field(default_factory=dict)
    found: list[tuple[exp.Expr, Source, str]] = field(default_factory=list)
    stars: dict[int, list[Source]] = field(default_factory=dict)
    spelled: list[tuple[exp.Expr, str]] = field(default_factory=list)
    roots: list[exp.Expr] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    quoted: set[str] = field(default_factory=set)
    types: dict[str, exp.DataType | None] = field(default_factory=dict)


@lru_cache(maxsize=64)
def is_plain_dialect(name: str) -> bool:
    """Whether names mean the same in every place, and those of inputs come before those that a query gives."""
    dialect = Dialect.get_or_raise(name)
    return type(dialect).normalize_identifier is Dialect.normalize_identifier and not (
        dialect.FORCE_EARLY_ALIAS_REF_EXPANSION
        or dialect.PROJECTION_ALIASES_SHADOW_SOURCE_NAMES
        or dialect.ANNOTATE_ALL_SCOPES
        or dialect.DISABLES_ALIAS_REF_EXPANSION
    )


@lru_cache(maxsize=65536)
def _spelling(name: str, is_quoted: bool, dialect: str) -> str:
    """The name as the dialect understands it."""
    known = Dialect.get_or_raise(dialect)
    return known.normalize_identifier(exp.to_identifier(name, quoted=is_quoted)).name


@lru_cache(maxsize=65536)
def is_safe(name: str) -> bool:
    """Whether sqlglot takes the name for one that needs no quotes."""
    return not exp.to_identifier(name).quoted


@lru_cache(maxsize=65536)
def _is_pseudo(name: str, dialect: str) -> bool:
    return name.upper() in Dialect.get_or_raise(dialect).PSEUDOCOLUMNS


@lru_cache(maxsize=65536)
def _must_be_quoted(name: str, dialect: str) -> bool:
    return bool(Dialect.get_or_raise(dialect).case_sensitive(name))


class Reader:
    """Reads a query without changing it; raises NotPlainError.

    `inputs` are the columns of the relations that markers stand for, `aliases` what each is called where
    the author gives it no alias.
    """

    def __init__(
        self, inputs: Mapping[str, Types], aliases: Mapping[str, str], dialect: str
    ) -> None:
        self._inputs = inputs
        self._aliases = aliases
        self._dialect = dialect
        self.classes: set[type[exp.Expr]] = set()

    def blocks(self, tree: exp.Select) -> list[Block]:
        """The SELECTs of `tree`, each after those that it reads."""
        found: list[Block] = []
        ctes: dict[str, Block] = {}
        with_ = tree.args.get("with_")
        if with_ is not None:
            if with_.args.get("recursive"):
                raise NotPlainError
            for cte in with_.expressions:
                alias = cte.args.get("alias")
                query = cte.this
                is_plain = type(query) is exp.Select and query.args.get("with_") is None
                if not is_plain or alias is None or alias.args.get("columns"):
                    raise NotPlainError
                block = self._block(query, ctes)
                name = self._spelled(alias.this, block)
                if name in ctes or name in self._inputs:
                    raise NotPlainError
                ctes[name] = block
                found.append(block)
        found.append(self._block(tree, ctes))
        return found

    def _block(self, select: exp.Select, ctes: Mapping[str, Block]) -> Block:
        args = select.args
        for key, value in args.items():
            if key not in _PARTS and value:
                raise NotPlainError
        block = Block(select)
        distinct = args.get("distinct")
        if distinct is not None and any(distinct.args.values()):
            raise NotPlainError
        self._sources(select, block, ctes)
        self._items(select, block)
        for key in ("where", "having", "qualify"):
            if (clause := args.get(key)) is not None:
                self._expression(clause.this, block, sees_items=key != "where")
        for join in args.get("joins") or ():
            if (on := join.args.get("on")) is not None:
                self._expression(on, block)
        self._group(args.get("group"), block)
        return block

    def _sources(self, select: exp.Select, block: Block, ctes: Mapping[str, Block]) -> None:
        from_ = select.args.get("from_")
        if from_ is None:
            raise NotPlainError
        nodes = [from_.this]
        for join in select.args.get("joins") or ():
            args = join.args
            kinds = {(args.get(key) or "").upper() for key in ("side", "kind")}
            unknown = any(v for k, v in args.items() if k not in ("this", "side", "kind", "on"))
            if unknown or not kinds <= _JOINS:
                raise NotPlainError
            nodes.append(join.this)
        for node in nodes:
            self._source(node, block, ctes)

    def _source(self, node: exp.Expr, block: Block, ctes: Mapping[str, Block]) -> None:
        args = node.args
        if (
            not isinstance(node, exp.Table)
            or type(node.this) is not exp.Identifier
            or any(v for k, v in args.items() if k not in ("this", "alias"))
        ):
            raise NotPlainError
        name: str = node.this.args["this"]
        alias = args.get("alias")
        if alias is not None and (alias.args.get("columns") or alias.args.get("this") is None):
            raise NotPlainError
        shown = None if alias is None else self._spelled(alias.this, block)
        if (types := self._inputs.get(name)) is not None:
            if _spelling(name, True, self._dialect) != name:
                raise NotPlainError
            given = self._aliases[name]
            shown = shown or _spelling(given, not is_safe(given), self._dialect)
            quoted = [n for n in types if _must_be_quoted(n, self._dialect)]
            source = Source(node, shown, list(types), types, quoted, name)
        elif (cte := ctes.get(name := self._spelled(node.this, block))) is not None:
            shown = shown or name
            source = Source(node, shown, cte.names, cte.types, cte.quoted)
        else:
            raise NotPlainError
        if shown in block.sources or not source.names:
            raise NotPlainError
        block.sources[shown] = source

    def _items(self, select: exp.Select, block: Block) -> None:
        names = block.names
        for item in select.expressions:
            kind = type(item)
            if kind is exp.Alias:
                alias = item.args["alias"]
                names.append(self._spelled(alias, block))
                if alias.args.get("quoted"):
                    block.quoted.add(names[-1])
                self._expression(item.this, block)
            elif kind is exp.Star or (kind is exp.Column and type(item.this) is exp.Star):
                self._star(item, block)
            elif kind is exp.Column:
                names.append(self._column(item, block))
                if item.this.args.get("quoted") or not is_safe(names[-1]):
                    block.quoted.add(names[-1])
            else:
                raise NotPlainError
        block.types = dict.fromkeys(names)
        if len(block.types) < len(names):
            raise NotPlainError

    def _star(self, item: exp.Expr, block: Block) -> None:
        star = item if type(item) is exp.Star else item.this
        if any(star.args.values()):
            raise NotPlainError
        sources = [*block.sources.values()] if star is item else [self._named(item, block)]
        block.stars[id(item)] = sources
        for source in sources:
            if any(_is_pseudo(name, self._dialect) for name in source.names):
                raise NotPlainError
            block.names += source.names
            block.quoted |= {n for n in source.names if n in source.quoted or not is_safe(n)}

    def _named(self, column: exp.Expr, block: Block) -> Source:
        """The source that a column or star names."""
        args = column.args
        table = args.get("table")
        source = None if table is None else block.sources.get(self._spelled(table, block))
        if source is None or (len(args) > 2 and any(v for k, v in args.items() if k not in _NAMES)):
            raise NotPlainError
        return source

    def _group(self, group: exp.Expr | None, block: Block) -> None:
        if group is None:
            return
        if any(v for k, v in group.args.items() if k != "expressions"):
            raise NotPlainError
        for key in group.expressions:
            if isinstance(key, (exp.Literal, exp.Neg, exp.Paren)):
                raise NotPlainError
            self._expression(key, block)

    def _expression(self, root: exp.Expr, block: Block, *, sees_items: bool = False) -> None:
        """Notes the columns in an expression, which may name what the SELECT shows if it `sees_items`."""
        if type(root) is not exp.Column:
            block.roots.append(root)
        classes = self.classes
        pending = [root]
        while pending:
            node = pending.pop()
            kind = type(node)
            if kind is exp.Column:
                name = self._column(node, block)
                if sees_items and node.args.get("table") is None and name in block.names:
                    raise NotPlainError
                continue
            if kind is exp.Star:
                if type(node.parent) is not exp.Count or any(node.args.values()):
                    raise NotPlainError
                continue
            if kind not in _EXPRESSIONS:
                raise NotPlainError
            classes.add(kind)
            if kind is not exp.Literal:
                pending.extend(node.iter_expressions())

    def _column(self, column: exp.Expr, block: Block) -> str:
        """The name of a column, which is noted with its only possible source."""
        args = column.args
        identifier = args["this"]
        if type(identifier) is not exp.Identifier:
            raise NotPlainError
        name = self._spelled(identifier, block)
        if _is_pseudo(name, self._dialect):
            raise NotPlainError
        if args.get("table") is not None:
            source = self._named(column, block)
            if name not in source.types:
                raise NotPlainError
        else:
            if len(args) > 1 and any(v for k, v in args.items() if k != "this"):
                raise NotPlainError
            owners = [one for one in block.sources.values() if name in one.types]
            if len(owners) != 1:
                raise NotPlainError
            source = owners[0]
        block.found.append((column, source, name))
        return name

    def _spelled(self, identifier: exp.Expr, block: Block) -> str:
        args = identifier.args
        name: str = args["this"]
        spelled = _spelling(name, bool(args.get("quoted")), self._dialect)
        if spelled != name:
            block.spelled.append((identifier, spelled))
        return spelled
