"""Whether a query's columns fit the table that it is written to, and what to do where not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.plan.types import PlannedModel
from sqlbackfill.project.config import OnSchemaChange
from sqlbackfill.warehouse.protocol import Column

_BOUND_TYPES = (
    (r"DATE", BoundType.DATE),
    (r"TIMESTAMPTZ|TIMESTAMP_L?TZ|TIMESTAMP WITH TIME ZONE", BoundType.TIMESTAMPTZ),
    (
        r"TIMESTAMP|TIMESTAMP_(S|MS|NS|NTZ)|DATETIME|TIMESTAMP WITHOUT TIME ZONE",
        BoundType.TIMESTAMP,
    ),
    (r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER|\d+)?", BoundType.INTEGER),
    (r"(DECIMAL|NUMBER|NUMERIC)\(\d+, ?0\)", BoundType.INTEGER),
    (r"(VARCHAR|TEXT|STRING|CHAR)|ENUM\(.*\)", BoundType.TEXT),
)
"""What the engines call the types that a bound can have; a length or precision may follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDifference:
    """How a query's columns differ from a table's: names without regard to case, order ignored.

    `retyped` pairs the table's column with the query's.
    """

    added: tuple[Column, ...]
    removed: tuple[Column, ...]
    retyped: tuple[tuple[Column, Column], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.retyped)

    def clauses(self, quote: Callable[[str], str]) -> tuple[str, ...]:
        """What ALTER TABLE has to do, one clause a statement."""
        return (
            *(f"ADD COLUMN {quote(column.name)} {column.type}" for column in self.added),
            *(f"DROP COLUMN {quote(column.name)}" for column in self.removed),
            *(f"ALTER COLUMN {quote(a.name)} SET DATA TYPE {b.type}" for a, b in self.retyped),
        )

    def notes(self) -> tuple[tuple[str, str], ...]:
        """The difference as (label, text), one for each column."""
        return (
            *(("new", f"{column.name} {column.type}") for column in self.added),
            *(("gone", f"{column.name} {column.type}") for column in self.removed),
            *(("changed", f"{a.name} from {a.type} to {b.type}") for a, b in self.retyped),
        )

    def __str__(self) -> str:
        return ", ".join(f"{label} {text}" for label, text in self.notes())


def compare(query: Sequence[Column], table: Sequence[Column]) -> SchemaDifference:
    """How the columns of `query` differ from those of `table`, types by the engine's spelling."""
    ours = {column.name.lower(): column for column in query}
    theirs = {column.name.lower(): column for column in table}
    return SchemaDifference(
        added=tuple(column for name, column in ours.items() if name not in theirs),
        removed=tuple(column for name, column in theirs.items() if name not in ours),
        retyped=tuple(
            (column, ours[name])
            for name, column in theirs.items()
            if name in ours and ours[name].type.upper() != column.type.upper()
        ),
    )


def allowed_change(
    model: PlannedModel,
    query: Sequence[Column],
    table: Sequence[Column],
    *,
    rebuilds_all: bool = False,
) -> SchemaDifference:
    """How the table is to be altered before `query` can be inserted into it; mostly not at all.

    Raises WarehouseError SCHEMA_CHANGED, with the difference, unless the model's on_schema_change
    allows it. Under `append_new_columns` columns that the query no longer has stay and hold NULL,
    and a changed type is refused. `rebuild` takes any change, where the plan rebuilds every
    partition of the table (`rebuilds_all`): until then the others hold NULL in what is new.
    """
    difference = compare(query, table)
    policy = model.on_schema_change
    if not difference or (policy is OnSchemaChange.REBUILD and rebuilds_all):
        return difference
    if policy is OnSchemaChange.APPEND_NEW_COLUMNS and not difference.retyped:
        return replace(difference, removed=())
    raise WarehouseError(
        Diagnostic(
            code="SCHEMA_CHANGED",
            message=f"the columns of {model.name} differ from its table's: {difference}",
            model=model.name,
            notes=difference.notes(),
            fix=(
                "change the model back, or drop the table and rebuild all of its partitions"
                if difference.retyped
                else "set on_schema_change: append_new_columns, or drop the table and rebuild"
            ),
        )
    )


def partition_column(model: PlannedModel, columns: Sequence[Column], where: str) -> str:
    """The partition column as spelled in `columns`, once its type is the one that was planned.

    `where` says whose columns they are. Raises WarehouseError PARTITION_COLUMN_MISSING or
    PARTITION_COLUMN_TYPE: a bound is a value of the column's own type, and a predicate with
    another would be cast by the engine at its own discretion.
    """
    name = model.partition_column or ""
    column = next((c for c in columns if c.name.lower() == name.lower()), None)
    if column is None:
        raise WarehouseError(
            Diagnostic(
                code="PARTITION_COLUMN_MISSING",
                message=f"{where} has no column `{name}`, by which {model.name} is partitioned",
                model=model.name,
                notes=(("available", ", ".join(c.name for c in columns)),),
                fix="output the column, or set event_time to one that is there",
            )
        )
    planned = model.partitioning.column_type
    if bound_type(column.type) is planned:
        return column.name
    raise WarehouseError(
        Diagnostic(
            code="PARTITION_COLUMN_TYPE",
            message=f"`{column.name}` in {where} is {column.type}, but the partitions of "
            f"{model.name} are planned on a {planned.value} column",
            model=model.name,
            fix=f"cast it in the model (`cast(… as {planned.value}) as {column.name}`), or declare "
            f"its `data_type: {column.type.lower()}` under the model's columns in yml",
        )
    )


def bound_type(engine_type: str) -> BoundType | None:
    """The kind of bound that a column of the engine's type holds; None where it can hold none."""
    for pattern, kind in _BOUND_TYPES:
        if re.fullmatch(rf"({pattern})(\(\d+\))?", engine_type.upper(), re.DOTALL):
            return kind
    return None
