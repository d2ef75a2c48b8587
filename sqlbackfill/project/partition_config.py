"""Builds a model's partitioning out of its config, naming everything that is missing at once."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import BoundType, read_moment
from sqlbackfill.partitions.partitioning import (
    IntegerPartitioning,
    Partitioning,
    StaticPartitioning,
)
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.project.config import (
    IntegerRange,
    Materialization,
    ModelConfig,
    StaticKeys,
    UnsupportedKeys,
)
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.model import Model, ModelKind

_PARTITIONS = "meta.sqlbackfill.partitions"
_GRAIN = "meta.sqlbackfill.grain"
_END = "meta.sqlbackfill.end"


def build_partitioning(model: Model, column_type: BoundType) -> Partitioning | None:
    """See `Model.partitioning`."""
    is_incremental = model.config.materialized is Materialization.INCREMENTAL
    if not is_incremental or model.kind is not ModelKind.SQL:
        return None
    require_partitioned(model)
    partitions = model.config.sqlbackfill.partitions
    match partitions:
        case StaticKeys():
            _require(model, column_type, BoundType.TEXT, "a list of keys")
            return StaticPartitioning(partitions.keys)
        case IntegerRange():
            _require(model, column_type, BoundType.INTEGER, "a range of integers")
            return IntegerPartitioning(
                size=partitions.size, begin=partitions.begin, end=partitions.end
            )
        case UnsupportedKeys() | None:
            return _time_partitioning(model, column_type)


def unused_grain(
    name: str, config: ModelConfig, written: Mapping[str, object]
) -> tuple[Diagnostic, ...]:
    """A warning where a model's own config, `written`, cuts what is built in one piece."""
    if config.materialized is Materialization.INCREMENTAL or not written.get("batch_size"):
        return ()
    findings = Findings(name)
    findings.warning(
        "NOT_INCREMENTAL",
        f"`batch_size` has no effect: `{name}` is built whole ({config.materialized})",
        config.span("batch_size"),
        "set materialized='incremental', or remove batch_size",
    )
    return findings.warnings


def require_partitioned(model: Model) -> None:
    """Raises ProjectError unless an incremental model says what its partitions are.

    All that can be known without the type of the partition column.
    """
    config, findings = model.config, Findings(model.name)
    partitions = config.sqlbackfill.partitions
    if isinstance(partitions, UnsupportedKeys):
        what = "keys from a query" if partitions.kind == "query" else "several dimensions"
        findings.error(
            "UNSUPPORTED_PARTITIONS",
            f"`{model.name}` is partitioned by {what}, which sqlbackfill cannot do yet",
            config.span(f"{_PARTITIONS}.{partitions.kind}", _PARTITIONS),
            "list the keys: meta: {sqlbackfill: {partitions: [a, b]}}",
        )
    if model.partition_column is None:
        findings.error(
            "MISSING_EVENT_TIME",
            f"incremental model `{model.name}` names no partition column",
            config.span("materialized") or model.span,
            "set event_time to the column that its partitions are cut on",
        )
    if partitions is None and config.grain is None:
        findings.error(
            "MISSING_GRAIN",
            f"incremental model `{model.name}` says nothing of its partitions' size",
            config.span("event_time", "materialized") or model.span,
            "set batch_size (hour, day, month, year) or meta: {sqlbackfill: {grain: week}}",
        )
    findings.raise_errors()


def _require(model: Model, found: BoundType, wanted: BoundType, what: str) -> None:
    if found is wanted:
        return
    raise ProjectError(
        Diagnostic(
            code="PARTITION_COLUMN_TYPE",
            message=f"`{model.partition_column}` is of type {found.value}, and `{model.name}` is"
            f" partitioned by {what}",
            span=model.config.span(_PARTITIONS) or model.span,
            fix=f"name a column of type {wanted.value} as event_time, or cast it in the query",
            model=model.name,
        )
    )


def _time_partitioning(model: Model, column_type: BoundType) -> TimePartitioning:
    config = model.config
    ours, grain = config.sqlbackfill, config.grain
    if grain is None:
        raise AssertionError("require_partitioned lets no model without a grain through")
    if column_type in (BoundType.INTEGER, BoundType.TEXT):
        raise ProjectError(_not_a_time(model, column_type))
    try:
        return TimePartitioning(
            grain=grain,
            column_type=column_type,
            timezone=ours.timezone,
            naive=ours.naive,
            week_start=ours.week_start,
            begin=read_moment(config.begin) if config.begin else None,
            end=read_moment(ours.end) if ours.end else None,
        )
    except ProjectError as error:
        raise ProjectError(*(_placed(model, found) for found in error.diagnostics)) from None


def _not_a_time(model: Model, column_type: BoundType) -> Diagnostic:
    example = (
        "partitions: {integers: {size: 1000, begin: 0}}"
        if column_type is BoundType.INTEGER
        else "partitions: [a, b]"
    )
    return Diagnostic(
        code="PARTITION_COLUMN_TYPE",
        message=f"`{model.partition_column}` is of type {column_type.value}, which"
        f" `{model.config.grain}` cannot cut",
        span=model.config.span("event_time") or model.span,
        fix=f"name a date or timestamp column, or set meta: {{sqlbackfill: {{{example}}}}}",
        model=model.name,
    )


def _placed(model: Model, found: Diagnostic) -> Diagnostic:
    """What the calendar found wrong, at the key that caused it."""
    paths = {
        "END_BEFORE_BEGIN": (_END, "begin"),
        "UNKNOWN_TIMEZONE": ("meta.sqlbackfill.timezone",),
    }.get(found.code, (_GRAIN, "batch_size"))
    return replace(found, span=model.config.span(*paths) or model.span, model=model.name)
