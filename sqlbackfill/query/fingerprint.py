"""Hashes of what a query means: as a whole, its rows alone, and each output column in them.

A false split wastes compute, a false merge leaves wrong data: where a name is not resolved the tree as
written is hashed, and where it does not parse the text.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Final

import sqlglot
from sqlglot.errors import SqlglotError

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import ProjectError
from sqlbackfill.query import sqlglot_log  # noqa: F401 - before sqlglot has anything to say
from sqlbackfill.query.blocks import Unresolvable, short_hash
from sqlbackfill.query.canonical import Canonical
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts
from sqlbackfill.query.parse import ParsedQuery, Places, parse_query
from sqlbackfill.query.plain_text import plain_text
from sqlbackfill.query.scopes import Scopes
from sqlbackfill.query.slices import restated
from sqlbackfill.query.stored_code import StoredCode

_VERSION: Final = "2"
_SQLGLOT: Final = str(getattr(sqlglot, "__version__", ""))
_FAILURES: Final = (
    Unresolvable, SqlglotError, ValueError, KeyError, AttributeError, TypeError, IndexError, RecursionError,
)  # fmt: skip

InputColumns = tuple[tuple[str, tuple[str, ...] | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """The hashes of one query.

    `rows` says which rows there are and `columns` what each output column holds in them, from which
    `slices.slice_fingerprint` makes that of a part; both are empty where names are not resolved.
    `input_columns` are the columns of each input that can change the result, None for all of them.
    """

    whole: str
    rows: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    input_columns: InputColumns = ()


def with_fingerprints(
    facts: QueryFacts,
    parsed: ParsedQuery | None,
    request: AnalysisRequest,
    scopes: Scopes | None = None,
) -> QueryFacts:
    """The facts of a query with its fingerprints and the columns that it uses of its inputs."""
    found = fingerprints_of(parsed, request, scopes)
    return replace(
        facts,
        fingerprint=found.whole,
        row_fingerprint=found.rows,
        column_fingerprints=found.columns,
        input_columns=found.input_columns,
    )


def fingerprints_of(
    parsed: ParsedQuery | None, request: AnalysisRequest, scopes: Scopes | None = None
) -> Fingerprints:
    """The fingerprints of a parsed query; None for one that does not parse. `scopes` are its own, if they
    have been made.
    """
    if parsed is not None and parsed.is_qualified:
        with contextlib.suppress(*_FAILURES):
            known = scopes or Scopes(request.occurrences, request.dialect)
            return _canonical(parsed, request, known)
    form, text = "text", request.sql
    with contextlib.suppress(*_FAILURES):
        trees = sqlglot.parse(request.sql, dialect=request.dialect)
        text = "\n".join(plain_text(t, _names(request)) for t in trees if t is not None)
        form = "tree"
    head = [_head(request), text, *_schemas(request.occurrences.values())]
    return Fingerprints(
        whole=_made(form, head),
        input_columns=tuple((relation, None) for relation in sorted(_relations(parsed, request))),
    )


def recomputed(stored: StoredCode) -> Fingerprints:
    """What the code behind a stored fingerprint has for fingerprints today.

    Where that was made by this version of the parser, `whole` is the stored one.
    """
    request = AnalysisRequest(
        model="",
        sql=stored.sql,
        dialect=stored.dialect,
        occurrences=stored.inputs,
        partition=stored.partition,
        session_timezone=stored.session_timezone,
        bounds_in_control_flow=stored.bounds_in_control_flow,
        covered=stored.covered,
    )
    parsed: ParsedQuery | None = None
    with contextlib.suppress(ProjectError, RecursionError):
        parsed = parse_query(request, Places(request))
    found = fingerprints_of(parsed, request)
    for claim in stored.claims:
        found = replace(found, whole=restated(found.whole, claim), rows=restated(found.rows, claim))
    return found


def is_of_this_version(fingerprint: str) -> bool:
    """Whether a fingerprint may be compared as it stands with one that is made now."""
    return fingerprint.split("-")[1:2] == [_SQLGLOT] and fingerprint.startswith(_FORMS)


_FORMS: Final = tuple(f"{form}{_VERSION}-" for form in ("query", "tree", "text"))


def _canonical(parsed: ParsedQuery, request: AnalysisRequest, scopes: Scopes) -> Fingerprints:
    canonical = Canonical(scopes, parsed.tree, request.dialect, parsed.tables)
    block = canonical.query()
    names, columns = block.names or (), block.columns()
    head = _head(request)
    return Fingerprints(
        whole=_made("query", [head, block.rows, *map(repr, names), *columns]),
        rows=_made("rows", [head, block.rows]),
        columns=tuple((name, short_hash(text)) for name, text in zip(names, columns, strict=True)),
        input_columns=tuple(
            (relation, tuple(sorted(used))) for relation, used in sorted(canonical.used.items())
        ),
    )


def _made(form: str, parts: Iterable[str]) -> str:
    return f"{form}{_VERSION}-{_SQLGLOT}-{short_hash(json.dumps([form, *parts]))}"


def _head(request: AnalysisRequest) -> str:
    """What else the result depends on."""
    info = request.partition
    partition = info and [
        info.column,
        info.grain,
        info.timezone,
        info.naive,
        info.column_type,
        info.week_start,
    ]
    return json.dumps(
        [
            request.dialect,
            request.session_timezone,
            partition,
            request.bounds_in_control_flow,
            request.covered,
        ]
    )


def _names(request: AnalysisRequest) -> dict[str, str]:
    return {
        marker: repr((ref.relation, ref.filtered, ref.is_this))
        for marker, ref in request.occurrences.items()
    }


def _schemas(inputs: Iterable[InputRef]) -> list[str]:
    return sorted({repr((ref.relation, ref.columns)) for ref in inputs})


def _relations(parsed: ParsedQuery | None, request: AnalysisRequest) -> set[str]:
    """The tables that an unresolved query names."""
    found = {ref.relation for ref in request.occurrences.values()}
    if parsed is not None:
        found |= {table.name for table in parsed.hard_coded}
    return found
