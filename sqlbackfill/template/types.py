"""What goes into a render and what comes out of it: values only, no Jinja."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Protocol, TypeAlias

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, SourceSpan
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.template.source_map import SourceMap
from sqlbackfill.warehouse.protocol import Relation

OCCURRENCE_MARKER: Final = "__sb_occurrence_{index}__"
SCAN_MARKER: Final = "__sb_scan_{index}__"
START_MARKER: Final = "__sb_start__"
END_MARKER: Final = "__sb_end__"
KEY_MARKER: Final = "__sb_key__"


class MacroText(Protocol):
    """A macro file: its path relative to the project directory, its text, and the project or package
    that it belongs to.
    """

    @property
    def file(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def package(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ExternalRelation:
    """An input that is not a table, such as Parquet files: `sql` is what stands in a FROM clause."""

    sql: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionNames:
    """What `partition` in a template knows about the model's own partitions.

    `type` is None while the column's type is not known, as in a first analysis. `sample` is any
    real bound of the model: analysis uses it where a template computes with a bound.
    """

    column: str
    grain: str
    type: BoundType | None = None
    sample: Bound = date(2013, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateInput:
    """A model to render.

    `sql` is the file's text, `file` its path as diagnostics show it. `config` is what is known of
    its configuration so far (for `config.get`). `relation` is what `this` names; None while it is
    not known. `stand_in` takes its place in the SQL as long as the model has no table. `window_vars` maps a project
    variable that carries the window to `start` or `end`.
    """

    name: str
    file: str
    sql: str
    package: str = ""
    config: Mapping[str, object] = field(default_factory=dict)
    relation: Relation | None = None
    stand_in: ExternalRelation | None = None
    partition: PartitionNames | None = None
    window_vars: Mapping[str, str] = field(default_factory=dict)


RefTarget: TypeAlias = Relation | ExternalRelation | TemplateInput


class Lookup(Protocol):
    """What names in `ref` and `source` stand for; None where nothing bears the name.

    A `TemplateInput` is an ephemeral model: its SQL is printed in place of a relation.
    """

    def ref(self, name: str, package: str | None) -> RefTarget | None:
        """`name` ends in `.v2` where the template asked for `v=2`."""

    def source(self, source: str, table: str) -> Relation | ExternalRelation | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWindow:
    """The partitions that one query computes: `[start, end)`, values of the partition column.

    `key` prints for `partition.key`: set only where the query computes one partition. `keys` are
    those of static partitions, and then start and end are None.
    """

    type: BoundType
    start: Bound | None
    end: Bound | None
    key: str | None = None
    keys: tuple[str, ...] | None = None


SYMBOLIC_WINDOW: Final = RunWindow(type=BoundType.TEXT, start=START_MARKER, end=END_MARKER)
"""A run's render with the bounds left open: each prints its marker, as in analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRange:
    """A half-open range on an input's column, None being an open end; or a set of keys.

    `nulls` lets rows pass whose column is NULL.
    """

    column: str
    type: BoundType
    lo: Bound | None = None
    hi: Bound | None = None
    nulls: bool = False
    keys: tuple[str, ...] | None = None

    @property
    def is_everything(self) -> bool:
        return self.keys is None and self.lo is None and self.hi is None


@dataclass(frozen=True, slots=True)
class Scan:
    """What one occurrence reads: rows that satisfy every range.

    `alias` names the subquery that takes the relation's place, and is set only where the template
    gives the occurrence no alias of its own.
    """

    predicates: tuple[ColumnRange, ...] = ()
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One print of a relation, numbered from 0 in print order.

    `target` is `ref:NAME`, `source:SOURCE.TABLE` or `this`. `times` counts how often the print
    stands in the rendered SQL: 0 for one that was thrown away, 2 for text that was printed twice.
    """

    index: int
    target: str
    relation: Relation | ExternalRelation | None
    filtered: bool
    span: SourceSpan
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RefCall:
    """A call of `ref`; `name` ends in `.v2` where it asked for `v=2`."""

    name: str
    package: str | None
    span: SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCall:
    """A call of `source`; `name` is `source.table`."""

    name: str
    span: SourceSpan


@dataclass(frozen=True, slots=True, order=True)
class MacroUse:
    """A macro that a render called, and a digest of its own text."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundUse:
    """How a template uses the bounds of its partition.

    `printed`: somewhere in the SQL. `in_control_flow`: compared, tested or looped over.
    `as_value`: computed with, formatted or filtered, so that text other than the bound itself may
    have come out. `key`: `partition.key` was used, which exists one partition at a time. `place`: the
    first use that is more than a print.
    """

    printed: bool = False
    in_control_flow: bool = False
    as_value: bool = False
    key: bool = False
    place: SourceSpan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered model.

    `config` is what the file's own `config()` calls gave, `config_spans` where each key stands.
    `refs` and `sources` are the model's own calls; those inside an inlined ephemeral model are not
    among them, its occurrences are. `relations_as_value`: the name of a relation was taken apart
    or compared as text, so that a run may read other tables than the analysis saw. `volatile`: the
    render read the clock or the run's id.
    `needs_warehouse`: the template asks the warehouse while it renders, so that `sql` is not what
    would run: only refs, sources and config count. `messages` are what `log` and `print` were given.
    `scan_texts` is what each occurrence reads, by its index, where `sql` holds a `SCAN_MARKER` for it.
    """

    sql: str
    source_map: SourceMap
    occurrences: tuple[Occurrence, ...]
    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    config_spans: Mapping[str, SourceSpan] = field(default_factory=dict)
    bounds: BoundUse = BoundUse()
    relations_as_value: bool = False
    reads_this: bool = False
    macros_used: tuple[MacroUse, ...] = ()
    volatile: bool = False
    needs_warehouse: Diagnostic | None = None
    warnings: tuple[Diagnostic, ...] = ()
    messages: tuple[str, ...] = ()
    scan_texts: Mapping[int, str] = field(default_factory=dict)

    @property
    def uses_bounds(self) -> bool:
        """Whether the author wrote bounds at all, in whatever way."""
        use = self.bounds
        return use.printed or use.in_control_flow or use.as_value or use.key

    @property
    def bounds_in_control_flow(self) -> bool:
        return self.bounds.in_control_flow

    @property
    def bounds_as_value(self) -> bool:
        return self.bounds.as_value

    @property
    def targets(self) -> tuple[str, ...]:
        """The occurrences' targets in print order, which every render of the model must repeat."""
        return tuple(occurrence.target for occurrence in self.occurrences)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings:
    """What is the same for every model of a project.

    `target` holds the fields that Jinja's `target` shows: no secrets. `env` is the process's
    environment. `dispatch` maps a macro namespace to the packages that are searched, in order.
    `overrides` are values that macros of these names give, whatever they are called with.
    `run_started_at` must be aware; using it or `invocation_id` makes a render volatile.
    """

    project: str
    vars: Mapping[str, object] = field(default_factory=dict)
    package_vars: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    target: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    dispatch: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overrides: Mapping[str, object] = field(default_factory=dict)
    run_started_at: datetime
    invocation_id: str = ""
