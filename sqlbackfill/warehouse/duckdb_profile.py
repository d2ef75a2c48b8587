"""The fields of a DuckDB target in profiles.yml, in dbt-duckdb's words, checked and typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, ProjectError

IN_MEMORY = ":memory:"
PINNED_SETTINGS = {"timezone": "UTC", "errors_as_json": "true"}

_KNOWN = (
    "type",
    "path",
    "database",
    "schema",
    "threads",
    "extensions",
    "settings",
    "config_options",
    "attach",
    "ledger_schema",
    "usd_per_hour",
    "confirm_above_usd",
    "disable_transactions",
    "external_root",
    "keep_open",
    "retries",
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Attachment:
    """Another database file that sessions see as `alias`."""

    path: str
    alias: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBTarget:
    """Where a DuckDB warehouse is and how its sessions are set.

    `path` is None for one in memory, which is then called `name`; a file's database is always
    called after the file. `settings` are set when a session begins, `config_options` when the file
    is opened; values never appear in a repr, since some are secrets.
    """

    path: Path | None = None
    name: str = "memory"
    extensions: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    config_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    attach: tuple[Attachment, ...] = ()

    @property
    def database(self) -> str:
        """The name of the database, as DuckDB derives it from the file's name."""
        if self.path is None:
            return self.name
        stem = self.path.name.lstrip(".").split(".", 1)[0]
        return f"{stem}_db" if stem in {"temp", "system", "main"} else stem


def read_duckdb_target(fields: Mapping[str, object]) -> DuckDBTarget:
    """The target that a profile's `fields` describe; a relative `path` stays relative.

    Raises ProjectError with every fault found: INVALID_PROFILE_FIELD, PINNED_SETTING.
    """
    faults = [*_unknown(fields), *_pinned(fields)]
    path, attach = fields.get("path", IN_MEMORY), fields.get("attach") or ()
    extensions = fields.get("extensions") or ()
    if not isinstance(path, str | Path) or not str(path):
        faults.append(_invalid("path", "a file name or :memory:", path))
    elif str(path).startswith(("md:", "motherduck:")):
        faults.append(
            _invalid("path", "a local file or :memory: (MotherDuck is not supported)", "md:")
        )
    if not isinstance(extensions, list | tuple) or not all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in extensions
    ):
        faults.append(_invalid("extensions", "a list of names", extensions))
    if not isinstance(attach, list | tuple) or not all(_is_attachment(item) for item in attach):
        faults.append(
            Diagnostic(
                code="INVALID_PROFILE_FIELD",
                message="`attach` must be a list of {path, alias, read_only}",
                fix="give each attached file a path and, unless its own name serves, an alias",
            )
        )
    faults += [
        _invalid(name, "a mapping of names to values", "another shape")
        for name in ("settings", "config_options")
        if not isinstance(fields.get(name) or {}, Mapping)
    ]
    if faults:
        raise ProjectError(*faults)
    file = None if str(path) == IN_MEMORY else Path(str(path))
    target = DuckDBTarget(
        path=file,
        name=str(fields.get("database") or "memory"),
        extensions=tuple(extensions),  # type: ignore[arg-type]  # checked above
        settings=_texts(fields.get("settings")),
        config_options=_texts(fields.get("config_options")),
        attach=tuple(_attachment(item) for item in attach),  # type: ignore[attr-defined]  # checked above
    )
    _check_database(target, fields.get("database"))
    return target


def _unknown(fields: Mapping[str, object]) -> Iterator[Diagnostic]:
    for name in ("secrets", "plugins", "filesystems", "is_ducklake"):
        if fields.get(name):
            yield Diagnostic(
                code="INVALID_PROFILE_FIELD",
                message=f"`{name}` of a duckdb profile is not supported",
                fix="remove it, or read the data in another way",
            )
    for name in fields:
        near = get_close_matches(name, _KNOWN, n=1, cutoff=0.75)
        if name not in _KNOWN and near:
            yield Diagnostic(
                code="INVALID_PROFILE_FIELD",
                message=f"unknown field `{name}` in a duckdb profile",
                fix=f"did you mean `{near[0]}`?",
            )


def _pinned(fields: Mapping[str, object]) -> Iterator[Diagnostic]:
    for place in ("settings", "config_options"):
        settings = fields.get(place)
        for name, value in settings.items() if isinstance(settings, Mapping) else ():
            pinned = PINNED_SETTINGS.get(str(name).lower())
            if pinned is not None and _text(value).lower() != pinned.lower():
                yield Diagnostic(
                    code="PINNED_SETTING",
                    message=f"`{place}.{name}` must be {pinned}: partitions depend on it",
                    fix="remove it; a model's own time zone is set by meta.sqlbackfill.timezone",
                )


def _check_database(target: DuckDBTarget, wanted: object) -> None:
    if wanted is None or target.path is None:
        return
    names = {target.database, *(attachment.alias for attachment in target.attach)}
    if str(wanted).lower() not in {name.lower() for name in names}:
        raise ProjectError(
            _invalid(
                "database", f"{target.database}, which DuckDB calls {target.path.name}", wanted
            )
        )


def _invalid(name: str, expected: str, found: object) -> Diagnostic:
    return Diagnostic(
        code="INVALID_PROFILE_FIELD",
        message=f"`{name}` of a duckdb profile must be {expected}, not {found!r}",
        fix=f"correct `{name}` in profiles.yml",
    )


def _is_attachment(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("path"), str) and bool(item["path"])


def _attachment(item: Mapping[str, object]) -> Attachment:
    path = str(item["path"])
    alias = str(item.get("alias") or DuckDBTarget(path=Path(path)).database)
    return Attachment(path, alias, bool(item.get("read_only", False)))


def _texts(values: object) -> dict[str, str]:
    return {str(k): _text(v) for k, v in values.items()} if isinstance(values, Mapping) else {}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
