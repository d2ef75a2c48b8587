"""Turns merged config values into a ModelConfig, recording every value that does not fit."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final

from sqlbackfill.project.config import (
    BUILT,
    Materialization,
    ModelConfig,
    OnSchemaChange,
    SqlbackfillMeta,
)
from sqlbackfill.project.config_keys import warn_hook, warn_unknown_config
from sqlbackfill.project.config_values import (
    at_least,
    one_of,
    read_flag,
    read_grain,
    read_mapping,
    read_moment,
    read_tags,
    read_text,
    read_texts,
)
from sqlbackfill.project.meta_reading import META, read_meta
from sqlbackfill.project.value_reader import Reader, ValueReader


def _read_materialized(value: object) -> str:
    return read_text(value).lower()


def _read_unique_key(value: object) -> tuple[str, ...]:
    return () if value in ("", [], ()) else read_texts(value)


def _read_name(value: object) -> str | None:
    """A custom name; empty text, as Jinja may give, is none."""
    if value == "":
        return None
    return str(value) if type(value) is int else read_text(value)


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


def read_config(
    values: Mapping[str, object], reader: ValueReader, unchecked: Container[str] = ()
) -> ModelConfig:
    """The typed config of merged `values`. What does not fit is recorded and left at its default.

    Keys that nobody knows are warned of, except those in `unchecked`, which were checked before.
    `refusal` and `unsupported` are left to the caller.
    """
    for key, value in values.items():
        if key not in unchecked:
            warn_unknown_config(key, reader.span(key), reader.findings)
            if value:
                warn_hook(key, reader.span(key), reader.findings)
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
