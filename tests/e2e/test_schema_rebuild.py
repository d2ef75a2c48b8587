"""A changed column list under `on_schema_change: rebuild`: the whole table follows, in one run."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN

CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01', 'on_schema_change': 'rebuild'}}) }}
"""


@pytest.mark.parametrize("strategy", ["range", "chunk=7"])
def test_new_and_gone_columns_are_in_every_partition_after_a_run_of_one_day(
    shop: ProjectDir, strategy: str
) -> None:
    shop.write("models/events.sql", CONFIG + "select day, id from {{ source('raw', 'events') }}\n")
    assert shop.command(*RUN, "-s", "events").exit_code == 0
    shop.write(
        "models/events.sql", CONFIG + "select day, amount from {{ source('raw', 'events') }}\n"
    )

    outcome = shop.command(
        "run", "-s", "events", "-p", "2024-01-05", "--strategy", strategy, "--yes"
    )

    assert outcome.exit_code == 0, outcome
    with duckdb.connect(str(shop.root / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute("select day, amount from events order by all").fetchall()
        assert [c[0] for c in connection.execute("describe events").fetchall()] == ["day", "amount"]
    expected = duckdb.execute(
        f"select day, amount from '{shop.root}/data/events.parquet' order by all"
    ).fetchall()
    assert rows == expected
