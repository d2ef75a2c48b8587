"""What each DuckDB exception becomes. Texts are those of duckdb 1.3.0 and 2.0.0, as met."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.errors import CancelledError, SqlbackfillError, TransientError
from sqlbackfill.warehouse.duckdb_failures import Place, translate

OWN_CODES = {
    "InterruptException": "INTERRUPTED",
    "OutOfMemoryException": "OUT_OF_MEMORY",
    "TransactionException": "TRANSACTION_ABORTED",
    "FatalException": "ENGINE_FAILED",
    "InternalException": "ENGINE_FAILED",
    "InternalError": "ENGINE_FAILED",
    "ConnectionException": "CONNECTION_CLOSED",
    "PermissionException": "PERMISSION_DENIED",
    "HTTPException": "SOURCE_UNREADABLE",
}


def all_exceptions() -> list[type[duckdb.Error]]:
    found: list[type[duckdb.Error]] = [duckdb.Error]
    for kind in found:
        found += kind.__subclasses__()
    named = [value for value in vars(duckdb).values() if isinstance(value, type)]
    return sorted(
        {*found, *(value for value in named if issubclass(value, duckdb.Error))},
        key=lambda kind: kind.__name__,
    )


def test_duckdb_has_the_exceptions_that_we_know_of() -> None:
    known = {kind.__name__ for kind in all_exceptions()}
    assert known >= set(OWN_CODES)
    assert len(known) > 25


@pytest.mark.parametrize("kind", all_exceptions(), ids=lambda kind: kind.__name__)
def test_no_exception_of_duckdb_is_unmapped(kind: type[duckdb.Error]) -> None:
    ours = translate(kind("Some Error: something\n\nLINE 1: select"), Place(sql="select"))
    assert isinstance(ours, SqlbackfillError)
    (diagnostic,) = ours.diagnostics
    assert diagnostic.code == OWN_CODES.get(kind.__name__, "QUERY_FAILED")
    assert "LINE 1" not in diagnostic.message


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("IOException", "IO Error: Could not set lock on file \"/w/x.duckdb\": Conflicting lock is held in /usr/bin/python3.11 (PID 9410). See also https://duckdb.org/docs/current/connect/concurrency", "DATABASE_LOCKED"),
        ("IOException", "IO Error: Could not set lock on file \"/w/x.duckdb\": Resource temporarily unavailable", "DATABASE_LOCKED"),
        ("IOException", "IO Error: Cannot open file \"c:\\x.duckdb\": The process cannot access the file because it is being used by another process.", "DATABASE_LOCKED"),
        ("ConnectionException", "Connection Error: Can't open a connection to same database file with a different configuration than existing connections", "DATABASE_LOCKED"),
        ("IOException", "IO Error: The file \"/w/x.duckdb\" exists, but it is not a valid DuckDB database file!", "NOT_A_DATABASE"),
        ("IOException", "IO Error: Trying to read a database file with version number 68, but we can only read versions between 64 and 66.\nThe database file was created with an newer version of DuckDB.", "DATABASE_VERSION"),
        ("IOException", "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 0", "DATABASE_DAMAGED"),
        ("Error", "Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 0", "DATABASE_DAMAGED"),
        ("IOException", "IO Error: Could not write file \"/w/x.duckdb\": No space left on device", "DISK_FULL"),
        ("IOException", "IO Error: Cannot open file \"/w/x.duckdb\": Permission denied", "PERMISSION_DENIED"),
        ("IOException", "IO Error: Cannot open file \"/w/x.duckdb\": Read-only file system", "DATABASE_READ_ONLY"),
        ("InvalidInputException", "Invalid Input Error: Cannot execute statement of type \"INSERT\" on database \"x\" which is attached in read-only mode!", "DATABASE_READ_ONLY"),
        ("IOException", "IO Error: Extension \"/h/.duckdb/extensions/v2.0.0/linux_amd64/spatial.duckdb_extension\" not found.", "EXTENSION_MISSING"),
        ("TransactionException", "TransactionContext Error: Conflict on tuple deletion!", "WRITE_CONFLICT"),
        ("TransactionException", "TransactionContext Error: Current transaction is aborted (please ROLLBACK)", "TRANSACTION_ABORTED"),
    ],
)  # fmt: skip
def test_a_file_s_trouble_is_told_by_its_words(kind: str, text: str, code: str) -> None:
    ours = translate(getattr(duckdb, kind)(text), Place(path=Path("/w/x.duckdb")))
    assert ours.diagnostics[0].code == code
    assert ours.diagnostics[0].fix


@pytest.mark.parametrize(
    ("number", "code"),
    [(28, "DISK_FULL"), (27, "DISK_FULL"), (122, "DISK_FULL"), (30, "DATABASE_READ_ONLY"), (13, "PERMISSION_DENIED")],
)  # fmt: skip
def test_the_system_s_error_number_is_believed(number: int, code: str) -> None:
    body = {"exception_type": "IO", "exception_message": "odd words", "errno": str(number)}
    ours = translate(duckdb.IOException(f"IO Error: {json.dumps(body)}"), Place())
    assert ours.diagnostics[0].code == code


def test_a_conflict_may_be_tried_again_and_an_interrupt_is_a_cancellation() -> None:
    conflict = duckdb.TransactionException("TransactionContext Error: Conflict on update!")
    assert isinstance(translate(conflict, Place()), TransientError)
    assert isinstance(translate(duckdb.InterruptException("INTERRUPT"), Place()), CancelledError)


def test_a_query_s_own_braces_are_no_engine_s_answer() -> None:
    error = duckdb.InvalidInputException('Invalid Input Error: {"n": 1} is odd')
    assert translate(error, Place()).diagnostics[0].message.endswith('{"n": 1} is odd')
    broken = duckdb.InvalidInputException('Invalid Input Error: {"exception_message": ')
    assert translate(broken, Place()).diagnostics[0].code == "QUERY_FAILED"


def test_secrets_are_masked_before_anything_is_made_of_the_text() -> None:
    error = duckdb.IOException('IO Error: No files found that match the pattern "s3://b?key=abc"')
    ours = translate(error, Place(), lambda text: text.replace("abc", "***"))
    assert ours.diagnostics[0].message == "no file matches s3://b?key=***"
