"""Which columns of which inputs an output column is computed from."""

from __future__ import annotations

import pytest

from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts

ORDERS = InputRef(
    relation="orders",
    columns=(("id", "BIGINT"), ("day", "DATE"), ("amount", "DOUBLE"), ("customer", "BIGINT")),
)
CUSTOMERS = InputRef(relation="raw.customers", columns=(("id", "BIGINT"), ("name", "VARCHAR")))


def facts_of(sql: str, dialect: str = "duckdb") -> QueryFacts:
    marked = sql.replace("orders", "__sb_occurrence_0__").replace(
        "customers", "__sb_occurrence_1__"
    )
    return analyse(
        AnalysisRequest(
            model="m",
            sql=marked,
            dialect=dialect,
            occurrences={"__sb_occurrence_0__": ORDERS, "__sb_occurrence_1__": CUSTOMERS},
        )
    )


def sources(sql: str, column: str) -> set[str]:
    """The inputs' columns that `column` comes from, as `relation.column`."""
    found = next(c for c in facts_of(sql).columns if c.name == column)
    return {f"{relation}.{name}" for relation, name in found.sources}


CASES = {
    "a plain column": ("select amount as a from orders", "a", {"orders.amount"}),
    "an expression": (
        "select amount * id + 1 as a from orders",
        "a",
        {"orders.amount", "orders.id"},
    ),
    "an aggregate": (
        "select day, sum(amount) as a from orders group by day",
        "a",
        {"orders.amount"},
    ),
    "a window": (
        "select sum(amount) over (partition by customer order by day) as a from orders",
        "a",
        {"orders.amount", "orders.customer", "orders.day"},
    ),
    "a constant": ("select 1 as a from orders", "a", set()),
    "a CTE": (
        (
            "with x as (select amount as b from orders), y as (select b as c from x) "
            "select c as a from y"
        ),
        "a",
        {"orders.amount"},
    ),
    "a CTE that hides a name": (
        "with x as (select id as amount from orders) select amount as a from x",
        "a",
        {"orders.id"},
    ),
    "a subquery": (
        "select s.b as a from (select day as b from orders) as s",
        "a",
        {"orders.day"},
    ),
    "a scalar subquery": (
        "select (select max(name) from customers) as a from orders",
        "a",
        {"raw.customers.name"},
    ),
    "a union by position": (
        "select id as a from orders union all select id as b from customers",
        "a",
        {"orders.id", "raw.customers.id"},
    ),
    "a union by name": (
        "select id as a, day from orders union all by name select day, customer as a from orders",
        "a",
        {"orders.id", "orders.customer"},
    ),
    "a join": (
        (
            "select c.name || cast(o.id as varchar) as a from orders as o "
            "join customers as c on o.customer = c.id"
        ),
        "a",
        {"raw.customers.name", "orders.id"},
    ),
    "a star": ("select * from orders", "amount", {"orders.amount"}),
    "a star of one side": (
        "select c.* from orders as o join customers as c on o.customer = c.id",
        "name",
        {"raw.customers.name"},
    ),
    "a star through a CTE": (
        "with x as (select * from orders) select * from x",
        "customer",
        {"orders.customer"},
    ),
    "a star with one column left out": (
        "select * exclude (amount) from orders",
        "day",
        {"orders.day"},
    ),
    "a star with one column replaced": (
        "select * replace (id + 1 as amount) from orders",
        "amount",
        {"orders.id"},
    ),
    "a column without its table": (
        "select name as a from orders join customers on orders.customer = customers.id",
        "a",
        {"raw.customers.name"},
    ),
}


@pytest.mark.parametrize(("sql", "column", "expected"), CASES.values(), ids=CASES)
def test_a_column_is_traced_through(sql: str, column: str, expected: set[str]) -> None:
    assert sources(sql, column) == expected


def test_the_columns_come_in_the_order_of_the_query_with_their_types() -> None:
    facts = facts_of(
        "select day, count(*) as n, max(name) as x from orders, customers group by day"
    )
    assert [(c.name, c.type) for c in facts.columns] == [
        ("day", "DATE"),
        ("n", "BIGINT"),
        ("x", "TEXT"),
    ]
    assert facts.columns_known


def test_a_star_of_an_input_without_known_columns_is_said_not_to_be_known() -> None:
    request = AnalysisRequest(
        model="m",
        sql="select * from __sb_occurrence_0__",
        occurrences={"__sb_occurrence_0__": InputRef(relation="raw.x")},
    )
    assert not analyse(request).columns_known


def test_a_table_that_the_sql_names_itself_is_found_at_its_place() -> None:
    facts = facts_of("with x as (select 1 as n)\nselect n from x\njoin raw.payments on true")
    assert [table.name for table in facts.hard_coded] == ["raw.payments"]


@pytest.mark.parametrize("dialect", ["duckdb", "snowflake", "bigquery", "spark", "postgres"])
def test_lineage_is_the_same_in_every_dialect(dialect: str) -> None:
    sql = "with x as (select day, sum(amount) as total from orders group by day) select * from x"
    facts = facts_of(sql, dialect)
    assert [
        (c.name.lower(), sorted((r, n.lower()) for r, n in c.sources)) for c in facts.columns
    ] == [("day", [("orders", "day")]), ("total", [("orders", "amount")])]
