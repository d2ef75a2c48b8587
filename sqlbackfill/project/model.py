"""What a model is: the file as read with its config layers, and the model once they are merged."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.project.config import NO_SPANS, ModelConfig
from sqlbackfill.project.source import YmlColumn
from sqlbackfill.warehouse.protocol import Relation


class ModelKind(StrEnum):
    """What kind of file a model is. All but `sql` may be referred to, and are never built by us."""

    SQL = "sql"
    PYTHON = "python"
    SEED = "seed"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class ConfigLayer:
    """Config keys as one place gives them, and the place of each key by its dotted path."""

    values: Mapping[str, object]
    spans: Mapping[str, SourceSpan] = field(default_factory=lambda: NO_SPANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model as it was read, its config not yet merged.

    `file` is relative to the project directory. `tree_config` holds the layers of the project file,
    general to specific; `yml_config` that of the properties yml. `sql` is empty for other kinds.
    `span` is the model's entry in yml, else the start of its file.
    """

    name: str
    file: str
    sql: str
    kind: ModelKind = ModelKind.SQL
    folders: tuple[str, ...] = ()
    description: str = ""
    columns: tuple[YmlColumn, ...] = ()
    tree_config: tuple[ConfigLayer, ...] = ()
    yml_config: ConfigLayer | None = None
    span: SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model with its config merged and its relation named.

    `dialect` is the model's own, else the project's; None means the adapter's.
    """

    name: str
    file: str
    sql: str
    kind: ModelKind
    folders: tuple[str, ...]
    config: ModelConfig
    relation: Relation
    dialect: str | None
    description: str
    columns: tuple[YmlColumn, ...]
    span: SourceSpan
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def partition_column(self) -> str | None:
        """The column that partitions are cut on: event_time, or the one named under partitions."""
        partitions = self.config.sqlbackfill.partitions
        return (partitions.column if partitions else None) or self.config.event_time

    def partitioning(self, column_type: BoundType) -> Partitioning | None:
        """How the table is cut, or None for a table, view or ephemeral model.

        Raises ProjectError naming everything that the config lacks or that does not fit the type.
        """
        from sqlbackfill.project.partition_config import build_partitioning

        return build_partitioning(self, column_type)
