"""Values and predicates of partitions as SQL: typed, half-open, on the raw column. Runs nothing."""

from __future__ import annotations

from sqlbackfill.partitions.bounds import Bound, BoundType, print_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning

_TYPE_NAMES = {
    BoundType.DATE: {},
    BoundType.TIMESTAMP: {"snowflake": "TIMESTAMP_NTZ"},
    BoundType.TIMESTAMPTZ: {"snowflake": "TIMESTAMP_TZ"},
}
_BACKSLASH_ESCAPES = frozenset({"bigquery", "databricks", "snowflake", "spark"})


def literal(bound: Bound, column_type: BoundType, dialect: str) -> str:
    """The bound as a literal of its column's own type.

    A literal without a type would be cast by the engine, or the column would be, and a cast on the
    column defeats pruning.
    """
    text = print_bound(bound, column_type)
    if column_type is BoundType.INTEGER:
        return text
    if column_type is BoundType.TEXT:
        return text_literal(text, dialect)
    name = _TYPE_NAMES[column_type].get(dialect, column_type.value.upper())
    return f"CAST('{text}' AS {name})"


def text_literal(text: str, dialect: str) -> str:
    """Any text as a string literal."""
    if dialect in _BACKSLASH_ESCAPES:
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def partitions_predicate(
    column: str, partitioning: AnyPartitioning, partitions: PartitionSet, dialect: str
) -> str:
    """True for the rows of `partitions` and for no others; `column` is quoted already.

    One half-open range for each run of partitions, or a list of keys. NULL for a NULL column.
    """
    column_type = partitioning.column_type
    if column_type is BoundType.TEXT:
        keys = ", ".join(
            text_literal(partitioning.record_key(ordinal), dialect)
            for ordinal in partitions.ordinals()
        )
        return f"{column} IN ({keys})"
    terms = []
    for start, end in partitions.ranges:
        low, high = (
            literal(bound, column_type, dialect) for bound in partitioning.span_bounds(start, end)
        )
        terms.append(f"({column} >= {low} AND {column} < {high})")
    return " OR ".join(terms) if terms else "1 = 0"
