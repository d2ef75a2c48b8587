"""What must hold of a chunk's rows before they are committed. Counts rows; writes none."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, GuardError, Severity, WarehouseError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, PlannedModel
from sqlbackfill.run.inputs import RowTests
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.warehouse.protocol import Session

SHOWN_ROWS = 3
_SHOWN_COLUMNS = 6
_SHOWN_CHARACTERS = 40


def refuse_empty_replacement(
    model: PlannedModel, before: Mapping[int, int], after: Mapping[int, int]
) -> None:
    """Raises GuardError EMPTY_REPLACEMENT if a partition that holds rows would be left with none.

    `before` and `after` count rows by ordinal; an absent one counts 0. An unexpectedly empty
    replacement is the classic disaster.
    """
    emptied = PartitionSet.of_ordinals(o for o, rows in before.items() if rows and not after.get(o))
    if not emptied:
        return
    rows = sum(before[ordinal] for ordinal in emptied.ordinals())
    raise GuardError(
        Diagnostic(
            code="EMPTY_REPLACEMENT",
            message=f"{rows:,} rows of {model.partitioning.label_set(emptied)} would be replaced "
            "by none",
            model=model.name,
            fix="see whether the inputs are complete; if none is right, pass --allow-empty",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedRows:
    """A chunk's rows as its query gave them, in a table of their own, not yet filtered.

    `table` and `column`, the partition column, are quoted; `shown` pairs the names of the columns
    to show of a row, that one first, with the same quoted. `tests` are those of the chunk's SQL.
    """

    table: str
    column: str
    shown: tuple[tuple[str, str], ...]
    tests: RowTests | None = None


def check_staged_rows(
    session: Session,
    staged: StagedRows,
    model: PlannedModel,
    chunk: Chunk,
    home: PartitionSet,
    dialect: str,
) -> tuple[Diagnostic, ...]:
    """Warnings about rows that are not written: of other partitions in `home`, and without any.

    Raises WarehouseError ROWS_WITHOUT_A_HOME, with three of
    them, where rows lie outside both the chunk and `home`: no other chunk would ever write them.
    """
    inside, known = (
        partitions_predicate(staged.column, model.partitioning, partitions, dialect)
        for partitions in (chunk.partitions, home | chunk.partitions)
    )
    if staged.tests is not None:
        inside, known = staged.tests.own, staged.tests.home
    [(total, nulls, at_home, written)] = session.execute(
        f"SELECT COUNT(*), COUNT(*) - COUNT({staged.column}), "
        f"COUNT(CASE WHEN {known} THEN 1 END), COUNT(CASE WHEN {inside} THEN 1 END) "
        f"FROM {staged.table}"
    )
    homeless = total - nulls - at_home
    if homeless:
        raise _rows_without_a_home(session, staged, model, known, homeless)
    warnings = []
    if at_home > written:
        warnings.append(
            _warning(
                model,
                "ROWS_OF_OTHER_PARTITIONS",
                f"{at_home - written:,} rows of other partitions than "
                f"{model.partitioning.label_set(chunk.partitions)} were left out",
                "they belong to their own partitions' build; narrow the model's filter if that "
                "build does not give them",
            )
        )
    if nulls:
        warnings.append(
            _warning(
                model,
                "NULL_PARTITION",
                f"{nulls:,} rows whose `{model.partition_column}` is NULL were left out with "
                f"{model.partitioning.label_set(chunk.partitions)}",
                f"filter them out in the model, or give them a `{model.partition_column}`",
            )
        )
    return tuple(warnings)


def _warning(model: PlannedModel, code: str, message: str, fix: str) -> Diagnostic:
    return Diagnostic(
        code=code, severity=Severity.WARNING, message=message, fix=fix, model=model.name
    )


def _rows_without_a_home(
    session: Session, staged: StagedRows, model: PlannedModel, known: str, count: int
) -> WarehouseError:
    shown = staged.shown[:_SHOWN_COLUMNS]
    texts = ", ".join(f"CAST({quoted} AS VARCHAR)" for _, quoted in shown)
    examples = session.execute(
        f"SELECT {texts} FROM {staged.table} WHERE NOT ({known}) "
        f"ORDER BY {', '.join(str(at + 1) for at in range(len(shown)))} LIMIT {SHOWN_ROWS}"
    )
    rows = tuple(
        ", ".join(f"{name}={_shorten(value)}" for (name, _), value in zip(shown, row, strict=True))
        for row in examples
    )
    return WarehouseError(
        Diagnostic(
            code="ROWS_WITHOUT_A_HOME",
            message=f"{count:,} rows lie in partitions that the model's own bounds do not read, "
            f"such as {'; '.join(rows)}",
            model=model.name,
            notes=tuple(("row", row) for row in rows),
            fix=f"make `{model.partition_column}` stay within the bounds that the model reads, or "
            "leave the bounds to sqlbackfill",
        )
    )


def _shorten(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= _SHOWN_CHARACTERS else value[: _SHOWN_CHARACTERS - 1] + "…"
