"""What `ref`, `source` and `this` give to a template: relations that count each time they print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.template.types import (
    ColumnRange,
    ExternalRelation,
    RefTarget,
    RunWindow,
    Scan,
    TemplateInput,
)
from sqlbackfill.warehouse.protocol import Relation


@dataclass(frozen=True, slots=True)
class Quoting:
    """How the target quotes a relation and a single name."""

    relation: Callable[[Relation], str]
    name: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRelation:
    """A relation that prints its name as SQL. Attributes are those that dbt's relations have."""

    relation: Relation | ExternalRelation
    quoting: Quoting
    shown_parts: tuple[bool, bool, bool] = (True, True, True)
    quoted_parts: tuple[bool, bool, bool] = (True, True, True)

    @property
    def database(self) -> str | None:
        return self.relation.database if isinstance(self.relation, Relation) else None

    @property
    def schema(self) -> str | None:
        return self.relation.schema if isinstance(self.relation, Relation) else None

    @property
    def identifier(self) -> str:
        return self.relation.identifier

    @property
    def name(self) -> str:
        return self.relation.identifier

    def __str__(self) -> str:
        relation = self.relation
        if isinstance(relation, ExternalRelation):
            return relation.sql
        if all(self.shown_parts) and all(self.quoted_parts):
            return self.quoting.relation(relation)
        parts = (relation.database, relation.schema, relation.identifier)
        return ".".join(
            self.quoting.name(part) if quoted else part
            for part, shown, quoted in zip(parts, self.shown_parts, self.quoted_parts, strict=True)
            if shown and part
        )


class Printer(Protocol):
    """The render that an occurrence belongs to."""

    def print_occurrence(self, relation: OccurringRelation) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurringRelation:
    """A relation of `target` as a template holds it: each print is an occurrence of its own.

    `stands_for` is None while nothing is known of the name; `fallback` gives its parts then.
    """

    printer: Printer
    target: str
    stands_for: RefTarget | None
    fallback: Relation
    filtered: bool = True
    shown_parts: tuple[bool, bool, bool] = (True, True, True)
    quoted_parts: tuple[bool, bool, bool] = (True, True, True)

    @property
    def shown(self) -> str:
        """How errors call it."""
        return self.target.partition(":")[2] or self.target

    @property
    def database(self) -> str | None:
        return None if isinstance(self._named, ExternalRelation) else self._named.database

    @property
    def schema(self) -> str | None:
        return None if isinstance(self._named, ExternalRelation) else self._named.schema

    @property
    def identifier(self) -> str:
        return self._named.identifier

    @property
    def name(self) -> str:
        return self._named.identifier

    @property
    def table(self) -> str:
        return self._named.identifier

    def unfiltered(self) -> OccurringRelation:
        """The same without the tool's predicates."""
        return replace(self, filtered=False)

    def render(self) -> OccurringRelation:
        """The same as `unfiltered`, in dbt's words."""
        return self.unfiltered()

    def include(
        self, database: bool = True, schema: bool = True, identifier: bool = True
    ) -> OccurringRelation:
        """The same, printed with these parts of its name alone."""
        return replace(self, shown_parts=(database, schema, identifier))

    def quote(
        self, database: bool = True, schema: bool = True, identifier: bool = True
    ) -> OccurringRelation:
        """The same with these parts of its name quoted."""
        return replace(self, quoted_parts=(database, schema, identifier))

    def named(self, quoting: Quoting) -> NamedRelation:
        """What it prints in a run, without being counted."""
        return NamedRelation(
            relation=self._named,
            quoting=quoting,
            shown_parts=self.shown_parts,
            quoted_parts=self.quoted_parts,
        )

    def __str__(self) -> str:
        return self.printer.print_occurrence(self)

    @property
    def _named(self) -> Relation | ExternalRelation:
        known = self.stands_for
        if known is None:
            return self.fallback
        if isinstance(known, TemplateInput):
            return known.relation or self.fallback
        return known


Predicate = Callable[[str, str, object, object], str]


def scan_predicate(scan: Scan, quoting: Quoting, predicate: Predicate) -> str | None:
    """The condition of `scan` as SQL, None if it lets every row pass.

    `predicate` is the macro partition_predicate(column, type, start, end).
    """
    conditions = []
    for wanted in scan.predicates:
        if wanted.is_everything:
            continue
        column = quoting.name(wanted.column)
        condition = predicate(column, wanted.type.value, *range_values(wanted))
        conditions.append(f"({condition} OR {column} IS NULL)" if wanted.nulls else condition)
    if len(conditions) > 1:
        conditions = [f"({condition})" for condition in conditions]
    return " AND ".join(conditions) or None


def range_values(wanted: ColumnRange | RunWindow) -> tuple[object, object]:
    """What partition_predicate gets for `start` and `end`; a list of keys is its start."""
    if wanted.keys is not None:
        return list(wanted.keys), None
    lo, hi = (
        (wanted.lo, wanted.hi) if isinstance(wanted, ColumnRange) else (wanted.start, wanted.end)
    )
    return native(lo, wanted.type), native(hi, wanted.type)


def native(bound: Bound | None, column_type: BoundType) -> object:
    """`bound` as templates compute with it, whose `str` is what `print_bound` gives.

    That is a date, an aware datetime for a zoned column, a naive one for a column without zone, a
    number or a text; None for an open end.
    """
    if column_type is BoundType.TIMESTAMP and bound is not None:
        return bound.replace(tzinfo=None)  # type: ignore[union-attr, call-arg]  # a datetime by type
    return bound
