"""Content digests in Snowflake's SQL: which columns can have one, and the aggregates that make it.

HASH gives 64 bits and is stable across releases
(https://docs.snowflake.com/en/sql-reference/functions/hash). Sums of it rather than HASH_AGG, which
does not add up over partitions. Runs nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final

from sqlbackfill.warehouse.protocol import Column, DigestSql

_SALTS: Final = ("sqlbackfill 1", "sqlbackfill 2")
_PLAIN: Final = re.compile(
    r"(NUMBER|VARCHAR|BOOLEAN|DATE|TIME|TIMESTAMP_NTZ|TIMESTAMP_LTZ|BINARY)\b"
)
_BY_TEXT_TOO: Final = re.compile(r"TIMESTAMP_TZ\b")
"""One instant in two zones has one hash; the pinned output format tells the zones apart."""
_FLOATS: Final = re.compile(r"FLOAT\b")


def digest_sql(
    columns: Sequence[Column], quote: Callable[[str], str], *, exact_floats: bool
) -> DigestSql | None:
    """The aggregates over `columns` as stored, or None where one of them has no content digest.

    The order of `columns` does not matter. With `exact_floats` numbers with a floating point count by
    their text and value. Semi-structured and geospatial values have none.
    """
    ordered = sorted(columns, key=lambda column: column.name.lower())
    terms: list[str] = []
    for column in ordered:
        name, kind = quote(column.name), column.type.upper()
        if _PLAIN.match(kind):
            terms.append(name)
        elif _BY_TEXT_TOO.match(kind) or (_FLOATS.match(kind) and exact_floats):
            terms.extend((name, f"CAST({name} AS VARCHAR)"))
        else:
            return None
    listed = "".join(f", {term}" for term in terms)
    sums = tuple(
        f"CAST(COALESCE(SUM(CAST(HASH('{salt}'{listed}) AS NUMBER(38, 0))), 0) AS VARCHAR)"
        for salt in _SALTS
    )
    types = ",".join(f"{column.name.lower()} {column.type.upper()}" for column in ordered)
    basis = f"snowflake hash UTC {exact_floats} {types}"
    tag = hashlib.sha256(basis.encode()).hexdigest()[:12]
    return DigestSql(tag=tag, first_sum=sums[0], second_sum=sums[1])
