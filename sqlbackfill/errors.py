"""The error tree, source spans and diagnostics: data only, no rendering and no I/O.

SqlbackfillError            one or more diagnostics; exit code 2 unless a subclass says otherwise
├── UsageError              flags, partition specs, selections                          exit 2
├── ProjectError            project files, profiles, config, Jinja, SQL                 exit 2
├── WarehouseError          the engine refused or failed                                exit 2 (1 once a run has begun)
│   └── TransientError      the same statement may pass if the transaction is tried again
├── GuardError              a guard stopped the work before any damage                  exit 3
└── CancelledError          the user interrupted; what was committed stays              exit 130
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Self

from sqlbackfill.dataclass import dataclass, replace


class Severity(StrEnum):
    """How bad a diagnostic is. Only `error` changes an exit code."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class FailureKind(StrEnum):
    """What a failed statement failed on, which decides what may be tried next.

    `data`: rows that it met (a cast, an overflow, a constraint), so other rows may pass. `memory`
    and `timeout`: as much as it took on, so less may pass. `transient`: chance, so the same may
    pass. `permanent`: all else, or what is not known; nothing is gained by trying again.
    """

    DATA = "data"
    MEMORY = "memory"
    TIMEOUT = "timeout"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpan:
    """A place in one of the user's own files.

    `file` is relative to the project directory, with forward slashes; `line` and `column` count
    from 1; `length` is in characters and stays on the line.
    """

    file: str
    line: int
    column: int = 1
    length: int = 1

    def __post_init__(self) -> None:
        if self.line < 1 or self.column < 1 or self.length < 1:
            raise ValueError(f"line, column and length count from 1: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding: what happened, where in the user's file, and how to fix it.

    `code` is upper snake case and has a section in docs/errors.md. `message` is lower case, stands
    alone and never holds a secret. `notes` are further (label, text) pairs, such as
    `("available", "a, b")`.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    span: SourceSpan | None = None
    fix: str | None = None
    model: str | None = None
    notes: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The E of the command-line contract; null where unknown."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "file": self.span.file if self.span else None,
            "line": self.span.line if self.span else None,
            "column": self.span.column if self.span else None,
            "fix": self.fix,
            "model": self.model,
        }

    def for_model(self, model: str) -> Diagnostic:
        """The same diagnostic, naming `model` if it named none."""
        return self if self.model else replace(self, model=model)


class SqlbackfillError(Exception):
    """Carries every diagnostic found, the first being the one to show when there is room for one."""

    exit_code: ClassVar[int] = 2

    def __init__(self, first: Diagnostic, *more: Diagnostic) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = (first, *more)
        super().__init__(first.message)

    @classmethod
    def of(cls, diagnostics: Iterable[Diagnostic]) -> SqlbackfillError:
        """An error of this class with all of `diagnostics`, of which there must be at least one."""
        return cls(*diagnostics)


class UsageError(SqlbackfillError):
    """Flags, partition specs or selections that cannot be read or name nothing."""


class ProjectError(SqlbackfillError):
    """Project files, profiles, configuration, Jinja or SQL that cannot be used."""


class WarehouseError(SqlbackfillError):
    """The engine could not be reached, or refused or failed a statement.

    `sql_line` and `sql_column`, counted from 1, place the fault in the statement as it was sent,
    where the engine says; both are None otherwise. `kind` is the adapter's judgement.
    """

    sql_line: int | None = None
    sql_column: int | None = None
    kind: FailureKind = FailureKind.PERMANENT

    def located(self, line: int, column: int) -> Self:
        """The error itself, with the place in the statement that was sent."""
        self.sql_line, self.sql_column = line, column
        return self

    def of_kind(self, kind: FailureKind) -> Self:
        """The error itself, with what the statement failed on."""
        self.kind = kind
        return self


class TransientError(WarehouseError):
    """A failure that the same transaction, tried again from its start, may not meet."""

    kind: FailureKind = FailureKind.TRANSIENT


class GuardError(SqlbackfillError):
    """A guard stopped the work: cost, rows, confirmation, empty replacement."""

    exit_code: ClassVar[int] = 3


class CancelledError(SqlbackfillError):
    """The user interrupted; what was committed stays and can be resumed from."""

    exit_code: ClassVar[int] = 130
