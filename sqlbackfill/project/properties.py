"""Reads what a properties yml says of models, seeds and snapshots. Sources are read next door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_keys import (
    COLUMN_KEYS,
    LATE_RENDERED,
    MODEL_KEYS,
    PROPERTIES_KEYS,
    normal_key,
    warn_unknown_keys,
)
from sqlbackfill.project.config_reading import read_config
from sqlbackfill.project.findings import Findings
from sqlbackfill.project.layers import merge
from sqlbackfill.project.model import ConfigLayer
from sqlbackfill.project.source import YmlColumn
from sqlbackfill.project.value_reader import ValueReader
from sqlbackfill.project.yml import Yml

_TOP_CONFIG = ("meta", "tags", "docs", "access", "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What a yml says of one model, seed or snapshot."""

    name: str
    description: str
    columns: tuple[YmlColumn, ...]
    layer: ConfigLayer | None
    span: SourceSpan


def check_properties_file(root: Yml, findings: Findings) -> bool:
    """Whether the file is a mapping (else an error is recorded); warns of unknown top-level keys."""
    if not root.is_mapping:
        findings.error(
            "BAD_YML_SHAPE",
            f"a properties file must be a mapping, not {root.kind}",
            root.span,
            "write `models:` or `sources:` with a list below",
        )
        return False
    unknown = root.keys_but(PROPERTIES_KEYS)
    warn_unknown_keys(unknown, PROPERTIES_KEYS, "at the top of a properties file", findings)
    return True


def read_properties(section: str, entries: Yml, findings: Findings) -> Iterator[Properties]:
    """What the list under `section` (models, seeds, snapshots) says."""
    kind = section.removesuffix("s")
    for entry in mappings(section, entries, findings):
        found = named(kind, entry, findings)
        if found is None:
            continue
        name, span = found
        parts = entry.parts()
        if section == "models":
            unknown = entry.keys_but(MODEL_KEYS)
            warn_unknown_keys(unknown, MODEL_KEYS, f"of model `{name}`", findings)
        if "versions" in parts:
            findings.warning(
                "MODEL_VERSIONS",
                f"the versions of model `{name}` are not read; `{name}` is taken as it stands",
                parts["versions"].span,
                "refer to the versions by their file names",
            )
        layer = read_layer(f"{kind} `{name}`", parts, findings)
        if layer is not None and section == "models":
            read_config(layer.values, ValueReader(layer.spans, span, findings))
        yield Properties(
            name=name,
            description=description_of(parts.get("description")),
            columns=read_columns(parts.get("columns"), findings),
            layer=layer,
            span=span,
        )


def mappings(section: str, entries: Yml, findings: Findings) -> Iterator[Yml]:
    """The mappings in a list; whatever else stands there is an error."""
    if entries.is_null:
        return
    if not entries.is_list:
        message = f"`{section}` must be a list, not {entries.kind}"
        findings.error("BAD_YML_SHAPE", message, entries.span, "begin each entry with `- name:`")
        return
    for entry in entries.items():
        if entry.is_mapping:
            yield entry
        else:
            message = f"an entry of `{section}` must be a mapping, not {entry.kind}"
            findings.error("BAD_YML_SHAPE", message, entry.span, "write `- name: …`")


def named(kind: str, entry: Yml, findings: Findings) -> tuple[str, SourceSpan] | None:
    """The entry's name and its place; without one, an error."""
    node = entry.child("name")
    value = node.value() if node else None
    if node is not None and isinstance(value, str | int) and not isinstance(value, bool) and value:
        return str(value), node.span
    findings.error(
        "BAD_YML_SHAPE",
        f"a {kind} has no name",
        node.span if node else entry.span,
        "give it a `name:` that is text",
    )
    return None


def read_layer(where: str, parts: dict[str, Yml], findings: Findings) -> ConfigLayer | None:
    """The config of an entry: its `config:`, over the few keys that dbt also reads beside it."""
    spans: dict[str, SourceSpan] = {}
    beside = {key: parts[key].value(key, spans) for key in _TOP_CONFIG if key in parts}
    for key in beside:
        spans.setdefault(key, parts[key].span)
    layers = [ConfigLayer(beside, spans)] if beside else []
    config = parts.get("config")
    if config is not None and not config.is_null:
        if config.is_mapping:
            layers.append(_config_layer(config))
        else:
            message = f"the config of {where} must be a mapping, not {config.kind}"
            findings.error("BAD_YML_SHAPE", message, config.span, "write `config: {key: value}`")
    return merge(layers) if layers else None


def _config_layer(config: Yml) -> ConfigLayer:
    values: dict[str, object] = {}
    spans: dict[str, SourceSpan] = {}
    for name, span, child in config.entries():
        key = normal_key(name)
        spans[key] = span
        values[key] = child.value(key, spans, rendered=key not in LATE_RENDERED)
    return ConfigLayer(values, spans)


# https://docs.getdbt.com/reference/resource-properties/data-tests: `unique` leaves NULLs out.
_KEY_TESTS: Final = frozenset({"unique", "not_null"})


def read_columns(entries: Yml | None, findings: Findings) -> tuple[YmlColumn, ...]:
    """The columns of an entry, each once."""
    if entries is None:
        return ()
    found: dict[str, YmlColumn] = {}
    for entry in mappings("columns", entries, findings):
        column = named("column", entry, findings)
        if column is None:
            continue
        name, span = column
        parts = entry.parts()
        unknown = entry.keys_but(COLUMN_KEYS)
        warn_unknown_keys(unknown, COLUMN_KEYS, f"of column `{name}`", findings)
        if name in found:
            findings.warning(
                "REPEATED_KEY", f"column `{name}` is described twice", span, "join the two entries"
            )
        data_type = parts["data_type"].value() if "data_type" in parts else None
        if data_type is not None and not isinstance(data_type, str):
            message = f"the data_type of column `{name}` must be text"
            findings.error("BAD_CONFIG_VALUE", message, parts["data_type"].span, "put it in quotes")
            data_type = None
        found[name] = YmlColumn(
            name=name,
            data_type=data_type,
            description=description_of(parts.get("description")),
            is_key=_test_names(parts) >= _KEY_TESTS,
        )
    return tuple(found.values())


def _test_names(parts: Mapping[str, Yml]) -> frozenset[str]:
    """The tests of a column that have no settings, which could narrow them to some rows."""
    found: set[str] = set()
    for key in ("tests", "data_tests"):
        listed = parts[key].value(rendered=False) if key in parts else None
        if isinstance(listed, list | tuple):
            found.update(name for name in listed if isinstance(name, str))
    return frozenset(found)


def description_of(node: Yml | None) -> str:
    """A description as written: dbt renders its Jinja in the documentation alone."""
    value = None if node is None else node.value(rendered=False)
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
