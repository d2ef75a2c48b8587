"""Reads the sources of a properties yml, each table with the config of its source below its own."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.partitioning import Naive
from sqlbackfill.project.config import Freshness, OnChange
from sqlbackfill.project.config_keys import (
    SOURCE_CONFIG_KEYS,
    SOURCE_KEYS,
    SOURCE_META_KEYS,
    TABLE_KEYS,
    warn_unknown_keys,
)
from sqlbackfill.project.config_values import (
    RefusedValue,
    one_of,
    read_flag,
    read_grain,
    read_mapping,
    read_tags,
    read_text,
    read_timezone,
    read_week_start,
)
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.layers import merge
from sqlbackfill.project.meta_reading import META
from sqlbackfill.project.model import ConfigLayer
from sqlbackfill.project.project_file import read_quoting
from sqlbackfill.project.properties import (
    description_of,
    mappings,
    named,
    read_columns,
    read_layer,
)
from sqlbackfill.project.relation_reading import read_relations
from sqlbackfill.project.source import Quoting, Source
from sqlbackfill.project.tree import ConfigTree
from sqlbackfill.project.value_reader import Reader, ValueReader
from sqlbackfill.project.yml import Yml
from sqlbackfill.warehouse.protocol import Relation

_CONFIG_READERS: Final[Mapping[str, Reader[Any]]] = {
    "enabled": read_flag,
    "event_time": read_text,
    "meta": read_mapping,
    "external_location": read_text,
    "formatter": read_text,
    "tags": read_tags,
}


def _read_freshness(value: object) -> Freshness:
    # YAML 1.1 reads a bare `off` as false.
    return Freshness.OFF if value is False else one_of(Freshness)(value)


_META_READERS: Final[Mapping[str, Reader[Any]]] = {
    "grain": read_grain,
    "week_start": read_week_start,
    "timezone": read_timezone,
    "naive": one_of(Naive),
    "freshness": _read_freshness,
    "on_change": one_of(OnChange),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDefaults:
    """What applies to a source that says nothing else: `fqn` is the project's name and the folders."""

    database: str
    quoting: Quoting
    tree: ConfigTree
    fqn: tuple[str, ...]


def read_sources(entries: Yml, defaults: SourceDefaults, findings: Findings) -> Iterator[Source]:
    """The enabled tables of all sources in the list."""
    for entry in mappings("sources", entries, findings):
        found = named("source", entry, findings)
        if found is None:
            continue
        parts = _known_parts(entry, SOURCE_KEYS, f"of source `{found[0]}`", findings)
        tables = parts.get("tables")
        if tables is None:
            continue
        above = read_layer(f"source `{found[0]}`", parts, findings)
        for table in mappings("tables", tables, findings):
            name = named("table", table, findings)
            if name is not None:
                reading = _TableReading(found[0], parts, above, defaults, findings)
                source = reading.read(name[0], name[1], table)
                if source is not None:
                    yield source


def _known_parts(
    entry: Yml, known: frozenset[str], where: str, findings: Findings
) -> dict[str, Yml]:
    warn_unknown_keys(entry.keys_but(known), known, where, findings)
    return entry.parts()


@dataclass(frozen=True, slots=True)
class _TableReading:
    source: str
    above: Mapping[str, Yml]
    above_layer: ConfigLayer | None
    defaults: SourceDefaults
    findings: Findings

    def read(self, table: str, span: SourceSpan, entry: Yml) -> Source | None:
        """The table as a source, or None where it is disabled."""
        name = f"{self.source}.{table}"
        parts = _known_parts(entry, TABLE_KEYS, f"of source table `{name}`", self.findings)
        own = read_layer(f"source table `{name}`", parts, self.findings)
        tree = self.defaults.tree.layers((*self.defaults.fqn, self.source, table))
        config = merge(_hoisted(x) for x in (*tree, self.above_layer, own) if x is not None)
        unknown = [
            (key, config.spans.get(key, span))
            for key in config.values
            if key not in SOURCE_CONFIG_KEYS
        ]
        warn_unknown_keys(unknown, SOURCE_CONFIG_KEYS, "in a source's config", self.findings)
        reader = ValueReader(config.spans, span, self.findings)
        found = reader.read_all("", config.values, _CONFIG_READERS)
        if found.get("enabled") is False:
            return None
        meta = found.get("meta", {})
        ours = reader.read(META, meta.get("sqlbackfill"), read_mapping) or {}
        reader.unknown(META, ours, SOURCE_META_KEYS)
        relation = self._relation(table, parts)
        external = self._external(table, found, relation, reader)
        quoting = parts.get("quoting", self.above.get("quoting"))
        return Source(
            name=name,
            relation=None if external else relation,
            external_location=external,
            event_time=found.get("event_time"),
            **reader.read_all(META, ours, _META_READERS),
            relations=read_relations(f"{META}.relations", ours.get("relations") or (), reader),
            description=description_of(parts.get("description")),
            columns=read_columns(parts.get("columns"), self.findings),
            quoting=read_quoting(quoting, self.findings) if quoting else self.defaults.quoting,
            tags=tuple(dict.fromkeys(found.get("tags", ()))),
            meta=meta,
            span=span,
        )

    def _external(
        self, table: str, found: Mapping[str, Any], relation: Relation, reader: ValueReader
    ) -> str | None:
        if "external_location" not in found:
            return None
        formatter = found.get("formatter", "newstyle")
        location = _Location(found["external_location"], formatter, self.source, table)
        meta = found.get("meta", {})
        return reader.read("external_location", location, lambda _: location.filled(relation, meta))

    def _relation(self, table: str, parts: Mapping[str, Yml]) -> Relation:
        return Relation(
            self._text("database", self.above) or self.defaults.database,
            self._text("schema", self.above) or self.source,
            self._text("identifier", parts) or table,
        )

    def _text(self, key: str, parts: Mapping[str, Yml]) -> str | None:
        node = parts.get(key)
        if node is None:
            return None
        reader = ValueReader({}, node.span, self.findings)
        return reader.read(key, node.value(), read_text)


def _hoisted(layer: ConfigLayer) -> ConfigLayer:
    """dbt-duckdb reads external_location and formatter from meta, too; config wins."""
    meta = layer.values.get("meta")
    if not isinstance(meta, Mapping):
        return layer
    moved = {k: meta[k] for k in ("external_location", "formatter") if k in meta}
    if not moved:
        return layer
    spans = {key: layer.spans[f"meta.{key}"] for key in moved if f"meta.{key}" in layer.spans}
    return ConfigLayer({**moved, **layer.values}, {**spans, **layer.spans})


@dataclass(frozen=True, slots=True)
class _Location:
    """An external location and what fills its placeholders, as dbt-duckdb does.

    https://github.com/duckdb/dbt-duckdb#reading-and-writing-external-files
    """

    text: str
    formatter: str
    source: str
    table: str

    def filled(self, relation: Relation, meta: Mapping[str, object]) -> str:
        fields = {
            **{key: value for key, value in meta.items() if isinstance(value, str)},
            "name": self.table,
            "identifier": relation.identifier,
            "schema": relation.schema,
            "database": relation.database,
            "source_name": self.source,
        }
        try:
            if self.formatter == "newstyle":
                return _PlainFormatter().vformat(self.text, (), fields)
            if self.formatter == "oldstyle":
                return self.text % fields
            if self.formatter == "template":
                return string.Template(self.text).substitute(fields)
        except KeyError as error:
            known = ", ".join(f"{{{key}}}" for key in fields)
            raise RefusedValue(
                f"has a placeholder that nothing fills: {error.args[0]}",
                f"use one of {known}",
                "EXTERNAL_LOCATION",
            ) from None
        except (ValueError, IndexError, TypeError, AttributeError):
            raise RefusedValue(
                "has placeholders that cannot be read",
                "write {name}; a brace that is part of the path is written twice",
                "EXTERNAL_LOCATION",
            ) from None
        raise RefusedValue(
            f"has an unknown formatter `{self.formatter}`",
            "use newstyle, oldstyle or template",
            "EXTERNAL_LOCATION",
        )


class _PlainFormatter(string.Formatter):
    """str.format without attribute and item access."""

    def get_field(self, field_name: str, _args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs[field_name], field_name
