"""What a model's configuration says, typed: dbt's words and ours under meta.sqlbackfill. No reading, no merging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partitioning import Naive

NOTHING: Mapping[str, object] = MappingProxyType({})
NO_SPANS: Mapping[str, SourceSpan] = MappingProxyType({})


class Materialization(StrEnum):
    """How a model is stored. Anything else of dbt's or of a package is `ModelConfig.refusal`."""

    INCREMENTAL = "incremental"
    TABLE = "table"
    VIEW = "view"
    EPHEMERAL = "ephemeral"


BUILT: Final = frozenset(kind.value for kind in Materialization)


class OnSchemaChange(StrEnum):
    """What happens when a model's columns differ from its table's. `rebuild` is ours, under meta."""

    FAIL = "fail"
    IGNORE = "ignore"
    APPEND_NEW_COLUMNS = "append_new_columns"
    SYNC_ALL_COLUMNS = "sync_all_columns"
    REBUILD = "rebuild"


class Clock(StrEnum):
    """Whether a run clock in a filter alone makes a partition stale (`input`) or not (`ignore`)."""

    IGNORE = "ignore"
    INPUT = "input"


class Freshness(StrEnum):
    """How a source is known to be unchanged.

    `digest` compares the content of the partitions that were read, `version` only what the engine
    cheaply says of the whole (then every reader is stale), `off` takes it as never changing.
    """

    DIGEST = "digest"
    VERSION = "version"
    OFF = "off"


class OnChange(StrEnum):
    """What a changed input does to partitions that are built.

    `restate`: they are stale, and rebuilt by default. `forward`: only partitions built from now on
    use it, those that are built stay as they are. `ignore`: it is not looked at.
    """

    RESTATE = "restate"
    FORWARD = "forward"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowVars:
    """The names of the project variables that carry a run's window; either may be missing."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticKeys:
    """`partitions: [eu, us]` or `partitions: {keys: [eu, us], column: region}`."""

    keys: tuple[str, ...]
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerRange:
    """`partitions: {integers: {size: 100, begin: 0, end: 1000}, column: block}`; end is exclusive."""

    size: int = 1
    begin: int | None = None
    end: int | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsupportedKeys:
    """Keys from a query, or several dimensions: read, and refused when a partitioning is asked for."""

    kind: str
    column: str | None = None


class OverrideKind(StrEnum):
    """What an author says a model reads of one input."""

    WINDOW = "window"
    PAST = "past"
    FUTURE = "future"
    ALL = "all"
    UNPARTITIONED = "unpartitioned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOverride:
    """An author's own statement of what one input contributes, and the reason for it.

    Offsets count `grain` (the model's own where None) relative to the output partition, both ends
    included, and matter for `window` alone: -6..0 is that day and the six before.
    """

    kind: OverrideKind
    reason: str
    column: str | None = None
    grain: Grain | None = None
    start_offset: int = 0
    end_offset: int = 0
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRelation:
    """A condition in SQL that an author says holds for every row of a table, and the reason for it."""

    holds: str
    reason: str
    span: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlbackfillMeta:
    """What stands under `meta: {sqlbackfill: {…}}`.

    `week_start` counts from Monday = 0. `end` is exclusive, as written. `strategy` is one of range,
    partition, auto, chunk=N, chunk=week|month|quarter|year. `max_chunk` counts partitions. `read`
    is keyed by the input as written in ref or `source.table`; `relations` are of the model's own rows.
    `on_change` is keyed like `read`; for what it leaves out the input's own word counts.
    """

    grain: Grain | None = None
    week_start: int = 0
    timezone: str = "UTC"
    naive: Naive = Naive.UTC
    end: str | None = None
    dialect: str | None = None
    vars: WindowVars | None = None
    partitions: StaticKeys | IntegerRange | UnsupportedKeys | None = None
    read: Mapping[str, ReadOverride] = field(default_factory=lambda: MappingProxyType({}))
    relations: tuple[ColumnRelation, ...] = ()
    replace: str | None = None
    strategy: str | None = None
    max_chunk: int | None = None
    clock: Clock = Clock.IGNORE
    on_schema_change: OnSchemaChange | None = None
    on_change: Mapping[str, OnChange] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """A model's configuration after every layer was merged.

    `begin` is text as written, ISO 8601, civil in the model's time zone if it has no offset.
    `values` holds every merged key, known or not, for `config.get`. `spans` gives the place of each
    key by its dotted path (`meta.sqlbackfill.grain`). `refusal` says why the model can neither be
    analysed nor run (then `materialized` is `table`); `unsupported` why it is analysed but not run.
    """

    materialized: Materialization = Materialization.VIEW
    enabled: bool = True
    event_time: str | None = None
    batch_size: Grain | None = None
    begin: str | None = None
    lookback: int | None = None
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    tags: tuple[str, ...] = ()
    unique_key: tuple[str, ...] = ()
    incremental_strategy: str | None = None
    on_schema_change: OnSchemaChange = OnSchemaChange.FAIL
    meta: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    sqlbackfill: SqlbackfillMeta = SqlbackfillMeta()
    values: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    spans: Mapping[str, SourceSpan] = field(default_factory=lambda: NO_SPANS)
    refusal: Diagnostic | None = None
    unsupported: Diagnostic | None = None

    @property
    def grain(self) -> Grain | None:
        """The grain of the partitions: meta.sqlbackfill.grain wins over batch_size."""
        return self.sqlbackfill.grain or self.batch_size

    def span(self, *paths: str) -> SourceSpan | None:
        """The place of the first of `paths` that was configured, or of the key above it."""
        for path in paths:
            if self._has(path):
                return next((self.spans[at] for at in _upwards(path) if at in self.spans), None)
        return None

    def _has(self, path: str) -> bool:
        found: object = self.values
        for part in path.split("."):
            if not isinstance(found, Mapping) or found.get(part) is None:
                return False
            found = found[part]
        return True


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
