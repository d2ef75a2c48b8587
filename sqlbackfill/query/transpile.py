"""A query of one dialect written in another, with the way back from each place in it. Runs nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError, UnsupportedError

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.parse import Places, one_query
from sqlbackfill.query.transpile_rules import refused, rewritten

_WORD: Final = re.compile(r"\w+")
_FUNCTION_UNSUPPORTED: Final = re.compile(r"[A-Z_0-9]+ is not supported")
_MOST_MESSAGES: Final = 50
_BY_GRAMMAR: Final = frozenset(
    [
        "all",
        "any",
        "array",
        "case",
        "cast",
        "coalesce",
        "columns",
        "exists",
        "extract",
        "grouping",
        "grouping_id",
        "ifnull",
        "interval",
        "map",
        "overlay",
        "row",
        "some",
        "struct",
        "try_cast",
        "unpivot",
        "values",
    ]
)
"""Words before a parenthesis that DuckDB's grammar knows and its list of functions lacks."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """That what ends at `offset` of the written text came from `word`, at `origin` of the given."""

    offset: int
    origin: int
    word: str


@dataclass(frozen=True, slots=True)
class Transpiled:
    """A query as the other dialect has it, its scans put in, and `given` as it was."""

    sql: str
    given: str
    marks: tuple[_Mark, ...]

    def origin(self, line: int, column: int) -> tuple[int, int] | None:
        """The place (both from 1) in the query as it was given; None where nothing tells.

        Exact for names and functions that came over as they were, else what stands next behind.
        """
        offset = _offset(self.sql, line, column)
        behind = self.marks[bisect_right(self.marks, offset, key=lambda mark: mark.offset) :]
        if not behind:
            return None
        found = _WORD.match(self.sql, offset)
        word = found.group().lower() if found else ""
        mark = next((mark for mark in behind if mark.word == word), behind[0])
        before = self.given[: mark.origin]
        return before.count("\n") + 1, mark.origin - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A query as the other dialect has it, before anything is put in for its `__sb_scan_N__`."""

    text: str
    given: str
    tag: str

    def reading(self, scans: Mapping[int, str]) -> Transpiled:
        """The query with `scans[N]` in the place of `__sb_scan_N__`."""
        return _assembled(self.text, self.given, self.tag, scans)


def transpile(
    request: AnalysisRequest,
    write: str,
    functions: frozenset[str] | None = None,
    dates: frozenset[str] = frozenset(),
) -> Draft:
    """The query `request.sql` in the dialect `write`; the columns `dates` (in lower case) are dates.

    `functions` are those that the engine knows, in lower case; None where that is not known. Raises
    ProjectError with all that does not come over: NOT_TRANSPILED, FUNCTION_NOT_TRANSPILED; and
    what parsing raises.
    """
    places = Places(request)
    tree: exp.Expr = one_query(request, places)
    problems = [
        _not_transpiled(request, message, places.of(node), write)
        for message, node in refused(tree, request.dialect)
    ]
    tree = rewritten(tree, request.dialect, write, dates)
    tag = _marked(tree, request.sql)
    try:
        text = tree.sql(
            write,
            pretty=True,
            comments=True,
            unsupported_level=ErrorLevel.RAISE,
            max_unsupported=_MOST_MESSAGES,
        )
    except UnsupportedError as error:
        whole = places.of(tree)
        said = _unsupported(str(error), functions)
        problems += [_not_transpiled(request, message, whole, write) for message in said]
        text = tree.sql(write, comments=True, unsupported_level=ErrorLevel.IGNORE)
    draft = Draft(text, request.sql, tag)
    if functions is not None:
        problems = [
            *_unknown_functions(request, draft.reading({}), write, functions, places),
            *problems,
        ]
    if problems:
        raise ProjectError.of(problems)
    return draft


def type_in(type_: str, read: str, write: str) -> str:
    """A type's text in another dialect; as it is where it cannot be read.

    An instant is one in Snowflake too, whose TIMESTAMP_TZ is an instant beside an offset.
    """
    try:
        built = exp.DataType.build(type_, dialect=read)
        if write == "snowflake" and built.this is exp.DataType.Type.TIMESTAMPTZ:
            return "TIMESTAMP_LTZ"
        return built.sql(write)
    except (SqlglotError, ValueError):
        return type_


def _marked(tree: exp.Expr, sql: str) -> str:
    """Puts the place of each word behind it as a comment, in the place of the author's own.

    What the comments begin with is returned: no text of the query's holds it.
    """
    tag = "sb"
    while f"/* {tag}:" in sql:
        tag += "b"
    for node in tree.walk():
        node.comments = None
        meta = node.meta
        if "start" in meta:
            node.comments = [f"{tag}:{meta['start']}.{meta['end']}"]
    return tag


def _assembled(text: str, given: str, tag: str, scans: Mapping[int, str]) -> Transpiled:
    """The text with its scans put in and its marks taken out."""
    parts: list[str] = []
    marks: list[_Mark] = []
    length = at = 0
    pieces = re.compile(rf"__sb_scan_(\d+)__| ?/\* {tag}:(\d+)\.(\d+) \*/")
    for found in pieces.finditer(text):
        parts.append(text[at : found.start()])
        length += found.start() - at
        at = found.end()
        scan, start, end = found.groups()
        if scan is not None:
            parts.append(scans.get(int(scan), found.group()))
            length += len(parts[-1])
        else:
            word = given[int(start) : int(end) + 1].strip('"`[]').lower()
            marks.append(_Mark(length, int(start), word))
    parts.append(text[at:])
    return Transpiled("".join(parts), given, tuple(marks))


def _unsupported(text: str, functions: frozenset[str] | None) -> dict[str, None]:
    """What sqlglot says that it cannot write, but for functions: the engine tells which it knows."""
    lines = (line.strip() for line in text.splitlines())
    return dict.fromkeys(
        line
        for line in lines
        if line and not (functions is not None and _FUNCTION_UNSUPPORTED.match(line))
    )


def _unknown_functions(
    request: AnalysisRequest,
    written: Transpiled,
    write: str,
    functions: frozenset[str],
    places: Places,
) -> Iterator[Diagnostic]:
    """One for each function that the engine does not know, where it is first called."""
    try:
        tree = sqlglot.parse_one(written.sql, dialect=write)
    except SqlglotError:
        yield _not_transpiled(request, "the query", places.at(1, 1), write)
        return
    seen: set[str] = set()
    calls = [node for node in tree.find_all(exp.Func) if "start" in node.meta]
    for node in sorted(calls, key=lambda node: int(node.meta["start"])):
        name = written.sql[node.meta["start"] : node.meta["end"] + 1].strip('"').lower()
        is_call = written.sql[node.meta["end"] + 1 :].lstrip()[:1] == "("
        if not is_call or name in functions or name in _BY_GRAMMAR or name in seen:
            continue
        seen.add(name)
        before = written.sql[: node.meta["start"]]
        line, column = before.count("\n") + 1, node.meta["start"] - (before.rfind("\n") + 1) + 1
        origin = written.origin(line, column)
        yield Diagnostic(
            code="FUNCTION_NOT_TRANSPILED",
            message=f"`{name}` is no function of {write}, and nothing of {write} is known to take "
            f"its place",
            span=places.at(*origin) if origin is not None else places.at(1, 1),
            model=request.model,
            fix=f"write it in other words, or define a macro of {write} with that name",
        )


def _not_transpiled(
    request: AnalysisRequest, what: str, span: SourceSpan | None, write: str
) -> Diagnostic:
    what = what.rstrip(".")
    return Diagnostic(
        code="NOT_TRANSPILED",
        message=what if " not supported" in what else f"{what} cannot be written in {write}",
        span=span,
        model=request.model,
        fix=f"write it in other words; docs/local-testing.md lists what comes over to {write}",
    )


def _offset(sql: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        found = sql.find("\n", start)
        if found < 0:
            break
        start = found + 1
    return min(start + column - 1, len(sql))
