"""Reads the fields of one output of a profile. Messages name fields, never their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SourceSpan
from sqlbackfill.project.config_keys import DUCKDB_FIELDS, SNOWFLAKE_FIELDS
from sqlbackfill.project.config_values import RefusedValue, at_least, kind_of, read_text
from sqlbackfill.project.findings import Findings, near_match
from sqlbackfill.project.target import Target
from sqlbackfill.project.yml import Yml

LEDGER_SCHEMA: Final = "sqlbackfill"
_MEMORY: Final = ":memory:"
_ADAPTERS: Final = {"duckdb": DUCKDB_FIELDS, "snowflake": SNOWFLAKE_FIELDS}


def default_target(root: Path) -> Target:
    """The target where no profile says otherwise: duckdb in `warehouse.duckdb` below `root`."""
    path = str(root.resolve() / "warehouse.duckdb")
    return Target(
        profile="default",
        name="default",
        type="duckdb",
        fields={"type": "duckdb", "path": path, "schema": "main"},
        database="warehouse",
        schema="main",
        path=path,
    )


def read_output(
    profile: str, name: str, output: Yml, root: Path, file: str, findings: Findings
) -> Target:
    """The output as a target; what is wrong with it is recorded, and then raised.

    A relative `path` is taken from the project's folder (dbt: from the working folder), so that a
    command means the same from everywhere.
    """
    spans = {key: span for key, span, _ in output.entries()}
    values = {key: node.value() for key, _, node in output.entries()}
    fields = {key: value for key, value in values.items() if value not in (None, "")}
    reader = _FieldReader(name, fields, spans, output.span, findings)
    findings.raise_errors()
    kind = reader.adapter()
    for key, span in spans.items():
        if key not in _ADAPTERS[kind]:
            match = near_match(key, _ADAPTERS[kind])
            message = f"unknown field `{key}` of target `{name}`"
            message += f"; did you mean `{match}`?" if match else ""
            findings.warning(
                "UNKNOWN_PROFILE_FIELD", message, span, f"use `{match}`" if match else None
            )
    path = _database_path(reader.text("path") or _MEMORY, root) if kind == "duckdb" else None
    if path is not None:
        fields["path"] = path
    target = Target(
        profile=profile,
        name=name,
        type=kind,
        fields=fields,
        database=reader.database(path),
        schema=reader.schema(kind),
        threads=reader.number("threads", at_least(1)) or 1,
        path=path,
        ledger_schema=reader.text("ledger_schema") or LEDGER_SCHEMA,
        usd_per_hour=reader.number("usd_per_hour", _read_price),
        dialect=reader.text("dialect"),
        sources=_below(reader.text("sources"), root),
        profile_file=file,
        warnings=findings.warnings,
    )
    findings.raise_errors()
    return target


@dataclass(frozen=True, slots=True)
class _FieldReader:
    """Reads fields and records those that do not fit, without their values."""

    target: str
    fields: Mapping[str, object]
    spans: Mapping[str, SourceSpan]
    fallback: SourceSpan
    findings: Findings

    def refuse(self, key: str, message: str, fix: str | None = None) -> None:
        span = self.spans.get(key, self.fallback)
        message = f"`{key}` of target `{self.target}` {message}"
        self.findings.error("BAD_PROFILE_FIELD", message, span, fix)

    def text(self, *keys: str) -> str | None:
        """The first of `keys` that is set, as text."""
        key = next((key for key in keys if key in self.fields), None)
        if key is None:
            return None
        value = self.fields[key]
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.refuse(key, f"must be text, not {kind_of(value)}", "put it in quotes")
            return None
        return str(value)

    def number(self, key: str, read: Any) -> Any:
        """The field as `read` reads it, or None."""
        if key not in self.fields:
            return None
        try:
            return read(self.fields[key])
        except RefusedValue:
            self.refuse(key, "must be a number", "write a number such as 4")
            return None

    def adapter(self) -> str:
        """The type of the output. Raises ProjectError where it is none that we run on."""
        try:
            kind = read_text(self.fields.get("type")).lower()
        except RefusedValue:
            self.refuse("type", "is not set", f"set it to {_either(_ADAPTERS)}")
            self.findings.raise_errors()
            raise
        if kind not in _ADAPTERS:
            self.findings.error(
                "UNSUPPORTED_ADAPTER",
                f"target `{self.target}` is of type `{kind}`, which sqlbackfill does not run on",
                self.spans.get("type"),
                f"use a target of type {_either(_ADAPTERS)}",
            )
            self.findings.raise_errors()
        return kind

    def database(self, path: str | None) -> str:
        """duckdb: the file's name without its ending where nothing else is said."""
        given = self.text("database", "dbname")
        if path is None:
            if given is None:
                self.refuse("database", "is not set", "name the database that models are built in")
            return given or ""
        if path == _MEMORY:
            return given or "memory"
        place = path.partition("?")[0].removeprefix("md:").removeprefix("motherduck:")
        return given or PurePosixPath(place.replace("\\", "/")).stem or "memory"

    def schema(self, kind: str) -> str:
        given = self.text("schema")
        if given is None and kind == "snowflake":
            self.refuse("schema", "is not set", "name the schema that models are built in")
        return given or ("main" if kind == "duckdb" else "")


def _below(path: str | None, root: Path) -> Path | None:
    return None if path is None else root.resolve() / Path(path).expanduser()


def _database_path(path: str, root: Path) -> str:
    if path == _MEMORY or ":" in path[2:] or path.startswith(("md:", "motherduck:")):
        return path
    return str(root.resolve() / Path(path).expanduser())


def _read_price(value: object) -> float:
    try:
        price = float(value) if isinstance(value, str | int | float) else -1.0
    except ValueError:
        price = -1.0
    if isinstance(value, bool) or not 0 <= price < float("inf"):
        raise RefusedValue("is no price")
    return price


def _either(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))
