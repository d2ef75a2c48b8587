"""Writes a query of one dialect in another, each place of it marked. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError, UnsupportedError

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.parse import Places, one_query
from sqlbackfill.query.transpile_rules import refused, rewritten
from sqlbackfill.query.transpiled import Draft, Transpiled

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
