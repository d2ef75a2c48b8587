"""A small project to break: two daily models over a Parquet file, and what a refusal looks like."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.e2e.command import Outcome, ProjectDir

PROJECT_FILE = "name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: incremental\n"
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: warehouse.duckdb, schema: main}
"""
SOURCES = """\
version: 2
sources:
  - name: raw
    meta: {external_location: "data/{name}.parquet"}
    tables: [{name: events}]
"""
CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
"""
EVENTS = CONFIG + "select day, id, amount\nfrom {{ source('raw', 'events') }}\n"
TOTALS = (
    CONFIG
    + """\
select day, cast(sum(amount) as integer) as amount
from {{ ref('events') }}
group by day
"""
)
RUN = ("run", "-p", "2024-01", "--yes")


def make_shop(root: Path) -> ProjectDir:
    """Two daily models over a Parquet file: the 31 days of January 2024 with three rows each."""
    project = ProjectDir(root)
    project.write("sqlbackfill.yml", PROJECT_FILE)
    project.write("profiles.yml", PROFILES)
    project.write("models/sources.yml", SOURCES)
    project.write("models/events.sql", EVENTS)
    project.write("models/totals.sql", TOTALS)
    (project.root / "data").mkdir()
    duckdb.execute(f"""
        copy (select date '2024-01-01' + (n // 3)::integer as day, n as id, n * 10 as amount
              from range(93) r(n)) to '{project.root}/data/events.parquet'
    """)
    return project


def refused(project: ProjectDir, outcome: Outcome, *, exit_code: int = 2) -> str:
    """The one error message of a command that did not do what it was asked, in lower case."""
    assert outcome.exit_code == exit_code, outcome
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert len(outcome.error_codes) == 1, outcome
    assert "internal" not in outcome.stderr.lower()
    return outcome.stderr.lower()
