"""Every error that Snowflake or its connector can raise, as one of ours. The connector is not imported.

Errors are told apart by `errno` and `sqlstate` alone: classes and wordings changed with version 5.
Numbers: https://docs.snowflake.com/en/sql-reference/parameters, the connector's errorcode.py, and
https://community.snowflake.com/s/article for those of sessions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import (
    CancelledError,
    Diagnostic,
    FailureKind,
    SqlbackfillError,
    TransientError,
    WarehouseError,
)

LOCK_BUSY: Final = 625
CANCELLED: Final = 604
STATEMENT_TIMEOUT: Final = 630
NO_WAREHOUSE: Final = frozenset({606, 57014606})
RESOURCE_MONITOR: Final = frozenset({90073, 90095})
SESSION_ENDED: Final = frozenset({390104, 390111, 390112, 390114, 390115, 390195})
"""The session, or the token that stands for it, is no longer valid: nothing was executed."""
CONNECTION_LOST: Final = frozenset({4, 14, 250001, 250002, 250003, 250005, 251011, 251012})
"""Nobody knows what became of the statement. 4 and 14 are those of the connector from version 5 on."""
SIGN_IN_REFUSED: Final = frozenset(range(390100, 390104)) | {390144, 390186, 390189, 390201, 390302, 390303, 390318, 394400, 394508}  # fmt: skip
_HTTP = range(290000, 291000)
_RETRIED_HTTP = frozenset({0, 408, 429, 500, 502, 503, 504})
_NOT_THERE = frozenset({2003, 2043, 2001})
_DENIED = 3001
_PLACED = re.compile(r"line (\d+) at position (\d+)")
_NAMED = re.compile(r"invalid identifier '?\"?([^'\"\s]+)")
_OF_DATA_STATES = ("22",)
_OF_DATA = range(100035, 100133)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What can be read from one exception of the connector; `errno` is -1 where it has none."""

    errno: int
    sqlstate: str
    text: str

    @property
    def first_line(self) -> str:
        lines = [line.strip() for line in self.text.strip().splitlines() if line.strip()]
        told = [line for line in lines if line.rstrip(":").lower() != "sql compilation error"]
        return " ".join(told[:2]) or (lines[0] if lines else "no message")

    @property
    def loses_session(self) -> bool:
        """Whether the session cannot be used any more."""
        return self.errno in SESSION_ENDED or self.is_lost

    @property
    def is_lost(self) -> bool:
        """Whether it is unknown what became of the statement."""
        is_http = self.errno in _HTTP and self.errno - _HTTP.start in _RETRIED_HTTP
        return self.errno in CONNECTION_LOST or is_http or self.sqlstate == "08006"


def read_failure(error: BaseException, mask: Callable[[str], str]) -> Failure:
    """The parts of an exception, secrets masked."""
    number, state = getattr(error, "errno", None), getattr(error, "sqlstate", None)
    text = getattr(error, "raw_msg", None) or getattr(error, "msg", None) or str(error)
    text = re.sub(r"^\d{6} \(\w{5}\):\s*(?:[0-9a-f-]{36}:\s*)?", "", str(text))
    try:
        errno = int(str(number))
    except ValueError:
        errno = -1
    if errno == -1 and isinstance(error, OSError | TimeoutError):
        errno = 250003
    return Failure(errno=errno, sqlstate=str(state or ""), text=mask(text))


def translate(failure: Failure) -> SqlbackfillError:
    """The error of ours that stands for `failure`."""
    found = _of_connection(failure) or _of_statement(failure)
    return found if found is not None else _query_failed(failure)


def _of_connection(failure: Failure) -> SqlbackfillError | None:
    if failure.errno in SESSION_ENDED:
        return _transient("SESSION_EXPIRED", "the session at snowflake has ended", failure)
    if failure.errno in SIGN_IN_REFUSED:
        return _refusal(
            "SIGN_IN_REFUSED",
            f"snowflake did not let the user in: {failure.first_line}",
            "see whether account, user and what signs in (password, key, token) are right in profiles.yml",
        )
    if failure.is_lost:
        return _transient(
            "CONNECTION_LOST", "snowflake was not reached, or stopped to answer", failure
        )
    if failure.errno in _HTTP:
        return _refusal(
            "CONNECTION_REFUSED",
            f"snowflake's address refused the request: {failure.first_line}",
            "see whether account, host, proxy and network policy are right",
        )
    return None


def _of_statement(failure: Failure) -> SqlbackfillError | None:
    number, told = failure.errno, failure.first_line
    if number == LOCK_BUSY:
        return _transient(
            "WRITE_CONFLICT", "too many statements wait for a lock of the table", failure
        )
    if number == CANCELLED:
        return CancelledError(
            Diagnostic(code="INTERRUPTED", message="the query was interrupted before it ended")
        )
    if number == STATEMENT_TIMEOUT:
        return _refusal(
            "STATEMENT_TIMEOUT",
            f"snowflake stopped the statement after its time limit: {told}",
            "take smaller chunks (--strategy chunk=N), a larger warehouse, or raise "
            "statement_timeout in profiles.yml",
        ).of_kind(FailureKind.TIMEOUT)
    if number in RESOURCE_MONITOR:
        return _refusal(
            "RESOURCE_MONITOR",
            f"a resource monitor has stopped the warehouse: {told}",
            "raise its quota or wait for its next interval, then run the command that continues",
        )
    if number in NO_WAREHOUSE or failure.sqlstate == "57P03":
        return _refusal(
            "NO_WAREHOUSE",
            f"no warehouse computes for this session: {told}",
            "set `warehouse` in profiles.yml to one that the role may use",
        )
    if number == _DENIED or failure.sqlstate == "42501":
        return _refusal(
            "PERMISSION_DENIED",
            f"snowflake refused: {told}",
            "grant the role of this target what docs/snowflake.md lists",
        )
    return None


def _query_failed(failure: Failure) -> WarehouseError:
    is_data = failure.sqlstate.startswith(_OF_DATA_STATES) or failure.errno in _OF_DATA
    fix = None
    if failure.errno in _NOT_THERE:
        fix = "see whether the name is right, and whether the role of this target may read it"
    error = _refusal(
        "QUERY_FAILED", f"snowflake could not run the query: {failure.first_line}", fix
    )
    error.of_kind(FailureKind.DATA if is_data else FailureKind.PERMANENT)
    place = _PLACED.search(failure.text)
    return error if place is None else error.located(int(place[1]), int(place[2]) + 1)


def _transient(code: str, message: str, failure: Failure) -> TransientError:
    return TransientError(
        Diagnostic(
            code=code,
            message=f"{message}: {failure.first_line}",
            fix="run the command that continues; what was committed is kept",
        )
    )


def _refusal(code: str, message: str, fix: str | None) -> WarehouseError:
    return WarehouseError(Diagnostic(code=code, message=message, fix=fix))
