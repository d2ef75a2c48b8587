"""What a plan is: values only. Building one is `build`, its JSON is `document`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.project.config import OnSchemaChange
from sqlbackfill.warehouse.protocol import Relation, TableKind, TableOptions


class Reason(StrEnum):
    """Why partitions are in a plan. A partition with several reasons takes the first of this order."""

    REQUESTED = "requested"
    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    FILL = "fill"
    DOWNSTREAM = "downstream"
    SCHEMA_CHANGE = "schema_change"


MAY_BE_CUT_OFF = frozenset({Reason.STALE, Reason.DOWNSTREAM})
"""Reasons of state, not of the user's: a partition that turns out to be as it should be is left so."""


@dataclass(frozen=True, slots=True)
class Spread:
    """An estimated number: half of the time it should lie between `low` and `high`."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Spread) -> Spread:
        return Spread(self.low + other.low, self.likely + other.likely, self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a step should cost. None is unknown; `basis` says where the figures come from.

    `rows` are those that its queries read. `note` is what the engine told of how the table that is
    written is stored, empty where it tells nothing.
    """

    scan_bytes: Spread | None = None
    rows: Spread | None = None
    seconds: Spread | None = None
    credits: Spread | None = None
    cost_usd: Spread | None = None
    basis: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive partitions written by one query in one transaction: ordinals, half-open."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a chunk holds at least one partition: {self}")

    @property
    def partitions(self) -> PartitionSet:
        return PartitionSet.span(self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All partitions of one model that are rebuilt for one reason.

    `ledger_digest` covers the ledger records of the listed partitions and of their read windows as
    they were when the plan was made; `table_identity` is None where there is no table yet.
    """

    model: str
    reason: Reason
    partitions: PartitionSet
    strategy: str
    because: str
    chunks: tuple[Chunk, ...]
    estimate: Estimate = field(default_factory=Estimate)
    fingerprint: str
    table_identity: str | None
    ledger_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Partitions that a plan leaves out (`skipped`) or cannot build (`blocked`), and why."""

    model: str
    partitions: PartitionSet
    code: str
    message: str
    by: tuple[tuple[str, PartitionSet], ...] = ()
    fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A saved intention: which partitions of which models, why, in which chunks and order.

    `plan_id` is a hash of all the rest, so the same inputs give the same plan byte for byte.
    """

    plan_id: str
    as_of: datetime
    target: str
    steps: tuple[Step, ...]
    skipped: tuple[Withheld, ...] = ()
    blocked: tuple[Withheld, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def partition_count(self) -> int:
        return sum(len(step.partitions) for step in self.steps)

    @property
    def chunk_count(self) -> int:
        return sum(len(step.chunks) for step in self.steps)


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """Columns that some downstream uses, by lower-case name; None is all of them. `id` names it."""

    id: str
    columns: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedModel:
    """What a run needs to know of a model besides its SQL.

    `upstreams` holds, for each model of the project that this one reads (itself included where it
    reads itself), the name as used in `Reads`. `kind` is what the run leaves under `relation`.
    `consumed` are the column sets that downstreams use and whose content is worth a digest, `slices`
    the fingerprints of what gives each of them, by id. `is_never_cut`: a choice between equal rows
    decides what comes out, so that only one query over a whole range gives each row once.
    """

    name: str
    relation: Relation
    partitioning: AnyPartitioning
    partition_column: str | None
    reads_itself: bool
    has_author_bounds: bool
    upstreams: tuple[str, ...]
    columns: Mapping[str, str] | None = None
    kind: TableKind = TableKind.TABLE
    on_schema_change: OnSchemaChange = OnSchemaChange.FAIL
    consumed: tuple[ColumnSet, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict, hash=False)
    storage: TableOptions = field(default_factory=TableOptions)
    is_never_cut: bool = False
