"""What a digest must tell apart, and what it must not, on every adapter that gives one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sqlbackfill.ledger.digests import Digest, digest_of
from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget
from sqlbackfill.warehouse.protocol import Column, Session


@pytest.fixture
def adapter() -> Iterator[DuckDBAdapter]:
    made = DuckDBAdapter(DuckDBTarget())
    yield made
    made.close()


@pytest.fixture
def session(adapter: DuckDBAdapter) -> Session:
    return adapter.session()


def _digest(
    adapter: DuckDBAdapter, session: Session, query: str, *, exact_floats: bool = True
) -> Digest | None:
    sql = adapter.digest_sql(session.describe(query), exact_floats=exact_floats)
    if sql is None:
        return None
    columns = f"COUNT(*), {sql.first_sum}, {sql.second_sum}"
    return digest_of(sql, *session.execute(f"SELECT {columns} FROM ({query})")[0])


DIFFERENT = {
    "a row twice and another twice": ("values (1), (1)", "values (2), (2)"),
    "values that changed places between columns": ("values (1, 2)", "values (2, 1)"),
    "NULL in another column": ("values (NULL::int, 1)", "values (1, NULL::int)"),
    "NULL and zero": ("values (NULL::int)", "values (0)"),
    "NULL and no row": ("values (NULL::int)", "select 1 where false"),
    "an empty text and NULL": ("values ('')", "values (NULL::varchar)"),
    "where one text ends and the next begins": ("values ('ab', 'c')", "values ('a', 'bc')"),
    "zero and minus zero": ("values (0.0::double)", "values (-0.0::double)"),
    "a month and thirty days": ("values (interval 1 month)", "values (interval 30 days)"),
    "rows that are exchanged crosswise": ("values (1, 1), (2, 2)", "values (1, 2), (2, 1)"),
    "a scale": ("values (1.0::decimal(10,1))", "values (1.0::decimal(10,2))"),
    "upper case under a collation": (
        "select 'a' collate nocase as x",
        "select 'A' collate nocase as x",
    ),
    "one sign deep in a list": ("values ([0.0::double])", "values ([-0.0::double])"),
    "an empty list and NULL": ("values ([]::int[])", "values (NULL::int[])"),
    "where one list ends and the next begins": ("values ([[1], [2]])", "values ([[1, 2]])"),
    "a list of NULL and NULL": ("values ([NULL]::int[1])", "values (NULL::int[1])"),
    "a struct of NULL and NULL": ("values ({'a': NULL::int})", "values (NULL::struct(a int))"),
    "an empty list deep in a struct": ("values ({'a': []::int[]})", "values ({'a': NULL::int[]})"),
    "members of two enumerations": ("values ('x'::enum('x'))", "values ('X'::enum('X'))"),
    "members of a union": (
        "select union_value(a := 1)::union(a int, b int) as x",
        "select union_value(b := 1)::union(a int, b int) as x",
    ),
    "an hour in another zone": ("values (timetz '00:00:00+00')", "values (timetz '01:00:00+01')"),
}


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different_contents_have_different_digests(
    adapter: DuckDBAdapter, session: Session, pair: tuple[str, str]
) -> None:
    one, other = (_digest(adapter, session, query) for query in pair)
    assert one is not None
    assert one != other


@pytest.mark.parametrize(
    ("kind", "literal", "default"),
    [
        ("varchar collate nocase", "'{}'", ""),
        ("varchar", "'{}'", "nocase"),
        ("varchar[]", "['{}']", "nocase"),
        ("struct(a varchar)", "{{'a': '{}'}}", "nocase"),
    ],
)
def test_texts_that_a_collation_calls_equal_are_told_apart(
    adapter: DuckDBAdapter, session: Session, kind: str, literal: str, default: str
) -> None:
    session.execute(f"set default_collation = '{default}'")
    session.execute(f"create table names (name {kind})")
    found = []
    for value in ("a", "A"):
        session.execute(f"insert into names values ({literal.format(value)})")
        found.append(_digest(adapter, session, "select * from names"))
        session.execute("delete from names")
    assert None not in found
    assert found[0] != found[1]


def test_the_order_of_rows_and_of_columns_does_not_matter(
    adapter: DuckDBAdapter, session: Session
) -> None:
    one = _digest(adapter, session, "select * from (values (1, 'x'), (2, 'y')) as t(a, b)")
    other = _digest(adapter, session, "select b, a from (values (2, 'y'), (1, 'x')) as t(a, b)")
    assert one is not None
    assert one == other


def test_digests_of_parts_add_up_to_that_of_the_whole(
    adapter: DuckDBAdapter, session: Session
) -> None:
    rows = "select range % 7 as a, range::varchar as b from range({}, {})"
    first, second, whole = (
        _digest(adapter, session, rows.format(*ends)) for ends in ((0, 60), (60, 100), (0, 100))
    )
    assert first is not None
    assert second is not None
    assert first + second == whole


def test_no_rows_have_a_digest_too(adapter: DuckDBAdapter, session: Session) -> None:
    found = _digest(adapter, session, "select 1 as a where false")
    assert found is not None
    assert found == Digest.empty(found.tag)


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "INTERVAL", "MAP(VARCHAR, INTEGER)"])
def test_results_of_a_kind_whose_equals_differ_have_none(adapter: DuckDBAdapter, kind: str) -> None:
    columns = [Column("d", "DATE"), Column("x", kind)]
    assert adapter.digest_sql(columns, exact_floats=False) is None
    assert adapter.digest_sql(columns, exact_floats=True) is not None


def test_digests_of_other_kinds_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Digest("a", 1, 2, 3) + Digest("b", 1, 2, 3)


def test_a_digest_reads_back_as_it_was_written() -> None:
    assert Digest.read(str(Digest("0a1b", 3, 2**70, 17))) == Digest("0a1b", 3, 2**70, 17)
