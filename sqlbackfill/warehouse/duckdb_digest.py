"""Content digests in DuckDB's SQL: which columns can have one, and the aggregates that make it.

DuckDB's `hash` gives 64 bits and was changed between releases, so a digest bears a tag of all that
it depends on. Runs nothing.
"""

from __future__ import annotations

import functools
import hashlib
import re
from typing import Final

from sqlbackfill.warehouse.duckdb_session import quote_name
from sqlbackfill.warehouse.protocol import Column, DigestSql

_SALTS: Final = ("sqlbackfill 1", "sqlbackfill 2")
_FLOATS: Final = frozenset({"FLOAT", "REAL", "DOUBLE"})
_EQUAL_BUT_DIFFERENT: Final = re.compile(r"\b(?:FLOAT|REAL|DOUBLE|INTERVAL|MAP|UNION|VARIANT)\b")
"""Types in which values that differ may have one hash: 0.0 and -0.0, 1 month and 30 days."""
_ALIKE_IN_HASH: Final = re.compile(r"\]$|^(?:STRUCT|ENUM)\b")
"""Types in which an empty value has the hash of NULL, one part that of the whole, and a member that
of its number: texts tell those apart, and the hash those whose texts are alike."""

_BY_BYTES: Final = " COLLATE C"
"""Under a collation, a column's own or the session's, texts that differ have one hash."""


@functools.lru_cache(maxsize=256)
def digest_sql(
    columns: tuple[Column, ...], *, engine_version: str, exact_floats: bool
) -> DigestSql | None:
    """The aggregates over `columns` as stored, or None where one of them has no content digest.

    The order of `columns` does not matter. With `exact_floats` numbers with a floating point count
    by their sign and value, and intervals and maps by their text: right for rows that somebody
    loaded. Without, they have none: sums of them come out differently from run to run.
    """
    ordered = sorted(columns, key=lambda column: column.name.lower())
    terms: list[str] = []
    for column in ordered:
        found = _terms(column, exact_floats=exact_floats)
        if found is None:
            return None
        terms.extend(found)
    listed = "".join(f", {term}" for term in terms)
    sums = tuple(f"CAST(COALESCE(SUM(HASH('{salt}'{listed})), 0) AS VARCHAR)" for salt in _SALTS)
    types = ",".join(f"{column.name.lower()} {column.type.upper()}" for column in ordered)
    basis = f"duckdb {engine_version} hash UTC {exact_floats} {types}"
    tag = hashlib.sha256(basis.encode()).hexdigest()[:12]
    return DigestSql(tag=tag, first_sum=sums[0], second_sum=sums[1])


def _terms(column: Column, *, exact_floats: bool) -> tuple[str, ...] | None:
    name, kind = quote_name(column.name), column.type.upper()
    text = f"CAST({name} AS VARCHAR){_BY_BYTES}"
    if kind == "VARCHAR":
        return (f"{name}{_BY_BYTES}",)
    if not _EQUAL_BUT_DIFFERENT.search(kind):
        is_told_by_hash = not _ALIKE_IN_HASH.search(kind)
        return (name,) if is_told_by_hash else (name, text)
    if not exact_floats:
        return None
    if kind in _FLOATS:
        return (name, f"SIGNBIT({name})")
    return (name, text)
