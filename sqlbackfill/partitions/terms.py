"""The -p grammar as text: terms, words, names, quotes. Owns no partitioning: a name is read later.

spec  := term ("," term)*
term  := "!"? (dimension "=")? "!"? what (":" state)*
what  := "all" | state | "last:" N | name | name? ".." name?
state := "missing" | "stale" | "failed"
name  := text | "'" text "'" | '"' text '"'      (a quote is doubled inside)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.partitions.keys import RESERVED

_QUOTES = "'\""
_DIMENSION = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*", re.ASCII)
_SUFFIX = re.compile(r"\s*:\s*([A-Za-z_]+)$", re.ASCII)


class StateWord(StrEnum):
    """The states that a term may ask for."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Everything:
    """`all`."""


@dataclass(frozen=True, slots=True)
class Last:
    """`last:N`, N at least 1."""

    count: int


@dataclass(frozen=True, slots=True)
class InState:
    """`missing`, `stale` or `failed`."""

    state: StateWord


@dataclass(frozen=True, slots=True)
class Name:
    """A date, number or key as written; a quoted one is a key."""

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`a..b`, both included; None is an open end, never both."""

    first: Name | None
    last: Name | None


What: TypeAlias = Everything | Last | InState | Name | Between


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term; `text` is how it was written, in `spec` at character `at` (from 0)."""

    what: What
    text: str
    spec: str
    at: int
    is_negated: bool = False
    dimension: str | None = None
    states: tuple[StateWord, ...] = ()

    @property
    def is_by_state(self) -> bool:
        """Whether it takes partitions only because of their state."""
        return bool(self.states) or isinstance(self.what, InState)

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """A note that shows where in its text the term stands, unless it is all of it."""
        if self.text == self.spec.strip():
            return ()
        return (_marked(self.spec, self.at, len(self.text)),)


@dataclass(frozen=True, slots=True)
class Spec:
    """Terms in the order written, those of repeated -p one after the other; at least one."""

    terms: tuple[Term, ...]

    @property
    def is_by_state(self) -> bool:
        """Whether partitions are chosen by state alone."""
        if self.terms[0].is_negated:
            return False
        return all(term.is_by_state for term in self.terms if not term.is_negated)


def parse_spec(texts: Sequence[str]) -> Spec:
    """The spec that the texts of repeated `-p` make together.

    Raises UsageError (INVALID_PARTITION_SPEC) with every fault found, each marked in its text.
    """
    terms: list[Term] = []
    faults: list[Diagnostic] = []
    for text in texts:
        dimension: str | None = None
        for start, end in _split(text):
            try:
                term = _read_term(text, start, end, dimension)
            except _TermError as fault:
                faults.append(fault.diagnostic)
                continue
            dimension = term.dimension
            terms.append(term)
    if faults:
        raise UsageError.of(faults)
    if not terms:
        raise UsageError(_fault("", 0, 1, "no partitions are named", "write `-p all`").diagnostic)
    return Spec(tuple(terms))


class _TermError(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def _fault(spec: str, at: int, length: int, message: str, fix: str) -> _TermError:
    return _TermError(
        Diagnostic(
            code="INVALID_PARTITION_SPEC",
            message=f"-p `{spec}`: {message}",
            fix=fix,
            notes=(_marked(spec, at, length),),
        )
    )


def _marked(spec: str, at: int, length: int) -> tuple[str, str]:
    return ("in", f"{spec}\n{' ' * at}{'^' * max(length, 1)}")


def _split(text: str) -> Iterator[tuple[int, int]]:
    """Where the terms of `text` stand: between the commas outside quotes, without the spaces."""
    start, quote = 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character == ",":
            yield _trim(text, start, at)
            start = at + 1
    yield _trim(text, start, len(text))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    stripped = inner.lstrip()
    start += len(inner) - len(stripped)
    return start, start + len(stripped.rstrip())


def _read_term(spec: str, start: int, end: int, dimension: str | None) -> Term:
    negated, at = _negation(spec, start, end)
    named = _DIMENSION.match(spec, at, end)
    if named:
        dimension = named[1]
        again, at = _negation(spec, named.end(), end)
        negated = negated or again
    body, states = spec[at:end], tuple[StateWord, ...]()
    if not body:
        fix = "write what to take, such as `2024-01`, or leave out a comma that joins nothing"
        raise _fault(spec, start, end - start, "a term is empty", fix)
    while suffix := _suffix(body):
        states = (_state(spec, at + suffix.start(1), suffix[1]), *states)
        body = body[: suffix.start()]
    return Term(
        what=_what(spec, at, body),
        text=spec[start:end],
        spec=spec,
        at=start,
        is_negated=negated,
        dimension=dimension,
        states=states,
    )


def _negation(spec: str, start: int, end: int) -> tuple[bool, int]:
    if not spec.startswith("!", start, end):
        return False, start
    return True, _trim(spec, start + 1, end)[0]


def _suffix(body: str) -> re.Match[str] | None:
    """The last `:word` of a term, unless it belongs to a quoted key or is what `last:` counts."""
    if body[0] in _QUOTES and body[-1] == body[0]:
        return None
    if body.startswith("last:") and body.count(":") == 1:
        return None
    return _SUFFIX.search(body, 1)


def _state(spec: str, at: int, word: str) -> StateWord:
    for state in StateWord:
        if state == word:
            return state
    from difflib import get_close_matches

    near = get_close_matches(word, [str(state) for state in StateWord], n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    fix = "narrow by `missing`, `stale` or `failed`; put quotes around a key that holds `:`"
    raise _fault(spec, at, len(word), f"`{word}` is no state{hint}", fix)


def _what(spec: str, at: int, body: str) -> What:
    if body[0] in _QUOTES:
        return Name(_unquote(spec, at, body), is_quoted=True)
    bad = next((i for i, c in enumerate(body) if c in "'\"!="), None)
    if bad is not None:
        fix = "put quotes around the whole key, and double a quote inside it"
        raise _fault(spec, at + bad, 1, f"`{body[bad]}` cannot stand here", fix)
    if body == "all":
        return Everything()
    if body in RESERVED:
        return InState(StateWord(body))
    if body == "last" or body.startswith("last:"):
        return Last(_count(spec, at, body))
    if ".." not in body:
        return Name(body)
    return _between(spec, at, body)


def _between(spec: str, at: int, body: str) -> Between:
    left, _, right = body.partition("..")
    ends = [end.strip() for end in (left, right)]
    fix = "write `a..b`, `a..` or `..b`; put quotes around a key that holds `..`"
    if "." in right[:1] or ".." in right:
        dots = at + len(left)
        raise _fault(spec, dots, len(body) - len(left), "a range has two ends", fix)
    if not any(ends):
        raise _fault(spec, at, len(body), "a range without ends", "write `all`")
    for end in ends:
        if end in RESERVED or end.startswith("last:"):
            message = f"`{end}` is no end of a range"
            raise _fault(spec, at + body.index(end), len(end), message, fix)
    first, last = (Name(end) if end else None for end in ends)
    return Between(first, last)


def _count(spec: str, at: int, body: str) -> int:
    number = body.removeprefix("last").removeprefix(":").strip()
    if number.isascii() and number.isdigit() and int(number[:10]) > 0 and len(number) < 10:
        return int(number)
    message = f"`{body}` says not how many"
    raise _fault(spec, at, len(body), message, "write how many, such as `last:7`")


def _unquote(spec: str, at: int, body: str) -> str:
    quote, inner = body[0], body[1:]
    text, i = "", 0
    while i < len(inner):
        if inner[i] != quote:
            text, i = text + inner[i], i + 1
        elif inner.startswith(quote * 2, i):
            text, i = text + quote, i + 2
        else:
            break
    if i >= len(inner):
        fix = f"close it with {quote}"
        raise _fault(spec, at, len(body), "a quote is not closed", fix)
    rest = inner[i + 1 :]
    if rest:
        where = at + len(body) - len(rest)
        fix = "separate terms with commas; keys have no ranges"
        raise _fault(spec, where, len(rest), f"`{rest.strip()}` follows a quoted key", fix)
    return text
