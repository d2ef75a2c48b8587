"""Models that carry the bounds of their partition themselves: which rows they may write, and how."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import CONFIG

DAYS = "2024-01-03..2024-01-06"
SOURCE = "{{ source('raw', 'events') }}"
START, END = "'{{ partition.start }}'", "'{{ partition.end }}'"


def rows(project: ProjectDir, model: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project.root / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(f"select * from {model} order by all").fetchall()


@pytest.mark.parametrize(
    "where",
    [
        f"day >= {START} and day < {END}",
        f"day >= cast({START} as date) - 2 and day < {END}",
        "{{ partition_filter('day') }}",
    ],
)
@pytest.mark.parametrize("strategy", ["range", "partition"])
def test_bounds_that_read_enough_give_their_own_partitions(
    shop: ProjectDir, where: str, strategy: str
) -> None:
    shop.write("models/own.sql", CONFIG + f"select day, id from {SOURCE} where {where}\n")

    outcome = shop.command("run", "-s", "own", "-p", DAYS, "--strategy", strategy, "--yes")

    assert outcome.exit_code == 0, outcome
    assert "STRATEGY_NOT_ALLOWED" not in outcome.stderr
    assert len(rows(shop, "own")) == 4 * 3
    assert {str(row[0]) for row in rows(shop, "own")} == {f"2024-01-0{n}" for n in range(3, 7)}


def test_rows_that_no_run_would_write_are_an_error_and_nothing_is_written(
    shop: ProjectDir,
) -> None:
    shop.write(
        "models/shifted.sql",
        CONFIG + f"select day + 1 as day, id from {SOURCE} where day >= {START} and day < {END}\n",
    )

    outcome = shop.command("run", "-s", "shifted", "-p", "2024-01-03", "--yes")

    assert outcome.exit_code == 1, outcome
    assert outcome.error_codes == ["ROWS_WITHOUT_A_HOME"]
    assert "3 rows" in outcome.stderr
    assert outcome.stderr.count("= row:") == 3
    with pytest.raises(duckdb.CatalogException):
        rows(shop, "shifted")


def test_a_bound_that_is_too_narrow_pins_the_model_to_one_partition_a_query(
    shop: ProjectDir,
) -> None:
    shop.write(
        "models/latest.sql",
        CONFIG
        + f"select day, id % 5 as k, max(id) over (partition by id % 5) as latest from {SOURCE} "
        f"where day >= cast({START} as date) - 2 and day < {END}\n",
    )

    plan = shop.command("plan", "-s", "latest", "-p", DAYS, "--strategy", "range", "--json")

    (step,) = plan.document["steps"]
    assert step["strategy"] == "partition"
    assert len(step["chunks"]) == 4
    run = shop.command("run", "-s", "latest", "-p", DAYS, "--yes")
    assert run.exit_code == 0, run
    expected = duckdb.execute(f"""
        select d.day, e.k, e.latest
        from (select unnest([date '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-06']) as day) d,
        lateral (
            select day, id % 5 as k, max(id) over (partition by id % 5) as latest
            from '{shop.root}/data/events.parquet' where day between d.day - 2 and d.day
        ) e
        where e.day = d.day order by all
    """).fetchall()
    assert rows(shop, "latest") == expected
