"""What becomes of each error of the connector: by its number alone, and never with a secret."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import (
    CancelledError,
    FailureKind,
    SqlbackfillError,
    TransientError,
    WarehouseError,
)
from sqlbackfill.warehouse.snowflake_failures import read_failure, translate


class DriverError(Exception):
    """An exception as both majors of the connector raise it: a number, a state and a text."""

    def __init__(self, errno: int, sqlstate: str | None, msg: str) -> None:
        super().__init__(msg)
        self.errno, self.sqlstate, self.msg = errno, sqlstate, msg


def ours(errno: int, sqlstate: str | None = None, msg: str = "no") -> SqlbackfillError:
    return translate(read_failure(DriverError(errno, sqlstate, msg), lambda text: text))


@pytest.mark.parametrize(
    ("errno", "sqlstate", "code"),
    [
        (625, "57014", "WRITE_CONFLICT"),
        (250001, "08001", "CONNECTION_LOST"),
        (250003, None, "CONNECTION_LOST"),
        (4, None, "CONNECTION_LOST"),
        (14, None, "CONNECTION_LOST"),
        (290503, None, "CONNECTION_LOST"),
        (290429, None, "CONNECTION_LOST"),
        (390104, "08001", "SESSION_EXPIRED"),
        (390114, "08001", "SESSION_EXPIRED"),
    ],
)
def test_what_may_pass_is_tried_again(errno: int, sqlstate: str | None, code: str) -> None:
    error = ours(errno, sqlstate)
    assert isinstance(error, TransientError)
    assert error.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("errno", "sqlstate", "code", "kind"),
    [
        (630, "57014", "STATEMENT_TIMEOUT", FailureKind.TIMEOUT),
        (90073, None, "RESOURCE_MONITOR", FailureKind.PERMANENT),
        (606, "57P03", "NO_WAREHOUSE", FailureKind.PERMANENT),
        (3001, "42501", "PERMISSION_DENIED", FailureKind.PERMANENT),
        (390100, "08001", "SIGN_IN_REFUSED", FailureKind.PERMANENT),
        (290404, None, "CONNECTION_REFUSED", FailureKind.PERMANENT),
        (2003, "42S02", "QUERY_FAILED", FailureKind.PERMANENT),
        (100038, "22018", "QUERY_FAILED", FailureKind.DATA),
        (100051, "22012", "QUERY_FAILED", FailureKind.DATA),
        (-1, None, "QUERY_FAILED", FailureKind.PERMANENT),
    ],
)
def test_what_would_fail_again_is_not_tried_again(
    errno: int, sqlstate: str | None, code: str, kind: FailureKind
) -> None:
    error = ours(errno, sqlstate)
    assert isinstance(error, WarehouseError)
    assert not isinstance(error, TransientError)
    assert (error.diagnostics[0].code, error.kind) == (code, kind)


def test_a_cancelled_statement_was_cancelled_by_the_user() -> None:
    assert isinstance(ours(604, "57014"), CancelledError)


def test_a_fault_is_placed_where_snowflake_says() -> None:
    text = "SQL compilation error: error line 3 at position 7\ninvalid identifier 'DAYY'"
    error = ours(904, "42000", text)
    assert isinstance(error, WarehouseError)
    assert (error.sql_line, error.sql_column) == (3, 8)
    assert "invalid identifier 'DAYY'" in error.diagnostics[0].message


def test_no_secret_is_shown() -> None:
    failure = read_failure(
        DriverError(390100, None, "bad token abc123"), lambda text: text.replace("abc123", "***")
    )
    assert "abc123" not in translate(failure).diagnostics[0].message
