"""The test double: what it writes down, and how it fails when told to."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import Diagnostic, TransientError, WarehouseError
from sqlbackfill.warehouse.double import DoubleAdapter, Moment
from sqlbackfill.warehouse.protocol import Relation


@pytest.fixture
def double() -> DoubleAdapter:
    return DoubleAdapter()


def test_every_operation_is_written_down_in_order(double: DoubleAdapter) -> None:
    first, second = double.session(), double.session()
    first.execute("CREATE TABLE t (n INTEGER)")
    first.begin()
    first.insert(Relation("memory", "main", "t"), ("n",), [(1,), (2,)])
    second.execute("SELECT ?", (7,))
    first.commit()
    assert [(o.number, o.session, o.sql, o.in_transaction) for o in double.log] == [
        (1, 1, "CREATE TABLE t (n INTEGER)", False),
        (2, 1, "BEGIN", False),
        (3, 1, "INSERT INTO memory.main.t (n) -- 2 rows", True),
        (4, 2, "SELECT ?", False),
        (5, 1, "COMMIT", True),
    ]
    assert double.log[3].parameters == (7,)


def test_an_operation_told_to_fail_is_not_done_and_fails_once(double: DoubleAdapter) -> None:
    session = double.session()
    session.execute("CREATE TABLE t (n INTEGER)")
    double.fail(2)
    with pytest.raises(WarehouseError, match="connection"):
        session.execute("INSERT INTO t VALUES (1)")
    session.execute("INSERT INTO t VALUES (2)")
    assert session.execute("SELECT n FROM t") == [(2,)]


def test_a_commit_can_be_done_and_its_answer_lost(double: DoubleAdapter) -> None:
    session = double.session()
    session.execute("CREATE TABLE t (n INTEGER)")
    session.begin()
    session.execute("INSERT INTO t VALUES (1)")
    double.fail(4, moment=Moment.AFTER)
    with pytest.raises(WarehouseError):
        session.commit()
    session.rollback()
    assert session.execute("SELECT n FROM t") == [(1,)]


def test_a_commit_can_fail_before_it_is_done(double: DoubleAdapter) -> None:
    session = double.session()
    session.execute("CREATE TABLE t (n INTEGER)")
    session.begin()
    session.execute("INSERT INTO t VALUES (1)")
    double.fail(4)
    with pytest.raises(WarehouseError):
        session.commit()
    session.rollback()
    assert session.execute("SELECT n FROM t") == []


def test_the_error_to_raise_may_be_given(double: DoubleAdapter) -> None:
    conflict = TransientError(Diagnostic(code="WRITE_CONFLICT", message="someone was faster"))
    double.fail(1, error=lambda: conflict)
    with pytest.raises(TransientError, match="faster"):
        double.session().begin()


@pytest.mark.parametrize(
    "statement", ["create table t (n int)", " DROP TABLE t", "Comment on table t is ''"]
)
def test_where_ddl_commits_it_is_refused_inside_a_transaction(statement: str) -> None:
    session = DoubleAdapter(transactional_ddl=False).session()
    session.execute("CREATE TABLE t (n INTEGER)")
    session.begin()
    with pytest.raises(WarehouseError) as refused:
        session.execute(statement)
    assert refused.value.diagnostics[0].code == "DDL_IN_TRANSACTION"
