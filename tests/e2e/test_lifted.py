"""Models that print a bound as a value: one query for many partitions, the rows of one for each."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG

DAYS = "2024-01-03..2024-01-06"
SOURCE = "{{ source('raw', 'events') }}"
START, END = "'{{ partition.start }}'", "'{{ partition.end }}'"
NEWEST = (
    CONFIG + f"select date {START} as day, 'until {{{{ partition.end }}}}' as label, id, "
    f"rank() over (order by id desc) as place\nfrom {SOURCE}\n"
    f"where day >= date {START} - 1 and day < {END}\norder by id desc limit 4\n"
)


def rows(project: ProjectDir, model: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project.root / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"select * from {model} order by all").fetchall()


@pytest.mark.parametrize("strategy", ["range", "chunk=3", "partition"])
def test_every_strategy_writes_the_rows_of_one_query_per_partition(
    shop: ProjectDir, strategy: str
) -> None:
    shop.write("models/newest.sql", NEWEST)

    outcome = shop.command("run", "-s", "newest", "-p", DAYS, "--strategy", strategy, "--yes")

    assert outcome.exit_code == 0, outcome
    assert "STRATEGY_NOT_ALLOWED" not in outcome.stderr
    expected = []
    for day in range(3, 7):
        expected += duckdb.execute(f"""
            select date '2024-01-0{day}', 'until 2024-01-0{day + 1}', id,
                rank() over (order by id desc)
            from '{shop.root}/data/events.parquet'
            where day between date '2024-01-0{day}' - 1 and date '2024-01-0{day}'
            order by id desc limit 4
        """).fetchall()
    assert len(expected) == 16
    assert sorted(rows(shop, "newest"), key=repr) == sorted(expected, key=repr)


def test_a_plan_says_that_a_range_is_lifted(shop: ProjectDir) -> None:
    shop.write("models/newest.sql", NEWEST)

    (step,) = shop.command("plan", "-s", "newest", "-p", DAYS, "--json").document["steps"]
    (model,) = shop.command("explain", "-s", "newest", "--json").document["models"]

    assert (step["strategy"], len(step["chunks"])) == ("range", 1)
    assert "lifted" in step["because"]
    assert model["lifted"] is True
    assert model["strategies"] == ["range", "chunk", "partition"]
    assert "lifted" in shop.command("explain", "-s", "newest").stdout


def test_a_rendered_range_can_be_run_as_it_is(
    shop: ProjectDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.root)
    shop.write("models/newest.sql", NEWEST)
    rendered = shop.command(
        "render", "-s", "newest", "-p", DAYS, "--strategy", "range", "--json"
    ).document
    (chunk,) = rendered["models"][0]["chunks"]

    with duckdb.connect() as connection:
        found = connection.execute(chunk["sql"]).fetchall()

    assert len(found) == 16
    assert len(found[0]) == 4


@pytest.mark.parametrize("strategy", ["range", "partition"])
def test_rows_that_fall_into_another_partition_of_the_range_have_no_home_there(
    shop: ProjectDir, strategy: str
) -> None:
    shop.write(
        "models/shifted.sql",
        CONFIG + f"select day + 1 as day, {START} as label, id from {SOURCE} where day = {START}\n",
    )

    outcome = shop.command(
        "run", "-s", "shifted", "-p", DAYS, "--strategy", strategy, "--yes", "--allow-empty"
    )

    assert outcome.exit_code == 1, outcome
    assert set(outcome.error_codes) == {"ROWS_WITHOUT_A_HOME"}


@pytest.mark.parametrize(
    "sql",
    [
        f"select date {START} as day, '{{{{ partition.start.strftime('%Y') }}}}' as y, id from {SOURCE}",
        (
            f"{{% if partition.start|string > '2024' %}}select date {START} as day, id from {SOURCE}"
            f"{{% else %}}select date {START} as day, id from {SOURCE}{{% endif %}}"
        ),
        f"select date {START} as day, random() as r, id from {SOURCE} where day = {START}",
        (
            f"select date {START} as day, count(*) as n from {SOURCE} where day < {START} "
            "union all select date '2024-01-01', count(*) from {{ this }}"
        ),
    ],
)
def test_what_may_not_be_lifted_runs_one_partition_a_query(shop: ProjectDir, sql: str) -> None:
    shop.write("models/pinned.sql", CONFIG + sql + "\n")

    (model,) = shop.command("explain", "-s", "pinned", "--json").document["models"]

    assert model["strategies"] == ["partition"]
    assert model["lifted"] is False
