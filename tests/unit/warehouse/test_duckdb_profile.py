"""The fields of a duckdb target in profiles.yml."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.warehouse.duckdb_profile import Attachment, DuckDBTarget, read_duckdb_target


def codes(fields: dict[str, object]) -> list[str]:
    with pytest.raises(ProjectError) as refused:
        read_duckdb_target(fields)
    return [diagnostic.code for diagnostic in refused.value.diagnostics]


def test_without_a_path_the_database_is_in_memory() -> None:
    assert read_duckdb_target({"type": "duckdb"}) == DuckDBTarget()
    assert read_duckdb_target({"path": ":memory:", "database": "house"}).database == "house"


def test_all_fields_are_read_in_dbt_s_words() -> None:
    target = read_duckdb_target(
        {
            "type": "duckdb",
            "path": "data/house.duckdb",
            "schema": "main",
            "threads": 4,
            "extensions": ["parquet"],
            "settings": {
                "preserve_insertion_order": False,
                "memory_limit": "1GB",
                "TimeZone": "UTC",
            },
            "config_options": {"threads": 2},
            "attach": [{"path": "raw.duckdb"}, {"path": "b.db", "alias": "bee", "read_only": True}],
        }
    )
    assert target.path == Path("data/house.duckdb")
    assert target.database == "house"
    assert target.settings["preserve_insertion_order"] == "false"
    assert target.config_options == {"threads": "2"}
    assert target.attach == (Attachment("raw.duckdb", "raw"), Attachment("b.db", "bee", True))


def test_all_faults_are_reported_at_once() -> None:
    found = codes({"path": 7, "extensions": "parquet", "attach": [{"alias": "a"}], "settings": [1]})
    assert found == ["INVALID_PROFILE_FIELD"] * 4


@pytest.mark.parametrize("place", ["settings", "config_options"])
def test_the_time_zone_of_sessions_cannot_be_set(place: str) -> None:
    assert codes({place: {"TimeZone": "America/New_York"}}) == ["PINNED_SETTING"]


def test_a_misspelt_field_is_suggested() -> None:
    with pytest.raises(ProjectError) as refused:
        read_duckdb_target({"pth": "x.duckdb", "extension": ["icu"]})
    fixes = [diagnostic.fix for diagnostic in refused.value.diagnostics]
    assert fixes == ["did you mean `path`?", "did you mean `extensions`?"]


def test_a_database_that_is_not_the_file_s_is_refused() -> None:
    assert codes({"path": "house.duckdb", "database": "prod"}) == ["INVALID_PROFILE_FIELD"]
    assert read_duckdb_target({"path": "house.duckdb", "database": "House"}).database == "house"
    attached = [{"path": "raw.duckdb", "alias": "prod"}]
    read_duckdb_target({"path": "house.duckdb", "database": "prod", "attach": attached})


@pytest.mark.parametrize("name", ["spatial; drop table t", "a'b", ""])
def test_an_extension_is_a_name_and_nothing_else(name: str) -> None:
    assert codes({"extensions": [name]}) == ["INVALID_PROFILE_FIELD"]


def test_what_is_not_supported_says_so() -> None:
    assert codes({"path": "md:prod"}) == ["INVALID_PROFILE_FIELD"]
    assert codes({"secrets": [{"type": "s3"}]}) == ["INVALID_PROFILE_FIELD"]


def test_settings_never_show_in_a_repr() -> None:
    target = read_duckdb_target({"settings": {"s3_secret_access_key": "hunter2"}})
    assert "hunter2" not in repr(target)
