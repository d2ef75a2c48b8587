"""Text under a collation: equal texts need not be the same, so no rows may be left out by their key."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.command import ProjectDir

PROFILE = """\
c: {{target: dev, outputs: {{dev: {{type: duckdb, path: warehouse.duckdb, schema: main{settings}}}}}}}
"""
SOURCES = "version: 2\nsources: [{name: main, tables: [{name: a}, {name: b}]}]\n"
MODEL = """\
{{ config(materialized='incremental', event_time='p', meta={'sqlbackfill': {'partitions': ['eu', 'us']}}) }}
select a.c as p, b.v from {{ source('main', 'a') }} a join {{ source('main', 'b') }} b on a.c = b.c
"""
ROWS = [("eu", 1), ("eu", 2), ("us", 3)]
BINARY = "create table b(c varchar, v int); insert into b values ('EU', 1), ('eu', 2), ('us', 3)"
VALUES = "insert into {} values ('eu'), ('us')"


@pytest.mark.parametrize(
    ("made", "settings"),
    [
        (f"create table a(c varchar collate nocase); {VALUES.format('a')}; {BINARY}", ""),
        (
            (
                f"create table t(c varchar collate nocase); {VALUES.format('t')}; "
                f"create view a as select c from t; {BINARY}"
            ),
            "",
        ),
        (
            f"create table a(c varchar); {VALUES.format('a')}; {BINARY}",
            ", settings: {default_collation: nocase}",
        ),
    ],
    ids=["of a column", "of a column behind a view", "of the session"],
)
@pytest.mark.parametrize("strategy", ["range", "partition"])
def test_no_row_is_lost_that_is_equal_by_a_collation(
    tmp_path_factory: pytest.TempPathFactory, made: str, settings: str, strategy: str
) -> None:
    project = ProjectDir(tmp_path_factory.mktemp("collated"))
    project.write("sqlbackfill.yml", "name: c\nprofile: c\n")
    project.write("profiles.yml", PROFILE.format(settings=settings))
    project.write("models/sources.yml", SOURCES)
    project.write("models/m.sql", MODEL)
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute(made)

    outcome = project.command("run", "-p", "all", "--strategy", strategy, "--yes")

    assert outcome.exit_code == 0, outcome
    assert project.rows("select p, v from m order by all") == ROWS
