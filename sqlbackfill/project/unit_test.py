"""What a unit test of a model is, in dbt's form: values only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SourceSpan


class RowFormat(StrEnum):
    """How rows are written."""

    DICT = "dict"
    CSV = "csv"
    SQL = "sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRows:
    """Rows as a test gives them: `rows` for dict and csv (whose cells are text), `sql` for a query.

    `spans` are the places of the rows, where each has one of its own.
    """

    format: RowFormat
    span: SourceSpan
    rows: tuple[Mapping[str, object], ...] = ()
    spans: tuple[SourceSpan, ...] = ()
    sql: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that any row gives, in the order in which they come up."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def span_of(self, number: int) -> SourceSpan:
        """Where row `number`, from 0, stands."""
        return self.spans[number] if number < len(self.spans) else self.span


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitInput:
    """The rows that stand in for one input: `target` is `ref:NAME`, `source:SOURCE.TABLE` or `this`."""

    target: str
    rows: UnitRows
    span: SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTest:
    """One entry of `unit_tests`.

    `partitions` are in the grammar of -p; without any the model runs as one query over all that is
    given. `macros` overrides macros by name, `package.name` for those of a package.
    """

    name: str
    model: str
    span: SourceSpan
    given: tuple[UnitInput, ...]
    expect: UnitRows
    description: str = ""
    vars: Mapping[str, object] = field(default_factory=dict)
    macros: Mapping[str, object] = field(default_factory=dict)
    env_vars: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    partitions_span: SourceSpan | None = None

    @property
    def has_overrides(self) -> bool:
        return bool(self.vars or self.macros or self.env_vars)
