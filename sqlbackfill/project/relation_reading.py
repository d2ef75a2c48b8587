"""Reads the relations that an author declares between columns. Knows no SQL and no columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlbackfill.project.config import ColumnRelation
from sqlbackfill.project.config_values import RefusedValue, read_text
from sqlbackfill.project.value_reader import Reader, ValueReader

_READERS: Final[Mapping[str, Reader[Any]]] = {"holds": read_text, "reason": read_text}


def read_relations(path: str, value: object, reader: ValueReader) -> tuple[ColumnRelation, ...]:
    """The relations listed at `path`, each with its reason; what is wrong is recorded there."""
    entries = reader.read(path, value, _read_entries)
    found = [_relation(path, entry, reader) for entry in entries or ()]
    return tuple(relation for relation in found if relation is not None)


def _read_entries(value: object) -> tuple[Mapping[str, object], ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        raise RefusedValue(
            "must be a list of mappings", 'write - {holds: "day = ts::date", reason: "…"}'
        )
    return tuple(value)


def _relation(path: str, entry: Mapping[str, object], reader: ValueReader) -> ColumnRelation | None:
    reader.unknown(path, entry, _READERS)
    found = reader.read_all(path, entry, _READERS)
    if "holds" not in found:
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"an entry of `{path}` says nothing that holds",
            reader.span(path),
            'add holds: a condition on the table\'s columns, such as "day = ts::date"',
        )
        return None
    if "reason" not in found:
        reader.findings.error(
            "BAD_CONFIG_VALUE",
            f"`{found['holds']}` in `{path}` gives no reason",
            reader.span(path),
            "add reason: why it is so of every row",
        )
        return None
    return ColumnRelation(**found, span=reader.span(path))
