"""Turns merged config values into a ModelConfig, recording every value that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import (
    BUILT,
    Clock,
    IntegerRange,
    Materialization,
    ModelConfig,
    OnSchemaChange,
    OverrideKind,
    ReadOverride,
    SqlbackfillMeta,
    StaticKeys,
    UnsupportedKeys,
    WindowVars,
)
from sqlbackfill.project.config_keys import META_KEYS, warn_unknown_config
from sqlbackfill.project.config_values import (
    RefusedValue,
    at_least,
    one_of,
    read_flag,
    read_grain,
    read_keys,
    read_mapping,
    read_moment,
    read_strategy,
    read_tags,
    read_text,
    read_texts,
    read_timezone,
    read_week_start,
    read_whole,
    shown,
)
from sqlbackfill.project.findings import Findings, suggestion

T = TypeVar("T")
Reader = Callable[[object], T]
META: Final = "meta.sqlbackfill"


@dataclass(frozen=True, slots=True)
class ValueReader:
    """Reads values and records what is wrong with them at the place of their key.

    `fallback` is where a key without a known place is reported.
    """

    spans: Mapping[str, SourceSpan]
    fallback: SourceSpan | None
    findings: Findings

    def span(self, path: str) -> SourceSpan | None:
        """The place of `path`, or of the nearest key above it."""
        while path:
            if path in self.spans:
                return self.spans[path]
            path = path.rpartition(".")[0]
        return self.fallback

    def read(self, path: str, value: object, reader: Reader[T]) -> T | None:
        """The value as `reader` reads it; None for null and for what it refuses (recorded)."""
        if value is None:
            return None
        try:
            return reader(value)
        except RefusedValue as refused:
            message = f"`{path}` {refused.message}"
            self.findings.error(refused.code, message, self.span(path), refused.fix)
            return None

    def read_all(
        self, prefix: str, values: Mapping[str, object], readers: Mapping[str, Reader[Any]]
    ) -> dict[str, Any]:
        """The values that `readers` know, by key; null and refused ones are left out."""
        found: dict[str, Any] = {}
        for key, value in values.items():
            if key in readers:
                taken = self.read(f"{prefix}.{key}" if prefix else key, value, readers[key])
                if taken is not None:
                    found[key] = taken
        return found

    def unknown(self, prefix: str, keys: Iterable[str], known: Iterable[str]) -> None:
        """Warns of keys below `prefix` that are not known."""
        known = tuple(known)
        for key in keys:
            if key not in known:
                self.findings.warning(
                    "UNKNOWN_CONFIG_KEY",
                    f"unknown key `{key}` under {prefix}{suggestion(key, known)}",
                    self.span(f"{prefix}.{key}"),
                    f"use one of {', '.join(sorted(known))}",
                )


def _read_materialized(value: object) -> str:
    return read_text(value).lower()


def _read_unique_key(value: object) -> tuple[str, ...]:
    return () if value in ("", [], ()) else read_texts(value)


def _read_name(value: object) -> str:
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) else read_text(value)
    )


def _read_replace(value: object) -> str:
    if value == "partition":
        return "partition"
    raise RefusedValue(f"cannot be {shown(value)}", "write `replace: partition` or remove it")


_CONFIG_READERS: Final[Mapping[str, Reader[Any]]] = {
    "enabled": read_flag,
    "event_time": read_text,
    "batch_size": read_grain,
    "begin": read_moment,
    "lookback": at_least(0),
    "database": _read_name,
    "schema": _read_name,
    "alias": _read_name,
    "tags": read_tags,
    "unique_key": _read_unique_key,
    "incremental_strategy": read_text,
    "on_schema_change": one_of(OnSchemaChange),
    "meta": read_mapping,
}

_META_READERS: Final[Mapping[str, Reader[Any]]] = {
    "grain": read_grain,
    "week_start": read_week_start,
    "timezone": read_timezone,
    "naive": one_of(Naive),
    "end": read_moment,
    "dialect": read_text,
    "replace": _read_replace,
    "strategy": read_strategy,
    "max_chunk": at_least(1),
    "clock": one_of(Clock),
    "on_schema_change": one_of(OnSchemaChange),
}

_OVERRIDE_READERS: Final[Mapping[str, Reader[Any]]] = {
    "kind": one_of(OverrideKind),
    "reason": read_text,
    "column": read_text,
    "grain": read_grain,
    "start_offset": read_whole,
    "end_offset": read_whole,
}


def read_config(
    values: Mapping[str, object], reader: ValueReader, unchecked: Container[str] = ()
) -> ModelConfig:
    """The typed config of merged `values`. What does not fit is recorded and left at its default.

    Keys that nobody knows are warned of, except those in `unchecked`, which were checked before.
    `refusal` and `unsupported` are left to the caller.
    """
    for key in values:
        if key not in unchecked:
            warn_unknown_config(key, reader.span(key), reader.findings)
    found = reader.read_all("", values, _CONFIG_READERS)
    meta = found.get("meta", {})
    ours = reader.read(META, meta.get("sqlbackfill"), read_mapping)
    found["sqlbackfill"] = read_meta(ours, reader) if ours else SqlbackfillMeta()
    if found["sqlbackfill"].on_schema_change:
        found["on_schema_change"] = found["sqlbackfill"].on_schema_change
    materialized = reader.read("materialized", values.get("materialized"), _read_materialized)
    if materialized is not None:
        built = materialized if materialized in BUILT else Materialization.TABLE
        found["materialized"] = Materialization(built)
    return ModelConfig(**found, values=values, spans=reader.spans)


def read_meta(values: Mapping[str, object], reader: ValueReader) -> SqlbackfillMeta:
    """What stands under meta.sqlbackfill."""
    reader.unknown(META, values, META_KEYS)
    found = reader.read_all(META, values, _META_READERS)
    names = reader.read(f"{META}.vars", values.get("vars"), read_mapping)
    if names is not None:
        path = f"{META}.vars"
        known = {field.name: read_text for field in fields(WindowVars)}
        reader.unknown(path, names, known)
        found["vars"] = WindowVars(**reader.read_all(path, names, known))
    if values.get("partitions") is not None:
        found["partitions"] = read_partitions(values["partitions"], reader)
    reads = reader.read(f"{META}.read", values.get("read"), read_mapping)
    if reads is not None:
        overrides = {name: _override(name, value, reader) for name, value in reads.items()}
        found["read"] = MappingProxyType({k: v for k, v in overrides.items() if v is not None})
    return SqlbackfillMeta(**found)


def read_partitions(
    value: object, reader: ValueReader
) -> StaticKeys | IntegerRange | UnsupportedKeys | None:
    """The key space under meta.sqlbackfill.partitions.

    It has one of these forms:
    `[eu, us]` or `{keys: [eu, us]}`: the keys, in this order;
    `{integers: {size: 100, begin: 0, end: 1000}}`: runs of `size` integers (1 where not said) from
    `begin` (0) on, `end` exclusive, both ends optional;
    `{query: …}`, `{dimensions: …}`: read, and refused once a partitioning is asked for.
    A mapping may also name the partition `column`, in place of event_time.
    """
    path = f"{META}.partitions"
    if isinstance(value, list | tuple):
        keys = reader.read(path, value, read_keys)
        return StaticKeys(keys=keys) if keys else None
    values = reader.read(path, value, read_mapping)
    if values is None:
        return None
    kinds = ("keys", "integers", "query", "dimensions")
    reader.unknown(path, values, (*kinds, "column"))
    column = reader.read(f"{path}.column", values.get("column"), read_text)
    named = [kind for kind in kinds if values.get(kind) is not None]
    if len(named) != 1:
        message = f"`{path}` must name one of {', '.join(kinds)}" + (
            f", not {' and '.join(named)}" if named else ""
        )
        fix = "write [eu, us] or {integers: {size: 100, begin: 0}}"
        reader.findings.error("BAD_CONFIG_VALUE", message, reader.span(path), fix)
        return None
    if named[0] == "keys":
        keys = reader.read(f"{path}.keys", values["keys"], read_keys)
        return StaticKeys(keys=keys, column=column) if keys else None
    if named[0] == "integers":
        return _integers(values["integers"], column, reader)
    return UnsupportedKeys(kind=named[0], column=column)


def _integers(value: object, column: str | None, reader: ValueReader) -> IntegerRange | None:
    path = f"{META}.partitions.integers"
    values = reader.read(path, value, read_mapping)
    if values is None:
        return None
    readers: dict[str, Reader[Any]] = {"size": at_least(1), "begin": read_whole, "end": read_whole}
    reader.unknown(path, values, readers)
    integers = IntegerRange(**reader.read_all(path, values, readers), column=column)
    if integers.begin is not None and integers.end is not None and integers.end <= integers.begin:
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"`{path}.end` ({integers.end}) must be after begin ({integers.begin})",
            reader.span(f"{path}.end"),
            "end is exclusive: the first integer that is not part of the table",
        )
    return integers


def _override(name: str, value: object, reader: ValueReader) -> ReadOverride | None:
    path = f"{META}.read.{name}"
    values = reader.read(path, value, read_mapping)
    if values is None:
        if value is None:
            values = {}
        else:
            return None
    reader.unknown(path, values, _OVERRIDE_READERS)
    found = reader.read_all(path, values, _OVERRIDE_READERS)
    if "reason" not in found:
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"`{path}` gives no reason",
            reader.span(path),
            "add reason: why the analysis may be overruled",
        )
        return None
    if "kind" not in found and not {"start_offset", "end_offset"} & found.keys():
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"`{path}` says neither a kind nor offsets",
            reader.span(path),
            "add kind: all, past, future or unpartitioned, or start_offset and end_offset",
        )
        return None
    found.setdefault("kind", OverrideKind.WINDOW)
    override = ReadOverride(**found, span=reader.span(path))
    if override.start_offset > override.end_offset:
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"`{path}` ends before it starts: {override.start_offset} … {override.end_offset}",
            reader.span(path),
            "give start_offset <= end_offset; both count from the output partition",
        )
        return None
    return override
