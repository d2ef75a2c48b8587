"""Columns by which Snowflake's sources are filtered: each stands alone beside literals of its own type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.emulator.process import Emulator
from tests.emulator.world import World, make_world

CONFIG = """\
{{{{ config(event_time='{output}', batch_size='day', begin='2024-01-01',
          meta={{'sqlbackfill': {{'end': '2024-02-01'}}}}) }}}}
"""
MODELS = {
    "by_date": ("d", "select d, id from {{ source('raw', 'typed') }}\n"),
    "by_ntz": ("ntz", "select ntz, id from {{ source('raw', 'typed') }}\n"),
    "by_ltz": ("ltz", "select ltz, id from {{ source('raw', 'typed') }}\n"),
    "by_tz": ("tz", "select tz, id from {{ source('raw', 'typed') }}\n"),
}
KEYED = """\
{{ config(event_time='day_key',
          meta={'sqlbackfill': {'partitions': {'integers': {'begin': 20240101, 'end': 20240132}}}}) }}
select year(d) * 10000 + month(d) * 100 + day(d) as day_key, id from {{ source('raw', 'typed') }}
"""
BELOW = KEYED.replace("year(d) * 10000 + month(d) * 100 + day(d) as ", "").replace(
    "source('raw', 'typed')", "ref('by_number')"
)
COLUMNS = "d date, ntz timestamp_ntz, ltz timestamp_ltz, tz timestamp_tz, day_key number(38,0)"
PREDICATES = {
    "by_date": r"\"D\" >= CAST\('2024-01-05' AS DATE\) AND \"D\" < CAST\('2024-01-07' AS DATE\)",
    "by_ntz": r"\"NTZ\" >= CAST\('2024-01-05 00:00:00' AS TIMESTAMP_NTZ\) AND \"NTZ\" < ",
    "by_ltz": r"\"LTZ\" >= CAST\('2024-01-05 00:00:00\+00:00' AS TIMESTAMP_\w?TZ\) AND \"LTZ\" < ",
    "by_tz": r"\"TZ\" >= CAST\('2024-01-05 00:00:00\+00:00' AS TIMESTAMP_TZ\) AND \"TZ\" < ",
}


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> World:
    """Sources whose columns are declared, since the emulator gives zoned timestamps another name."""
    found = make_world(tmp_path, emulator, days=1)
    for name in ("events", "totals"):
        (found.project.root / "models" / f"{name}.sql").unlink()
    typed = "".join(
        f"          - {{name: {name}, data_type: '{kind}'}}\n"
        for name, kind in (each.split(" ", 1) for each in re.split(r", (?=\w+ )", COLUMNS))
    )
    found.project.write(
        "models/sources.yml",
        "version: 2\nsources:\n  - name: raw\n    schema: raw\n    tables:\n"
        f"      - name: typed\n        columns:\n{typed}          - {{name: id, data_type: integer}}\n",
    )
    for name, (output, query) in MODELS.items():
        found.project.write(f"models/{name}.sql", CONFIG.format(output=output) + query)
    found.project.write("models/by_number.sql", KEYED)
    found.project.write("models/below.sql", BELOW)
    days = range(1, 11)
    rows = ", ".join(
        f"('2024-01-{day:02d}', '2024-01-{day:02d} 10:00', '2024-01-{day:02d} 10:00+00:00', "
        f"'2024-01-{day:02d} 10:00+00:00', 202401{day:02d}, {day})"
        for day in days
    )
    found.do(f"create table typed ({COLUMNS}, id integer)", f"insert into typed values {rows}")
    return found


def test_every_type_of_column_is_filtered_bare_by_literals_of_its_own(world: World) -> None:
    world.emulator.statements(clear=True)
    done = world.project.command(
        "run", "-s", " ".join(MODELS), "-p", "2024-01-05..2024-01-06", "--yes"
    )
    assert done.exit_code == 0, done
    log = [each["sql"] for each in world.emulator.statements() if not each["describe"]]
    for name, predicate in PREDICATES.items():
        [staged] = [
            sql
            for sql in log
            if sql.startswith("CREATE OR REPLACE TRANSIENT") and f'AS "{name.upper()}"' in sql
        ]
        scan = re.search(r'\(select \* from "\w+"\."RAW"\."TYPED" where (.*)\) as', staged)
        assert scan, staged
        assert re.match(predicate, scan[1]), scan[1]
        ids = world.rows(f"select id from {world.database}.prod.{name} order by 1")
        assert ids == [(5,), (6,)], name
    keyed = world.project.command("run", "-s", "+below", "-p", "20240105..20240106", "--yes")
    assert keyed.exit_code == 0, keyed
    log = [each["sql"] for each in world.emulator.statements() if not each["describe"]]
    own = r'DELETE FROM "\w+"\."PROD"\."BELOW" WHERE \("DAY_KEY" >= 20240105 AND "DAY_KEY" < 20240107\)'
    assert any(re.match(own, sql) for sql in log)
    read = r'\(select \* from "\w+"\."PROD"\."BY_NUMBER" where "DAY_KEY" >= 20240105 AND "DAY_KEY" < 20240107\)'
    assert any(re.search(read, sql) for sql in log)
    assert world.rows(f"select id from {world.database}.prod.below order by 1") == [(5,), (6,)]
