"""Where nothing is said of NULL in the partition column, no row of a random query has it."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query import nullability
from tests.property.random_queries import random_query
from tests.property.window_harness import Databases, facts_of, plain

SEED = 20130603
QUERIES = 400
DATABASES = 4
_DAY = date(2013, 3, 9)


def nulls(numbers: range, *, stop: bool = False) -> tuple[int, list[str]]:
    """(how many queries are said to give no NULL, those of them that do); with `stop` until the first."""
    world = Databases(SEED, DATABASES)
    clean, wrong = 0, []
    for number in numbers:
        query = random_query(SEED, number, None)
        facts = facts_of(query)
        if facts.errors or any(d.code == "PARTITION_MAY_BE_NULL" for d in facts.doubts):
            continue
        world.connection.execute(f"set TimeZone = '{query.zone}'")
        sql = plain(query, _DAY, _DAY, BoundType.DATE)
        try:
            for database in range(DATABASES):
                world.connection.execute(f"set schema = 'db{database}'")
                [(found,)] = world.rows(f"select count(*) from ({sql}) z where p is null")
                if found:
                    wrong.append(query.sql)
                    break
        except duckdb.FatalException:
            world = Databases(SEED, DATABASES)
            continue
        except duckdb.Error:
            continue
        clean += 1
        if wrong and stop:
            break
    return clean, wrong


def test_a_query_of_which_nothing_is_said_gives_no_row_without_a_partition() -> None:
    clean, wrong = nulls(range(QUERIES))

    assert not wrong, wrong[:3]
    assert clean > QUERIES // 20


@pytest.mark.parametrize(
    ("name", "broken", "first"),
    [
        ("_extended_by", lambda scope, alias: None, 300),
        ("_raw", lambda source, node: None, 0),
        ("_rejects", lambda condition, node: True, 0),
    ],
)
def test_a_broken_rule_is_caught(
    name: str, broken: object, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nullability, name, broken)

    assert nulls(range(first, first + QUERIES), stop=True)[1]
