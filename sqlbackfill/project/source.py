"""What a project declares as a source: a table that it reads and does not build."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import NOTHING, ColumnRelation, Freshness, OnChange
from sqlbackfill.warehouse.protocol import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class YmlColumn:
    """A column as the yml declares it; the type is the engine's own spelling.

    `is_key` tells that its tests say that no two rows share a value and none is NULL.
    """

    name: str
    data_type: str | None = None
    description: str = ""
    is_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoting:
    """Which parts of a name are quoted; None leaves it to the engine's habit."""

    database: bool | None = None
    schema: bool | None = None
    identifier: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One table of a source, `name` being `source.table`.

    Exactly one of `relation` and `external_location` is set. The location has its placeholders
    filled; it is a path or glob (relative to the project directory), a URL, or a call such as
    `read_csv('x.csv')`. Without `event_time` the source is unpartitioned. Where
    `on_change` is None, readers of windows restate and readers of the whole are only shown as stale.
    """

    name: str
    relation: Relation | None
    external_location: str | None = None
    event_time: str | None = None
    timezone: str = "UTC"
    naive: Naive = Naive.UTC
    grain: Grain | None = None
    week_start: int = 0
    freshness: Freshness = Freshness.DIGEST
    on_change: OnChange | None = None
    description: str = ""
    columns: tuple[YmlColumn, ...] = ()
    relations: tuple[ColumnRelation, ...] = ()
    quoting: Quoting = Quoting()
    tags: tuple[str, ...] = ()
    meta: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    span: SourceSpan | None = None
