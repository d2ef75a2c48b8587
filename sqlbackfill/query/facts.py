"""What goes into the analysis of a query and what comes out: values only, no syntax trees.

`QueryFacts` can be stored as JSON by msgspec; nothing here imports a SQL parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.query.lifted import LiftSlot
from sqlbackfill.query.substituted import Substitution


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionInfo:
    """How a table is partitioned.

    `grain` is as `Grain` prints it (`day`, `6 hours`), the size in digits for integer ranges, or
    `keys` for a static list. `column_type` is None while it is not known.
    """

    column: str
    grain: str
    timezone: str = "UTC"
    naive: str = "utc"
    column_type: BoundType | None = None
    week_start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRelation:
    """A condition that an author declares of every row of a table, in SQL of `dialect`."""

    holds: str
    reason: str
    dialect: str
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRef:
    """What an occurrence in the SQL stands for.

    `relation` is the name shown to people. `columns` are (name, SQL type) pairs in order, None
    where the schema is not known, in `columns_dialect` (None: that of the query). `identifier` is the name that the relation has in SQL when the
    author gives it no alias (by default the last part of `relation`). `unpartitioned` inputs are
    read whole. `filtered` is False where the author opted out of predicates. `is_this` marks the
    model's own table. `unique_keys` are column sets that the author declared unique, `relations`
    what he declared of its rows.
    """

    relation: str
    columns: tuple[tuple[str, str], ...] | None = None
    columns_dialect: str | None = None
    partition: PartitionInfo | None = None
    unpartitioned: bool = False
    identifier: str | None = None
    filtered: bool = True
    is_this: bool = False
    unique_keys: tuple[tuple[str, ...], ...] = ()
    relations: tuple[DeclaredRelation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRequest:
    """One query to analyse.

    `sql` is the analysis render: occurrences stand as the identifiers that key `occurrences`,
    bounds as markers. `locate` maps 1-based positions in `sql` to the user's own file. `partition`
    is None for a model that is not partitioned. `bounds_in_control_flow` tells that the template
    looked at its bounds, so that other partitions may render other SQL, `looked_at` where. `covered` is what else the
    result depends on, for the fingerprint alone.
    """

    model: str
    sql: str
    dialect: str = "duckdb"
    locate: Callable[[int, int], SourceSpan] | None = None
    occurrences: Mapping[str, InputRef] = field(default_factory=dict)
    partition: PartitionInfo | None = None
    session_timezone: str = "UTC"
    bounds_in_control_flow: bool = False
    looked_at: SourceSpan | None = None
    covered: tuple[str, ...] = ()


class ReadKind(StrEnum):
    """How much of an input one output partition needs."""

    WINDOW = "window"
    PAST = "past"
    FUTURE = "future"
    ALL = "all"
    UNPARTITIONED = "unpartitioned"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """Whether one ranged query that reads only its own partitions' windows is right."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the query needs of one relation, all its occurrences together.

    Offsets count `grain`, the output's, relative to the output partition, both ends included; None
    where that end is open. `window` is on `column`; None where nothing bounds it.
    """

    relation: str
    column: str | None
    kind: ReadKind
    grain: str | None = None
    start_offset: int | None = None
    end_offset: int | None = None
    window: ReadWindow | None = None
    because: str = ""
    is_this: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedRange:
    """A range on a raw column that may be put onto one occurrence."""

    column: str
    type: BoundType
    window: ReadWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRead:
    """What may be injected at one occurrence: rows must satisfy every range.

    `alias` is set iff the author gave the occurrence no alias, and then the scan must bear it.
    """

    index: int
    relation: str
    alias: str | None = None
    ranges: tuple[InjectedRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumn:
    """A column of the result; `type` is SQL text, None where it is not known."""

    name: str
    type: str | None = None
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HardCodedTable:
    """A table that the SQL names itself, without `ref` or `source`, or a call that reads one.

    `name` is what stands after FROM, `parts` its identifiers; a call has none.
    """

    name: str
    parts: tuple[str, ...] = ()
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFacts:
    """Everything that later stages know about a query.

    `errors` stop the model from running; `reasons` explain the verdict; `warnings` do neither;
    `doubts` are for `check` alone.
    `strategies` holds those that are right with injection. `author_bounds_hold` is None where the
    author wrote no bounds, True where they are no narrower than what the query needs, else False.
    `lifted` is what stands in the bounds' places where the query for one partition may be written
    as one for many (T3); None where it is not lifted. `substituted` is the column that stands for the
    bounds where one query for many partitions is written with it; None where it is not.
    `has_confined_choices`: rows that are equal in an ORDER BY may come out differently from run to
    run, but only within their partition. `columns_known` is False where a `*` could not be expanded.
    `unique_keys`: sets of output columns that no two rows of the table share, NULL equal to NULL.
    `row_fingerprint` and `column_fingerprints` are the parts of which slices are made, empty where
    names are not resolved. `claims` is what authors state that was put onto both, in turn.
    `input_columns` holds, for each table that is read, the columns that can change the result, None
    for all of them.
    """

    columns: tuple[OutputColumn, ...] = ()
    columns_known: bool = True
    unique_keys: tuple[tuple[str, ...], ...] = ()
    reads: tuple[Read, ...] = ()
    occurrences: tuple[OccurrenceRead, ...] = ()
    verdict: Verdict = Verdict.UNPROVEN
    reasons: tuple[Diagnostic, ...] = ()
    reads_itself: bool = False
    strategies: tuple[str, ...] = ("partition",)
    hard_coded: tuple[HardCodedTable, ...] = ()
    is_plain: bool = False
    author_bounds_hold: bool | None = None
    lifted: tuple[LiftSlot, ...] | None = None
    substituted: Substitution | None = None
    has_confined_choices: bool = False
    is_volatile: bool = False
    is_clock_dependent: bool = False
    partition_type: BoundType | None = None
    fingerprint: str = ""
    row_fingerprint: str = ""
    column_fingerprints: tuple[tuple[str, str], ...] = ()
    claims: tuple[tuple[str, ...], ...] = ()
    input_columns: tuple[tuple[str, tuple[str, ...] | None], ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    doubts: tuple[Diagnostic, ...] = ()
