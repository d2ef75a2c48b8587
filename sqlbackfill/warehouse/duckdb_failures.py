"""Every error that DuckDB can raise, as one of ours. DuckDB itself is not imported here.

Its Python client has no error numbers of its own: classes are matched by name, then the operating
system's number where DuckDB passes it on, then its wording, which tests pin for the oldest and the
newest version supported.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import (
    CancelledError,
    Diagnostic,
    FailureKind,
    SqlbackfillError,
    TransientError,
    WarehouseError,
)

# Compiled when something failed, by `re` itself.
_HOLDER = r"Conflicting lock is held in (?P<program>.*?)\s*\(PID (?P<pid>\d+)\)"
_IN_USE = r"Could not set lock on file|being used by another process|different configur"
_NO_SPACE = r"No space left on device|not enough space on the disk|Disk quota exceeded"
_NOT_DUCKDB = r"not a valid DuckDB database file|sqlite_scanner"
_VERSION = r"version number \d+, but we can only read|newer version of DuckDB"
_READ_ONLY = r"read-only mode|Read-only file system|read only mode"
_DENIED = r"Permission denied|Access is denied|Operation not permitted"
_NO_FILES = r'No files found that match the pattern "(?P<pattern>[^"]*)"'
_BAD_FILE = (
    r"(?i)Failed to read file|magic bytes|parquet|TProtocol|footer|Snappy|ZSTD|decompress|GZIP|Invalid UTF-?8|CSV Error"
    r"|Could not read enough bytes|sniffing file|Malformed JSON|checksum"
)
_DAMAGED = (
    r"(?i)Corrupt database file|computed checksum|Failed to deserialize|Could not read enough bytes"
)
_EXTENSION = r'[Ee]xtension "?(?P<name>[^"\s]+?)(?:\.duckdb_extension)?"? (?:not found|is)'
_SUGGESTION = r'Did you mean:? "(?P<name>[^"]+)"'
_OF_DATA = frozenset(
    {"ConversionException", "OutOfRangeException", "ConstraintException", "InvalidInputException"}
)
"""What DuckDB raises about the values that a query meets: casts, overflows, constraints, and (as
invalid input) division by zero, `error()`, texts that are no date or no JSON."""

_CANDIDATES = r"Candidate bindings: (?P<names>.+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What can be read from one DuckDB exception. `position` is a byte offset into the SQL."""

    kinds: frozenset[str]
    engine_kind: str
    text: str
    errno: int | None
    position: int | None

    @property
    def first_line(self) -> str:
        return self.text.strip().split("\n", 1)[0].strip() or "no message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the failure was met: the database's file if it has one, and the statement if any."""

    path: Path | None = None
    sql: str | None = None


def read_failure(error: BaseException, mask: Callable[[str], str] = lambda text: text) -> Failure:
    """The parts of a DuckDB exception, whether or not `errors_as_json` was on; secrets masked."""
    kinds = frozenset(kind.__name__ for kind in type(error).__mro__)
    prefix, brace, rest = str(error).partition("{")
    if brace and '"exception_message"' in rest:
        try:
            fields = json.loads(brace + rest)
        except ValueError:
            fields = {}
        if isinstance(fields, dict) and "exception_message" in fields:
            return Failure(
                kinds=kinds,
                engine_kind=str(fields.get("exception_type", "")),
                text=mask(str(fields["exception_message"])),
                errno=_number(fields, "errno"),
                position=_number(fields, "position"),
            )
    prefix, colon, words = str(error).partition(": ")
    text = words if prefix.endswith("Error") else str(error)
    return Failure(
        kinds=kinds,
        engine_kind=prefix.removesuffix(" Error") if colon else "",
        text=mask(text.split("\n\nLINE ", 1)[0]),
        errno=None,
        position=None,
    )


def translate(
    error: BaseException, place: Place, mask: Callable[[str], str] = lambda text: text
) -> SqlbackfillError:
    """The error of ours that stands for a DuckDB exception. Never raises; never shows a secret."""
    failure = read_failure(error, mask)
    for judge in _JUDGES:
        found = judge(failure, place)
        if found is not None:
            return found
    return _query_failed(failure, place)


def _interrupted(failure: Failure, _place: Place) -> SqlbackfillError | None:
    if not failure.kinds & {"InterruptException", "KeyboardInterrupt"}:
        return None
    return CancelledError(
        Diagnostic(code="INTERRUPTED", message="the query was interrupted before it ended")
    )


def _space(failure: Failure, place: Place) -> SqlbackfillError | None:
    full = failure.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    if not (full or re.search(_NO_SPACE, failure.text)):
        return None
    where = f" while writing {place.path}" if place.path else ""
    return _refusal(
        "DISK_FULL",
        f"the disk is full{where}: {failure.first_line}",
        "free some space, then run the command that continues; what was committed is kept",
    )


def _memory(failure: Failure, _place: Place) -> SqlbackfillError | None:
    if not failure.kinds & {"OutOfMemoryException", "MemoryError"}:
        return None
    return _refusal(
        "OUT_OF_MEMORY",
        f"duckdb ran out of memory: {failure.first_line}",
        "take smaller chunks (--strategy chunk=N), or raise memory_limit or "
        "max_temp_directory_size under `settings` in profiles.yml",
    ).of_kind(FailureKind.MEMORY)


def _transaction(failure: Failure, _place: Place) -> SqlbackfillError | None:
    if "TransactionException" not in failure.kinds:
        return None
    if "onflict" in failure.text:
        return TransientError(
            Diagnostic(
                code="WRITE_CONFLICT",
                message=f"another transaction changed the same rows: {failure.first_line}",
                fix="try again; if it lasts, see whether two runs write the same table",
            )
        )
    return _refusal(
        "TRANSACTION_ABORTED",
        f"the transaction cannot go on: {failure.first_line}",
        "nothing of it was kept; run the command that continues",
    )


def _engine(failure: Failure, _place: Place) -> SqlbackfillError | None:
    if not failure.kinds & {"FatalException", "InternalException", "InternalError"}:
        return None
    return _refusal(
        "ENGINE_FAILED",
        f"duckdb failed inside: {failure.first_line}",
        "run the command again; if it happens again it is a fault of duckdb: another version may help",
    )


def _opening(failure: Failure, place: Place) -> SqlbackfillError | None:
    """Errors of the database file itself; a statement under way has none of these but read-only."""
    text, path = failure.text, place.path
    name = str(path) if path else "the database"
    if re.search(_IN_USE, text):
        return _locked(text, name)
    if re.search(_VERSION, text):
        return _refusal(
            "DATABASE_VERSION",
            f"{name} is in the format of another DuckDB version: {failure.first_line}",
            "install the duckdb package that wrote it, or a newer one: pip install --upgrade duckdb",
        )
    if re.search(_NOT_DUCKDB, text):
        return _refusal(
            "NOT_A_DATABASE",
            f"{name} is not a DuckDB database",
            "set `path` in profiles.yml to a DuckDB file, or to a new name to start one",
        )
    if re.search(_DAMAGED, text) and place.sql is None:
        return _refusal(
            "DATABASE_DAMAGED",
            f"{name} cannot be read: {failure.first_line}",
            "restore it from a copy, or set `path` in profiles.yml to a new file and rebuild",
        )
    if failure.errno == errno.EROFS or re.search(_READ_ONLY, text):
        return _refusal(
            "DATABASE_READ_ONLY",
            f"{name} cannot be written: {failure.first_line}",
            "allow writing to the file and its directory, or set `path` in profiles.yml to another",
        )
    return None


def _locked(text: str, name: str) -> SqlbackfillError:
    holder = re.search(_HOLDER, text)
    notes: tuple[tuple[str, str], ...] = ()
    who = "another process or connection"
    if holder is not None:
        who = f"another process, PID {holder['pid']} ({Path(holder['program']).name})"
        notes = (("pid", holder["pid"]),)
    return WarehouseError(
        Diagnostic(
            code="DATABASE_LOCKED",
            message=f"{name} is in use by {who}",
            fix="DuckDB lets one process in while it writes: wait until that one has ended, or close it",
            notes=notes,
        )
    )


def _files(failure: Failure, place: Place) -> SqlbackfillError | None:
    text = failure.text
    missing = re.search(_NO_FILES, text)
    if missing:
        return _at(
            _refusal(
                "SOURCE_MISSING",
                f"no file matches {missing['pattern']}",
                "check external_location in the source's yml: it starts at the project directory",
            ),
            failure,
            place,
        )
    if failure.errno in {errno.EACCES, errno.EPERM} or re.search(_DENIED, text):
        return _refusal(
            "PERMISSION_DENIED",
            f"the system refused access: {failure.first_line}",
            "allow this user to read and write that path",
        )
    if "PermissionException" in failure.kinds:
        return _refusal(
            "PERMISSION_DENIED",
            f"duckdb refused: {failure.first_line}",
            "change the setting it names under `settings` in profiles.yml",
        )
    of_files = {"IOException", "InvalidInputException", "SerializationException"}
    garbled = failure.engine_kind == "Invalid" or (
        failure.kinds & of_files and re.search(_BAD_FILE, text)
    )
    if "HTTPException" in failure.kinds or garbled:
        return _at(
            _refusal(
                "SOURCE_UNREADABLE",
                f"a source file cannot be read: {failure.first_line}",
                "replace the file by a whole one; a copy may have been cut short",
            ),
            failure,
            place,
        )
    return None


def _extension(failure: Failure, _place: Place) -> SqlbackfillError | None:
    found = re.search(_EXTENSION, failure.text)
    of_loading = failure.engine_kind in {"IO", "HTTP", "Extension Autoloading", "Missing Extension"}
    if found is None or not of_loading:
        return None
    name = Path(found["name"]).name
    return _refusal(
        "EXTENSION_MISSING",
        f"the DuckDB extension {name} is not installed",
        f"install it once where there is a network: duckdb -c 'INSTALL {name}'",
    )


def _connection(failure: Failure, _place: Place) -> SqlbackfillError | None:
    if "ConnectionException" not in failure.kinds:
        return None
    return _refusal(
        "CONNECTION_CLOSED",
        f"the connection to duckdb was closed: {failure.first_line}",
        "run the command again",
    )


def _query_failed(failure: Failure, place: Place) -> SqlbackfillError:
    suggestion = re.search(_SUGGESTION, failure.text)
    available = re.search(_CANDIDATES, failure.text)
    kind = FailureKind.DATA if failure.kinds & _OF_DATA else FailureKind.PERMANENT
    return _at(
        WarehouseError(
            Diagnostic(
                code="QUERY_FAILED",
                message=f"duckdb could not run the query: {failure.first_line}",
                fix=f"did you mean {suggestion['name']}?" if suggestion else None,
                notes=(("available", available["names"].replace('"', "")),) if available else (),
            )
        ).of_kind(kind),
        failure,
        place,
    )


def _at(error: WarehouseError, failure: Failure, place: Place) -> WarehouseError:
    if failure.position is None or place.sql is None:
        return error
    before = place.sql.encode()[: failure.position].decode(errors="replace")
    return error.located(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _refusal(code: str, message: str, fix: str) -> WarehouseError:
    return WarehouseError(Diagnostic(code=code, message=message, fix=fix))


def _number(fields: Mapping[str, object], name: str) -> int | None:
    value = str(fields.get(name, ""))
    return int(value) if value.isdigit() else None


_JUDGES: tuple[Callable[[Failure, Place], SqlbackfillError | None], ...] = (
    _interrupted,
    _space,
    _memory,
    _transaction,
    _opening,
    _extension,
    _files,
    _engine,
    _connection,
)
