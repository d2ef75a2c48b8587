"""Reads what stands under meta.sqlbackfill: our own words, for which dbt has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import (
    Clock,
    IntegerRange,
    OnChange,
    OnSchemaChange,
    OverrideKind,
    ReadOverride,
    SqlbackfillMeta,
    StaticKeys,
    UnsupportedKeys,
    WindowVars,
)
from sqlbackfill.project.config_keys import META_KEYS
from sqlbackfill.project.config_values import (
    RefusedValue,
    at_least,
    one_of,
    read_grain,
    read_keys,
    read_mapping,
    read_moment,
    read_strategy,
    read_text,
    read_timezone,
    read_week_start,
    read_whole,
    shown,
)
from sqlbackfill.project.relation_reading import read_relations
from sqlbackfill.project.value_reader import Reader, ValueReader

META: Final = "meta.sqlbackfill"


def _read_replace(value: object) -> str:
    if value == "partition":
        return "partition"
    raise RefusedValue(f"cannot be {shown(value)}", "write `replace: partition` or remove it")


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
    if values.get("relations") is not None:
        found["relations"] = read_relations(f"{META}.relations", values["relations"], reader)
    changes = reader.read(f"{META}.on_change", values.get("on_change"), read_mapping)
    if changes is not None:
        readers = dict.fromkeys(changes, one_of(OnChange))
        words = reader.read_all(f"{META}.on_change", changes, readers)
        found["on_change"] = MappingProxyType(words)
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
