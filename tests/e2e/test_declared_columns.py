"""What is known of a source whose table cannot be looked at: the columns that the yml lists, if each has its type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ProjectDir

TYPES = {
    "bigquery": "datetime",
    "postgres": "timestamp",
    "snowflake": "timestamp_ntz",
    "spark": "timestamp_ntz",
}


def _project(root: Path, dialect: str, columns: str) -> ProjectDir:
    project = ProjectDir(root / "shop")
    project.write("sqlbackfill.yml", f"name: shop\ndialect: {dialect}\n")
    project.write(
        "models/sources.yml",
        "sources:\n  - name: raw\n    tables:\n      - name: events\n"
        f"        config: {{event_time: ts}}\n        columns: {columns}\n",
    )
    project.write(
        "models/daily.sql",
        "{{ config(materialized='incremental', event_time='day', batch_size='day', begin='2024-01-01') }}\n"
        "with events as (select * from {{ source('raw', 'events') }})\n"
        "select cast(ts as date) as day, user_id, count(*) as n from events group by 1, 2\n",
    )
    return project


@pytest.mark.parametrize("dialect", TYPES)
def test_listed_types_stand_for_those_of_a_table_that_is_not_there(
    dialect: str, tmp_path: Path
) -> None:
    columns = f"[{{name: ts, data_type: {TYPES[dialect]}}}, {{name: user_id, data_type: int}}]"
    [model] = _project(tmp_path, dialect, columns).command("explain", "--json").document["models"]

    assert model["separable"]["verdict"] == "proven"
    assert model["inputs"][0]["read"] == {
        "kind": "window", "grain": "day", "start_offset": 0, "end_offset": 0,
    }  # fmt: skip


def test_a_list_in_which_a_type_is_missing_is_not_taken_for_all_columns(tmp_path: Path) -> None:
    columns = "[{name: ts, data_type: timestamp}, {name: user_id}]"
    [model] = (
        _project(tmp_path, "postgres", columns).command("explain", "--json").document["models"]
    )

    assert model["separable"]["verdict"] == "unproven"
    assert model["inputs"][0]["read"]["kind"] == "unknown"


def test_what_the_parser_remarks_is_not_printed(tmp_path: Path) -> None:
    project = _project(tmp_path, "bigquery", "[{name: ts, data_type: date}]")
    project.write(
        "models/remarked.sql",
        "{{ config(materialized='incremental', event_time='day', batch_size='day', begin='2024-01-01') }}\n"
        "select ts as day, json_extract(note, '$[') as found from {{ source('raw', 'events') }}\n",
    )
    for command in ("explain", "check", "ls", "lineage"):
        outcome = project.command(command)
        assert outcome.exit_code == (command == "check"), outcome  # it misses the table
        assert "JSON path" not in outcome.stderr, outcome
