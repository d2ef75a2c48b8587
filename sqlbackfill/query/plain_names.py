"""Names and types of plain queries in one walk, as `plain_query` reads them.

What comes out is what sqlglot's `qualify` and `annotate_types` make of such a query, in a third of the
time. Everything is read before anything is changed: a query with anything else in it is theirs, untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from sqlglot import exp
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.schema import MappingSchema

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.plain_query import (
    Block,
    NotPlainError,
    Reader,
    Source,
    Types,
    is_plain_dialect,
    is_safe,
)

_STRUCTURE: Final = frozenset({
    exp.Select, exp.With, exp.CTE, exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Identifier,
    exp.Alias, exp.Column, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Distinct, exp.Star,
})  # fmt: skip


# Early releases of sqlglot 30 type whole queries only.
_TYPES_ONE: Final = hasattr(TypeAnnotator, "annotate_expression")


@dataclass(frozen=True, slots=True)
class PlainQuery:
    """What was seen of a query on the way: its tables, the classes of its nodes and perhaps others, and by
    marker the aliases that its inputs were given.
    """

    tables: list[exp.Table]
    classes: frozenset[type[exp.Expr]]
    aliases: dict[str, str]


def resolve_plainly(
    tree: exp.Expr, inputs: Mapping[str, Types], aliases: Mapping[str, str], dialect: str
) -> PlainQuery | None:
    """The query of `tree` once its names and types are resolved in place; None where that is left to
    sqlglot, nothing being changed.

    `aliases` is what each input is called where the author gives it no alias.
    """
    if type(tree) is not exp.Select or not _TYPES_ONE or not is_plain_dialect(dialect):
        return None
    reader = Reader(inputs, aliases, dialect)
    try:
        blocks = reader.blocks(tree)
    except NotPlainError:
        return None
    sources = [source for block in blocks for source in block.sources.values()]
    found = PlainQuery(
        tables=[source.node for source in sources],
        classes=frozenset(reader.classes) | _STRUCTURE,
        aliases={
            source.marker: aliases[source.marker]
            for source in sources
            if source.marker is not None and source.node.args.get("alias") is None
        },
    )
    for block in blocks:
        _name(block)
    annotator = TypeAnnotator(_schema(dialect))
    for block in blocks:
        _type(block, annotator)
    # All are typed: what is left to do is what becomes of NULLs without a type.
    annotator.annotate(blocks[-1].select.expressions[0], annotate_scope=False)
    return found


@lru_cache(maxsize=64)
def _schema(dialect: str) -> MappingSchema:
    """What tells the annotator the dialect; it asks for no column."""
    return MappingSchema(dialect=dialect)


def _name(block: Block) -> None:
    """Puts the names of sources to columns, columns in the place of stars, and a name to each item."""
    for identifier, spelled in block.spelled:
        identifier.set("this", spelled)
    for source in block.sources.values():
        if source.marker is not None:
            source.node.this.set("quoted", True)
        if source.node.args.get("alias") is None:
            source.node.set("alias", exp.TableAlias(this=exp.to_identifier(source.shown)))
    for column, source, _ in block.found:
        if column.args.get("table") is None:
            column.set("table", _copied(source.node.args["alias"].this))
    items: list[exp.Expr] = []
    for item in block.select.expressions:
        if type(item) is exp.Alias:
            items.append(item)
        elif (sources := block.stars.get(id(item))) is None:
            items.append(_named(item, item.this.name, item.this.args.get("quoted")))
        else:
            for source in sources:
                items += _columns(source, block)
    block.select.set("expressions", items)


def _columns(source: Source, block: Block) -> list[exp.Expr]:
    """All columns of a source, as a star shows them."""
    found: list[exp.Expr] = []
    for name in source.names:
        is_quoted = name in source.quoted
        column = exp.Column(
            this=exp.Identifier(this=name, quoted=is_quoted),
            table=exp.Identifier(this=source.shown, quoted=is_quoted),
        )
        block.found.append((column, source, name))
        found.append(_named(column, name, is_quoted))
    return found


def _named(column: exp.Expr, name: str, is_quoted: object) -> exp.Expr:
    quoted = bool(is_quoted) or not is_safe(name)
    return exp.Alias(this=column, alias=exp.Identifier(this=name, quoted=quoted))


def _copied(identifier: exp.Expr) -> exp.Expr:
    """The same with the place where it stands, which is that of what it is put to."""
    if identifier.comments:
        return identifier.copy()
    copy = exp.Identifier(**identifier.args)
    if identifier.meta_get("line") is not None:
        copy.meta.update(identifier.meta)
    return copy


def _type(block: Block, annotator: TypeAnnotator) -> None:
    """Types the columns from their sources, then what is computed from them, then the items."""
    set_type = annotator._set_type  # noqa: SLF001  the annotator is to take them for its own
    for column, source, name in block.found:
        type_ = source.types[name]
        set_type(column, type_)
        if type_ is not None and type_.args.get("nullable") is False:
            column.meta["nonnull"] = True
    for root in block.roots:
        annotator.annotate_expression(root)
    types = block.types
    for item, name in zip(block.select.expressions, block.names, strict=True):
        shown = item.this
        types[name] = shown.type
        set_type(item, shown.type)
        if shown.meta_get("nonnull") is True:
            item.meta["nonnull"] = True
