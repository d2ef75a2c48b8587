"""Where a print of a relation may be taken for a table."""

from __future__ import annotations

import pytest

from sqlbackfill.app.printed_tables import printed_as_tables
from sqlbackfill.errors import SourceSpan
from sqlbackfill.template.source_map import Piece, SourceMap
from sqlbackfill.template.types import Occurrence, Rendered

ZERO, ONE = "__sb_occurrence_0__", "__sb_occurrence_1__"


def tables(sql: str, *, filtered: bool = True, times: int = 1) -> set[int]:
    occurrences = tuple(
        Occurrence(
            index=index,
            target="ref:x",
            relation=None,
            filtered=filtered,
            span=SourceSpan(file="m.sql", line=1),
            times=times,
        )
        for index, marker in enumerate((ZERO, ONE))
        if marker in sql
    )
    source_map = SourceMap("m.sql", sql, sql, (Piece(0, 0, len(sql), True),))
    return set(printed_as_tables(Rendered(sql=sql, source_map=source_map, occurrences=occurrences)))


@pytest.mark.parametrize(
    "sql",
    [
        f"select * from {ZERO}",
        f'SELECT * FROM\n  "{ZERO}" AS x',
        f"select * from a left join {ZERO} on true",
        f"select * from a, {ZERO} as x",
        f"select * from ({ZERO} join b using (k))",
    ],
)
def test_after_from_join_and_comma_it_is_a_table(sql: str) -> None:
    assert tables(sql) == {0}


@pytest.mark.parametrize(
    "sql",
    [
        f"select 1 -- from {ZERO}",
        f"select 1 /* from {ZERO} */",
        f"select 'from {ZERO}' as note",
        f"select {ZERO}.k from {ONE}",
        f"select k in {ZERO}",
    ],
)
def test_in_comments_text_and_before_a_dot_it_is_not(sql: str) -> None:
    assert tables(sql) == set()


def test_an_opted_out_or_repeated_print_is_left_alone() -> None:
    assert tables(f"select * from {ZERO}", filtered=False) == set()
    assert tables(f"select * from {ZERO}", times=2) == set()
