"""What is looked at before a DuckDB file is opened, what runs on each connection, and what failures of either mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlbackfill.errors import Diagnostic, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.duckdb_failures import Place, translate
from sqlbackfill.warehouse.duckdb_profile import PINNED_SETTINGS, Attachment, DuckDBTarget
from sqlbackfill.warehouse.duckdb_session import quote_name

Mask = Callable[[str], str]
_IN_GENERAL = "duckdb could not run the query: "


def check_place(path: Path | None, *, is_made: bool) -> None:
    """Raises where the operating system would, with a message that says what to do.

    `is_made`: a file that is not there is to be made.
    """
    if path is None:
        return
    if path.is_dir():
        raise WarehouseError(
            Diagnostic(
                code="DATABASE_IS_DIRECTORY",
                message=f"{path} is a directory, not a DuckDB file",
                fix=f"set `path` in profiles.yml to a file, such as {path / 'warehouse.duckdb'}",
            )
        )
    if is_made and not path.exists() and not path.parent.is_dir():
        raise WarehouseError(
            Diagnostic(
                code="DIRECTORY_MISSING",
                message=f"{path} cannot be made: there is no directory {path.parent}",
                fix=f"mkdir -p {path.parent}, or correct `path` in profiles.yml",
            )
        )


def preparing(target: DuckDBTarget) -> Iterator[str]:
    """The statements that give a connection the target's extensions, settings and attached databases."""
    for extension in target.extensions:
        yield f"LOAD {quote_name(extension)}"
    for name, value in {**target.settings, **PINNED_SETTINGS}.items():
        yield f"SET {quote_name(name)} = {quote_text(value)}"
    for attachment in target.attach:
        yield _attach(attachment)


def setting_error(error: Exception, sql: str, path: Path | None, mask: Mask) -> SqlbackfillError:
    """Ours for the driver's `error` of one of the statements that `preparing` gives."""
    ours = translate(error, Place(path=path, sql=sql), mask)
    if not sql.startswith("SET ") or ours.diagnostics[0].code != "QUERY_FAILED":
        return ours
    name = sql.split('"')[1]
    return WarehouseError(
        Diagnostic(
            code="INVALID_SETTING",
            message=f"duckdb does not take the setting `{name}`: "
            + ours.diagnostics[0].message.removeprefix(_IN_GENERAL),
            fix="correct it under `settings` in profiles.yml",
        )
    )


def opening_error(error: Exception, target: DuckDBTarget, mask: Mask) -> SqlbackfillError:
    """Ours for the driver's `error` where it opened the target's file."""
    ours = translate(error, Place(path=target.path), mask)
    if ours.diagnostics[0].code != "QUERY_FAILED":
        return ours
    return WarehouseError(
        Diagnostic(
            code="INVALID_SETTING" if target.config_options else "ENGINE_FAILED",
            message=f"duckdb could not open {target.path or 'a database in memory'}: "
            + ours.diagnostics[0].message.removeprefix(_IN_GENERAL),
            fix="check `path` and `config_options` in profiles.yml",
        )
    )


def _attach(attachment: Attachment) -> str:
    mode = " (READ_ONLY)" if attachment.read_only else ""
    alias = quote_name(attachment.alias)
    return f"ATTACH IF NOT EXISTS {quote_text(attachment.path)} AS {alias}{mode}"


def quote_text(value: str) -> str:
    """`value` as a literal."""
    return "'" + value.replace("'", "''") + "'"
