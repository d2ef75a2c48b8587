"""A hash of what a query means, so that layout and comments do not count as a change.

A false split wastes compute, a false merge leaves wrong data: only rewrites that keep every result
are applied (names resolved, aliases made explicit), and on any doubt the text itself is hashed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json

import sqlglot
from sqlglot.errors import SqlglotError

from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.parse import ParsedQuery

_VERSION = "1"


def fingerprint_of(parsed: ParsedQuery | None, request: AnalysisRequest) -> str:
    """SHA-256 in hex of the query, its dialect, its inputs and their columns, and its partitioning.

    The tree is of no use afterwards: printing it without a copy of it may change it.
    """
    text, how = request.sql, "text"
    if parsed is not None and parsed.is_qualified:
        with contextlib.suppress(SqlglotError, ValueError, RecursionError):
            printed = parsed.tree.sql(dialect=request.dialect, comments=False, copy=False)
            text, how = printed, "tree"
    info = request.partition
    document = {
        "version": _VERSION,
        "how": how,
        "sql": text,
        "dialect": request.dialect,
        "sqlglot": str(getattr(sqlglot, "__version__", "")),
        "session_timezone": request.session_timezone,
        "inputs": {
            marker: [ref.relation, ref.columns, ref.filtered, ref.is_this]
            for marker, ref in sorted(request.occurrences.items())
        },
        "partition": None
        if info is None
        else [
            info.column,
            info.grain,
            info.timezone,
            info.naive,
            info.column_type,
            info.week_start,
        ],
        "control_flow": request.bounds_in_control_flow,
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
