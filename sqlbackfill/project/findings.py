"""Collects what is wrong with a project, so that all of it is said at once. Words of its own it has few."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache

from sqlbackfill.errors import Diagnostic, ProjectError, Severity, SourceSpan


class Findings:
    """Errors and warnings in the order in which they were found, each once; `model` is named in all."""

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._found: dict[Diagnostic, None] = {}

    def error(
        self,
        code: str,
        message: str,
        span: SourceSpan | None,
        fix: str | None = None,
        *notes: tuple[str, str],
    ) -> None:
        """Adds an error; reading goes on."""
        self.add(Diagnostic(code=code, message=message, span=span, fix=fix, notes=notes))

    def warning(
        self, code: str, message: str, span: SourceSpan | None, fix: str | None = None
    ) -> None:
        """Adds a warning."""
        self.add(
            Diagnostic(code=code, message=message, span=span, fix=fix, severity=Severity.WARNING)
        )

    def add(self, *diagnostics: Diagnostic) -> None:
        """Adds diagnostics made elsewhere."""
        for diagnostic in diagnostics:
            named = diagnostic.for_model(self._model) if self._model else diagnostic
            self._found[named] = None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self._found if d.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self._found if d.severity is not Severity.ERROR)

    def raise_errors(self) -> None:
        """Raises ProjectError with every error and then every warning, if there is an error."""
        if errors := self.errors:
            raise ProjectError(*errors, *self.warnings)


def near_match(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that `word` was probably meant to be, or None; `likeness` is 0 to 1."""
    return _closest(word, frozenset(known), likeness)


@lru_cache(maxsize=1024)
def _closest(word: str, known: frozenset[str], likeness: float) -> str | None:
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=likeness)), None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean `x`?` or nothing, to end a message with."""
    match = near_match(word, known)
    return f"; did you mean `{match}`?" if match else ""


def listing(names: Iterable[str], limit: int = 20) -> str:
    """Names for a note, sorted and cut: `a, b, c and 40 more`."""
    ordered = sorted(names)
    shown = ", ".join(ordered[:limit])
    return shown + (f" and {len(ordered) - limit} more" if len(ordered) > limit else "")
