"""A sample of a Snowflake warehouse, and the project's run on it in DuckDB, in Snowflake's own dialect."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.emulator.process import Emulator
from tests.emulator.world import CONFIG, make_world

SIZES = (
    CONFIG
    + """\
select day, iff(sum(amount) > 100, 'big', 'small') as size, dateadd(day, 1, day) as next_day
from {{ ref('events') }}
group by day
"""
)


def test_a_sample_of_snowflake_runs_unchanged_on_duckdb(tmp_path: Path, emulator: Emulator) -> None:
    world = make_world(tmp_path / "shop", emulator, days=9)
    world.project.write("models/sizes.sql", SIZES)
    taken = world.project.command(
        "sample", "-s", "sizes", "-p", "2024-01-04..2024-01-06", "-o", "out", "--yes"
    )
    assert taken.exit_code == 0, taken
    [file] = (world.project.root / "out").rglob("*.parquet")
    stored = {
        (str(day), int(number), int(amount))
        for day, number, amount in duckdb.sql(f"select day, id, amount from '{file}'").fetchall()
    }
    expected = {
        (str(day), int(number), int(amount))
        for day, number, amount in world.rows(
            "select day, id, amount from RAW.events "
            "where day >= '2024-01-04'::date and day < '2024-01-07'::date"
        )
    }
    assert stored == expected
    assert stored
    local = world.project.command(
        "run", "--profiles-dir", "out", "--target", "sample", "-s", "+sizes",
        "-p", "2024-01-04..2024-01-06", "--yes",
    )  # fmt: skip
    assert local.exit_code == 0, local
    with duckdb.connect(str(world.project.root / "out/sample.duckdb"), read_only=True) as built:
        rows = built.execute(
            "select day, size, next_day - day from prod.sizes order by 1"
        ).fetchall()
        types = dict(
            built.execute("select column_name, column_type from (describe prod.sizes)").fetchall()
        )
    assert [(str(day), size, gap) for day, size, gap in rows] == [
        ("2024-01-04", "big", 1),
        ("2024-01-05", "big", 1),
        ("2024-01-06", "big", 1),
    ]
    assert {name.lower(): type_ for name, type_ in types.items()}["next_day"] == "DATE"
