"""Merging config layers in dbt's precedence. Knows which keys append or update, not what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.model import ConfigLayer

_APPENDED: Final = frozenset({"tags", "pre_hook", "post_hook"})
_UPDATED: Final = frozenset({"meta", "quoting", "column_types", "docs", "grants"})


def merge(layers: Iterable[ConfigLayer]) -> ConfigLayer:
    """One layer out of many, later ones over earlier ones.

    Tags and hooks append; meta, quoting, column_types, docs and grants update by key, and so does
    `meta.sqlbackfill` one level further down; the rest replaces.
    """
    values: dict[str, object] = {}
    spans: dict[str, SourceSpan] = {}
    for layer in layers:
        for key, value in layer.values.items():
            if key in _APPENDED:
                value = [*_as_list(values.get(key)), *_as_list(value)]
            elif key in _UPDATED and isinstance(value, Mapping):
                value = _updated(key, values.get(key), value)
            else:
                spans = {at: span for at, span in spans.items() if not at.startswith(key + ".")}
            values[key] = value
        spans.update(layer.spans)
    return ConfigLayer(values, spans)


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _updated(key: str, old: object, new: Mapping[str, object]) -> dict[str, object]:
    result = {**old, **new} if isinstance(old, Mapping) else dict(new)
    ours = new.get("sqlbackfill")
    if key == "meta" and isinstance(old, Mapping) and isinstance(ours, Mapping):
        earlier = old.get("sqlbackfill")
        result["sqlbackfill"] = {**(earlier if isinstance(earlier, Mapping) else {}), **ours}
    return result
