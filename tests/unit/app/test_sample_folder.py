"""The folder of a sample: each file whole or as before, and nothing of anybody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sqlbackfill.app.sample_folder import SampleFolder, SampleProfile
from sqlbackfill.errors import UsageError

PROFILE = SampleProfile(profile="shop", schema="dwh", dialect="snowflake", threads=4)


def sampled(path: Path, *names: str) -> SampleFolder:
    folder = SampleFolder.opened(path)
    folder.claim(names)
    for name in names:
        with folder.replacing(name) as part:
            part.write_text(name)
    folder.finish({"raw.orders": names}, PROFILE)
    return folder


def files(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


def test_a_file_that_fails_halfway_is_as_before(tmp_path: Path) -> None:
    folder = sampled(tmp_path, "raw.orders/all.parquet")

    def fail() -> None:
        with folder.replacing("raw.orders/all.parquet") as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "raw.orders/all.parquet").read_text() == "raw.orders/all.parquet"
    assert not list(tmp_path.rglob("*.part"))


def test_files_of_a_sample_before_go_last(tmp_path: Path) -> None:
    sampled(tmp_path, "raw.orders/a.parquet")
    sampled(tmp_path, "raw.orders/b.parquet")
    assert files(tmp_path) == [
        ".gitignore",
        "profiles.yml",
        "raw.orders/b.parquet",
        "sample.json",
        "sources.yml",
    ]


def test_rows_of_production_stay_out_of_git(tmp_path: Path) -> None:
    sampled(tmp_path, "raw.orders/a.parquet")
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_sample_that_broke_off_may_be_taken_again(tmp_path: Path) -> None:
    folder = SampleFolder.opened(tmp_path)
    folder.claim(["raw.orders/a.parquet"])
    with folder.replacing("raw.orders/a.parquet") as part:
        part.write_text("first")
    sampled(tmp_path, "raw.orders/a.parquet")
    assert (tmp_path / "raw.orders/a.parquet").read_text() == "raw.orders/a.parquet"


def test_the_target_says_what_the_models_are_written_in_and_where_sources_lie(
    tmp_path: Path,
) -> None:
    sampled(tmp_path, "raw.orders/a.parquet")
    output = yaml.safe_load((tmp_path / "profiles.yml").read_text())["shop"]["outputs"]["sample"]
    assert output == {
        "type": "duckdb",
        "path": str(tmp_path / "sample.duckdb"),
        "schema": "dwh",
        "threads": 4,
        "dialect": "snowflake",
        "sources": str(tmp_path / "sources.yml"),
    }
    sources = yaml.safe_load((tmp_path / "sources.yml").read_text())
    assert sources == {"raw.orders": ["raw.orders/a.parquet"]}


@pytest.mark.parametrize("text", ["[]", "{}", "no json", '{"files": 3}'])
def test_a_manifest_of_another_kind_is_none_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "sample.json").write_text(text)
    with pytest.raises(UsageError) as refused:
        SampleFolder.opened(tmp_path)
    assert refused.value.diagnostics[0].code == "SAMPLE_FOREIGN"
